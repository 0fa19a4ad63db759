"""The embedded servers of one VAR_DIR: found on disk, and made ready to be started."""

import hashlib
import json
import os
import shutil
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from launcher.binaries import SHARED_FOLDER, can_reach, find_server_user
from launcher.layout import LaunchError, make_folder, write_private
from launcher.ports import choose_port, is_port_free
from launcher.postgres import PostgresServer
from launcher.processes import read_command_line
from launcher.server import Access, Home, Server
from launcher.valkey import ValkeyServer

KINDS: tuple[type[Server], ...] = (PostgresServer, ValkeyServer)
ACCESS_FILE = "access.json"
LEFTOVER_SECONDS = 15.0


def open_servers(var_dir: Path, *, is_relaxed: bool = False) -> list[Server]:
    """Get the servers of a VAR_DIR, in the order of their start.

    Ports and passwords are chosen once and lie beside the data, so that any number of copies of
    the project run side by side.

    :raises LaunchError: they belong to another user.
    """
    home = Home(
        folder=find_home(var_dir),
        logs=make_folder(var_dir / "log"),
        run_dir=make_folder(var_dir / "run"),
        user=find_server_user(),
    )
    known = read_access(home.folder)
    return [kind(home, known[kind.name], is_relaxed=is_relaxed) for kind in KINDS]


def has_servers(var_dir: Path) -> bool:
    """Tell whether embedded servers were ever prepared in this VAR_DIR."""
    return (var_dir / "servers" / ACCESS_FILE).exists()


def prepare_servers(servers: Sequence[Server]) -> None:
    """Make servers ready to be started: leftovers ended, ports free, data there.

    Call it with the folder's lock held.

    :raises LaunchError: a leftover does not end, or the data cannot be made.
    """
    for server in servers:
        end_leftover(server.folder, pid_files=server.pid_files)
        if not is_port_free(server.access.port):
            replace_port(server)
        server.prepare()


def read_access(folder: Path) -> dict[str, Access]:
    """Get server → port and password, made up when there are none yet.

    :raises LaunchError: they belong to another user.
    """
    try:
        known = json.loads((folder / ACCESS_FILE).read_text())
        return {name: Access(**access) for name, access in known.items()}
    except FileNotFoundError:
        made_up: dict[str, Access] = {}
        for kind in KINDS:
            made_up[kind.name] = Access.choose({access.port for access in made_up.values()})
        write_access(folder, made_up)
        return made_up
    except PermissionError as error:
        raise LaunchError(
            f"{folder} belongs to another user; start as that user, or set VAR_DIR."
        ) from error


def write_access(folder: Path, known: dict[str, Access]) -> None:
    """Keep ports and passwords, for the next start."""
    text = json.dumps({name: asdict(access) for name, access in known.items()}, indent=2)
    write_private(folder / ACCESS_FILE, text)


def replace_port(server: Server) -> None:
    """Move a server whose port somebody else has taken."""
    known = read_access(server.home.folder)
    server.access.port = choose_port({access.port for access in known.values()})
    write_access(server.home.folder, {**known, server.name: server.access})


def find_home(var_dir: Path) -> Path:
    """Get the folder for the servers' data: `servers` in VAR_DIR.

    When the servers' user cannot reach that (a project below /root), `servers` is a link to a
    folder outside. A VAR_DIR that was removed takes its data with it: the old folder is then set
    aside as `….old`.
    """
    home, user = var_dir / "servers", find_server_user()
    if home.is_dir():
        return home.resolve()
    if user is None:
        return make_folder(home, mode=0o700)
    if can_reach(var_dir, user):
        return make_folder(home)
    outside = make_folder(SHARED_FOLDER) / hashlib.sha256(str(var_dir).encode()).hexdigest()[:16]
    if outside.exists():
        old = outside.with_suffix(".old")
        shutil.rmtree(old, ignore_errors=True)
        outside.rename(old)
    make_folder(outside)
    home.unlink(missing_ok=True)
    home.symlink_to(outside)
    return outside


def end_leftover(folder: Path, *, pid_files: Sequence[Path]) -> None:
    """End a server that an earlier supervisor left behind on this folder, and its stale files.

    A PID in a file says little: after a restart of a container it may be anybody's. Only a
    process with the folder on its command line is taken for a leftover.

    :raises LaunchError: it goes on living.
    """
    for pid_file in pid_files:
        with suppress(FileNotFoundError, ValueError, IndexError):
            end_user_of(folder, pid=int(pid_file.read_text().split()[0]))
        pid_file.unlink(missing_ok=True)


def end_user_of(folder: Path, *, pid: int) -> None:
    """End a process if it is one that works on this folder.

    :raises LaunchError: it goes on living.
    """
    deadline = time.monotonic() + LEFTOVER_SECONDS
    while str(folder) in read_command_line(pid):
        if time.monotonic() > deadline:
            raise LaunchError(f"A server of an earlier start (process {pid}) does not end.")
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        time.sleep(0.2)
