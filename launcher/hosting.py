"""A supervisor with the servers that a command needs, started or borrowed."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from launcher.embedded import EmbeddedServers
from launcher.layout import FolderLock, LaunchError, make_folder
from launcher.supervisor import Supervisor

START_SECONDS = 60.0
SETTINGS = {"postgres": "DATABASE_URL", "valkey": "REDIS_URL"}


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
    make_folder(var_dir)
    run_dir = make_folder(var_dir / "run")
    lock = FolderLock(run_dir)
    if not lock.take():
        yield _borrow(var_dir, may_share=may_share)
        return
    try:
        with Supervisor(run_dir=run_dir, is_tied=is_tied) as supervisor:
            yield Hosted(supervisor, _start(supervisor, var_dir, is_relaxed=is_relaxed))
    finally:
        lock.release()
