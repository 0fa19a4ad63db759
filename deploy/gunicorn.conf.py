"""gunicorn, as measured for this site: WSGI, threads, persistent database connections.

The first requests after a start find everything warm: the application and its URLconf are loaded
before the workers are forked, and there are as many threads as clients that may come at once.
"""

import os
from pathlib import Path
from typing import Protocol

# One process for each core: on two cores four processes took in a fifth fewer webhooks than two.
FEWEST_PROCESSES = 2
MOST_PROCESSES = 4

bind = f"{os.environ.get('WEB_BIND', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
workers = int(
    os.environ.get("WEB_CONCURRENCY")
    or max(FEWEST_PROCESSES, min(os.cpu_count() or 1, MOST_PROCESSES))
)
# Each thread keeps a database connection: processes x threads stays below max_connections.
threads = int(os.environ.get("WEB_THREADS") or 16)
preload_app = True
backlog = 2048
timeout = 60
graceful_timeout = 8
# Longer than the proxy keeps its side (deploy/Caddyfile), so that it never meets a closed one.
keepalive = 75
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - heartbeats only
accesslog = None
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "config.lib.logs.RedactingJsonFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "gunicorn.error": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "gunicorn.access": {"handlers": [], "level": "CRITICAL", "propagate": False},
    },
}


class Worker(Protocol):
    """What we need of a gunicorn worker; gunicorn itself comes without types."""

    pid: int


def on_starting(server: object) -> None:
    """Warm up what the workers share, and leave them no connection of ours."""
    # Django is set up by now; the settings of gunicorn itself are read before that.
    from django.db import connections  # noqa: PLC0415
    from django.urls import get_resolver  # noqa: PLC0415

    get_resolver().url_patterns  # noqa: B018 - imports every view
    connections.close_all()
    forget_dead_processes(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))


def child_exit(server: object, worker: Worker) -> None:
    """Take a worker's gauges out of the sums."""
    from prometheus_client import multiprocess  # noqa: PLC0415 - it reads the environment

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def forget_dead_processes(folder: Path) -> None:
    """Remove the figures that earlier processes left; those of living ones stay.

    Celery's processes write beside ours when all run on one machine.
    """
    for file in folder.glob("*_*.db"):
        pid = file.stem.rpartition("_")[2]
        if pid.isdigit() and not is_alive(int(pid)):
            file.unlink(missing_ok=True)


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that ended and that nobody has collected yet does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return not Path("/proc/self").exists() and answers_signals(pid)
    return status.rpartition(")")[2].split()[0] != "Z"


def answers_signals(pid: int) -> bool:
    """Tell whether a process exists, on a system without /proc."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
