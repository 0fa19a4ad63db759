"""A supervisor with the servers that a command needs, started or borrowed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from launcher.embedded import KINDS, has_servers, open_servers, prepare_servers
from launcher.layout import FolderLock, LaunchError, make_folder
from launcher.server import Server
from launcher.supervisor import Supervisor

START_SECONDS = 60.0


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
    servers = _open_wanted(var_dir, is_relaxed=is_relaxed)
    prepare_servers(servers)
    for server in servers:
        supervisor.start(server.describe())
    for server in servers:
        supervisor.wait_ready(server.name, seconds=START_SECONDS)
    return {server.setting: server.url for server in servers}


def _borrow_servers(supervisor: Supervisor, var_dir: Path) -> Mapping[str, str]:
    def are_running() -> bool:
        return has_servers(var_dir) and all(server.answers() for server in _open_wanted(var_dir))

    if not any(kind.is_wanted() for kind in KINDS):
        return {}
    if not supervisor.pump(are_running, seconds=START_SECONDS):
        raise LaunchError(f"The command that runs in {var_dir} has no servers to share.")
    return {server.setting: server.url for server in _open_wanted(var_dir)}


def _open_wanted(var_dir: Path, *, is_relaxed: bool = False) -> list[Server]:
    if not any(kind.is_wanted() for kind in KINDS):
        return []
    servers = open_servers(var_dir, is_relaxed=is_relaxed)
    return [server for server in servers if server.is_wanted()]
