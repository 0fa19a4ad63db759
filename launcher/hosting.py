"""A supervisor with the servers that a command needs, started or borrowed."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from launcher.embedded import EmbeddedServers, has_servers
from launcher.layout import FolderLock, LaunchError, make_folder
from launcher.supervisor import Supervisor

START_SECONDS = 60.0
SETTINGS = {"postgres": "DATABASE_URL", "valkey": "REDIS_URL"}
# Any of these from outside means a server of the person's own.
OUTSIDE = {
    "postgres": ("DATABASE_URL", "DATABASE_URL_FILE"),
    "valkey": ("REDIS_URL", "REDIS_URL_FILE", "REDIS_HOST"),
}


@dataclass(frozen=True)
class Hosted:
    """A supervisor, and the settings that lead to the servers behind it."""

    supervisor: Supervisor
    urls: Mapping[str, str]


@contextmanager
def host_servers(
    var_dir: Path, *, is_relaxed: bool = False, may_share: bool = False, is_tied: bool = False
) -> Iterator[Hosted]:
    """Run the embedded servers of a folder for as long as the block lasts.

    A server whose setting comes from outside (DATABASE_URL, REDIS_URL) is not started. Stops
    asked for by a signal end the block with StopRequestedError.

    :param may_share: use the servers of another running command, where there is one.
    :raises LaunchError: another command runs here (and may not be shared), or a server failed.
    """
    run_dir = make_folder(make_folder(var_dir) / "run")
    lock = FolderLock(run_dir)
    is_owner = lock.take()
    if not is_owner and not may_share:
        raise LaunchError(
            f"Another command is running in {var_dir}; set VAR_DIR to another folder."
        )
    try:
        with Supervisor(run_dir=run_dir, is_tied=is_tied) as supervisor:
            if is_owner:
                urls = _start_servers(supervisor, var_dir, is_relaxed=is_relaxed)
            else:
                urls = _borrow_servers(supervisor, var_dir)
            yield Hosted(supervisor, urls)
    finally:
        lock.release()


def _start_servers(supervisor: Supervisor, var_dir: Path, *, is_relaxed: bool) -> Mapping[str, str]:
    wanted = _list_wanted()
    if not wanted:
        return {}
    servers = EmbeddedServers(var_dir, is_relaxed=is_relaxed)
    servers.prepare(wanted)
    for name in wanted:
        supervisor.start(servers.describe(name))
    for name in wanted:
        supervisor.wait_ready(name, seconds=START_SECONDS)
    return {SETTINGS[name]: servers.urls[name] for name in wanted}


def _borrow_servers(supervisor: Supervisor, var_dir: Path) -> Mapping[str, str]:
    wanted = _list_wanted()

    def are_running() -> bool:
        return has_servers(var_dir) and EmbeddedServers(var_dir).are_running(wanted)

    if wanted and not supervisor.pump(are_running, seconds=START_SECONDS):
        raise LaunchError(f"The command that runs in {var_dir} has no servers to share.")
    urls = EmbeddedServers(var_dir).urls if wanted else {}
    return {SETTINGS[name]: urls[name] for name in wanted}


def _list_wanted() -> list[str]:
    return [name for name in SETTINGS if not any(map(os.environ.get, OUTSIDE[name]))]
