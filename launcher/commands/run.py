"""`run`: the whole site on this machine, from nothing."""

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from launcher import console
from launcher.bootstrap import ensure_environment
from launcher.hosting import host_servers
from launcher.layout import VENV_PYTHON, LaunchError, find_var_dir, make_folder
from launcher.ports import require_free_ports
from launcher.probes import http_answers
from launcher.processes import Service
from launcher.procfile import describe_process, read_procfile
from launcher.site_environment import SMTP_OFFSET, build_site_environment
from launcher.supervisor import StopRequestedError, Supervisor

LOOPBACK = "127.0.0.1"
HIGHEST_PORT = 65_535
READY_SECONDS = 90.0
STEPS = 5


@dataclass(frozen=True)
class Ports:
    """Where the site and the sandbox listen."""

    site: int
    sandbox: int

    @property
    def wanted(self) -> dict[int, tuple[str, str]]:
        """Port → what listens there, and the setting that moves it."""
        return {
            self.site: ("the site", "PORT"),
            self.sandbox: ("the sandbox", "SANDBOX_PORT"),
            self.sandbox + SMTP_OFFSET: ("the sandbox's mail", "SANDBOX_PORT"),
        }


def run(arguments: Sequence[str]) -> int:
    """Start everything, and keep it running until Ctrl-C or SIGTERM.

    `--tied` (from the Makefile) stops as well when the process that started us dies.

    :returns: 0 after a stop that was asked for.
    :raises LaunchError: a port is taken, or a step failed; nothing is left running.
    """
    ports = Ports(site=read_port("PORT", 8000), sandbox=read_port("SANDBOX_PORT", 8100))
    require_free_ports(ports.wanted, address=LOOPBACK)
    steps = console.Steps(STEPS)
    with steps.step("Python packages"):
        ensure_environment()
    try:
        with ExitStack() as stack:
            with steps.step("Database and Redis"):
                servers = host_servers(find_var_dir(), is_tied="--tied" in arguments)
                hosted = stack.enter_context(servers)
            try:
                serve(hosted.supervisor, steps, ports, servers=hosted.urls)
            except StopRequestedError:
                console.say("Stopping; press Ctrl-C once more to stop at once.")
                raise
    except StopRequestedError:
        console.say("Stopped.")
    return 0


def read_port(name: str, default: int) -> int:
    """Get a port number from the environment.

    :raises LaunchError: the setting is no port number.
    """
    text = os.environ.get(name) or str(default)
    if not text.isdigit() or not 0 < int(text) <= HIGHEST_PORT - SMTP_OFFSET:
        raise LaunchError(f"{name} must be a port number, not {text!r}.")
    return int(text)


def serve(
    supervisor: Supervisor, steps: console.Steps, ports: Ports, *, servers: Mapping[str, str]
) -> None:
    """Bring up the site on running servers, and keep it up.

    :raises LaunchError: the migrations failed, or a process does not get ready.
    :raises StopRequestedError: always, in the end.
    """
    var_dir = find_var_dir()
    env = build_site_environment(
        var_dir, servers=servers, port=ports.site, sandbox_port=ports.sandbox
    )
    with steps.step("Migrations"):
        if supervisor.run_once(manage("migrate", "--noinput", env=env)):
            raise LaunchError("The migrations failed; the reason is above.")
    with steps.step("Web, workers and the sandbox"):
        start_processes(supervisor, env=env, ports=ports, metrics_dir=var_dir / "run" / "metrics")
    sign_ins: list[str] = []
    with steps.step("Demo"):
        seed = manage("seed_demo", env=env)
        is_seeded = supervisor.run_once(seed, show=sign_ins.append) == 0
    announce(env, sign_ins if is_seeded else [*sign_ins, "The demo could not be loaded."])
    supervisor.pump(lambda: False)


def manage(command: str, *arguments: str, env: dict[str, str]) -> Service:
    """Describe a run of `manage.py`."""
    argv = [str(VENV_PYTHON), "manage.py", command, *arguments]
    return Service(name=command.partition("_")[0], argv=argv, env=env)


def start_processes(
    supervisor: Supervisor, *, env: Mapping[str, str], ports: Ports, metrics_dir: Path
) -> None:
    """Start what the Procfile names, and wait until site and sandbox answer.

    :raises LaunchError: they do not.
    """
    for stale in make_folder(metrics_dir).glob("*.db"):
        stale.unlink()
    probes = {
        "web": lambda: http_answers(LOOPBACK, ports.site, "/api/v1/health/readiness"),
        "sandbox": lambda: http_answers(LOOPBACK, ports.sandbox, "/health"),
    }
    env = {**env, "PROMETHEUS_MULTIPROC_DIR": str(metrics_dir)}
    commands = read_procfile()
    for name, command in commands.items():
        service = describe_process(name, command, env=env)
        supervisor.start(replace(service, is_ready=probes.get(name)))
    for name in commands:
        supervisor.wait_ready(name, seconds=READY_SECONDS)


def announce(env: dict[str, str], sign_ins: list[str]) -> None:
    """Say where everything is."""
    site, sandbox = env["SITE_URL"], env["SANDBOX_URL"]
    console.say()
    for title, address in (
        ("Site", f"{site}/"),
        ("API", f"{site}/docs"),
        ("Admin", f"{site}/admin/"),
        ("Stage", f"{sandbox}/"),
    ):
        console.say(f"  {console.paint(f'{title:7}', 1)}{address}")
    for line in sign_ins:
        console.say(f"  {line}")
    console.say("\n  Ctrl-C stops everything.\n")
