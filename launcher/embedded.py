"""PostgreSQL and Valkey of the project's own, with their data under VAR_DIR."""

import hashlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from launcher import probes
from launcher.binaries import SHARED_FOLDER, can_reach, find_programs, find_server_user
from launcher.layout import LaunchError, make_folder, write_private
from launcher.ports import choose_port, is_port_free
from launcher.processes import Service, read_command_line

ACCESS_FILE = "access.json"
LEFTOVER_SECONDS = 15.0
SERVER_ENV = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
MAX_CONNECTIONS = 200
RELAXED = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@dataclass
class Access:
    """How to get at one server: a port on loopback, and a password."""

    port: int
    password: str

    @property
    def at_loopback(self) -> str:
        """The middle of a URL: password, address and port."""
        return f"{self.password}@127.0.0.1:{self.port}"

    @classmethod
    def choose(cls, taken: set[int]) -> "Access":
        """Make up a password, and choose a port that is free and not among `taken`."""
        return cls(port=choose_port(taken), password=secrets.token_urlsafe(24))


class EmbeddedServers:
    """The servers of one VAR_DIR: prepared on disk here, kept running by a supervisor.

    Ports and passwords are chosen once and lie beside the data, so that any number of copies of
    the project run side by side. `is_relaxed` trades safety at a power cut for speed (tests).
    """

    def __init__(self, var_dir: Path, *, is_relaxed: bool = False) -> None:
        self.user = find_server_user()
        self.logs = make_folder(var_dir / "log")
        self.home = find_home(var_dir)
        self._run_dir = var_dir / "run"
        self.is_relaxed = is_relaxed
        self._access_file = self.home / ACCESS_FILE
        self.postgres, self.valkey = self._read_access()
        self._probes: dict[str, Callable[[], bool]] = {
            "postgres": lambda: probes.postgres_answers(self.postgres.port, user="depesha"),
            "valkey": lambda: probes.valkey_answers(
                self.valkey.port, password=self.valkey.password
            ),
        }

    @property
    def urls(self) -> Mapping[str, str]:
        """Where each server is, password included."""
        return {
            "postgres": f"postgres://depesha:{self.postgres.at_loopback}/depesha",
            "valkey": f"redis://:{self.valkey.at_loopback}/0",
        }

    def are_running(self, names: Sequence[str]) -> bool:
        """Tell whether these servers answer now to the passwords we know."""
        return all(self._probes[name]() for name in names)

    def prepare(self, names: Sequence[str]) -> None:
        """Make these servers ready to be started: leftovers ended, ports free, data there.

        Call it with the folder's lock held.

        :raises LaunchError: a leftover does not end, or PostgreSQL's data cannot be made.
        """
        for name in names:
            pid_files = [self.home / name / "postmaster.pid", self._run_dir / f"{name}.pid"]
            end_leftover(self.home / name, pid_files=pid_files)
        self._replace_taken_ports()
        if "postgres" in names:
            self._make_postgres_data()
        if "valkey" in names:
            self._write_valkey_settings()

    def describe(self, name: str) -> Service:
        """Describe a server, `postgres` or `valkey`, for the supervisor."""
        return self._describe_postgres() if name == "postgres" else self._describe_valkey()

    @property
    def _postgres_data(self) -> Path:
        return self.home / "postgres"

    @property
    def _valkey_data(self) -> Path:
        return self.home / "valkey"

    def _read_access(self) -> tuple[Access, Access]:
        try:
            known = json.loads(self._access_file.read_text())
            return Access(**known["postgres"]), Access(**known["valkey"])
        except FileNotFoundError:
            postgres = Access.choose(set())
            valkey = Access.choose({postgres.port})
            self._write_access(postgres, valkey)
            return postgres, valkey
        except PermissionError as error:
            raise LaunchError(
                f"{self.home} belongs to another user; start as that user, or set VAR_DIR."
            ) from error

    def _write_access(self, postgres: Access, valkey: Access) -> None:
        known = {"postgres": asdict(postgres), "valkey": asdict(valkey)}
        write_private(self._access_file, json.dumps(known, indent=2))

    def _replace_taken_ports(self) -> None:
        for access in (self.postgres, self.valkey):
            if not is_port_free(access.port):
                access.port = choose_port({self.postgres.port, self.valkey.port})
        self._write_access(self.postgres, self.valkey)

    def _make_postgres_data(self) -> None:
        if (self._postgres_data / "PG_VERSION").exists():
            self._require_own(self._postgres_data)
            return
        draft = self._make_data_folder(self.home / "postgres.new")
        password_file = draft.with_name("password.new")
        write_private(password_file, self.postgres.password)
        self._give_away(password_file)
        programs, _ = find_programs(self.user)
        try:
            self._run_as_server(
                [
                    *(str(programs / "initdb"), "-D", str(draft), "-U", "depesha"),
                    *("--auth=scram-sha-256", f"--pwfile={password_file}", "--encoding=UTF8"),
                    *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                    *("--no-instructions", *(["--no-sync"] if self.is_relaxed else [])),
                ]
            )
            self._run_as_server(
                [str(programs / "postgres"), "--single", "-D", str(draft), "postgres"],
                text="CREATE DATABASE depesha",
            )
        finally:
            password_file.unlink()
        shutil.rmtree(self._postgres_data, ignore_errors=True)
        draft.rename(self._postgres_data)

    def _require_own(self, folder: Path) -> None:
        if folder.stat().st_uid != (self.user.pw_uid if self.user else os.geteuid()):
            raise LaunchError(
                f"{folder} belongs to {folder.owner()}; start as that user, or set VAR_DIR."
            )

    def _run_as_server(self, argv: list[str], *, text: str = "") -> None:
        answer = subprocess.run(
            argv,
            cwd="/",
            env=SERVER_ENV,
            input=text,
            capture_output=True,
            text=True,
            check=False,
            user=self.user.pw_uid if self.user else None,
            group=self.user.pw_gid if self.user else None,
            extra_groups=[] if self.user else None,
        )
        if answer.returncode:
            reason = (answer.stderr.strip() or answer.stdout.strip()).splitlines()[-1:]
            raise LaunchError(f"{Path(argv[0]).name} failed: {' '.join(reason)}")

    def _make_data_folder(self, folder: Path) -> Path:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        self._give_away(folder)
        return folder

    def _give_away(self, path: Path) -> None:
        if self.user:
            shutil.chown(path, self.user.pw_uid, self.user.pw_gid)

    def _write_valkey_settings(self) -> None:
        if not self._valkey_data.is_dir():
            self._make_data_folder(self._valkey_data)
        lines = [
            "bind 127.0.0.1",
            f"port {self.valkey.port}",
            f"requirepass {self.valkey.password}",
            f'dir "{self._valkey_data}"',
            f"appendonly {'no' if self.is_relaxed else 'yes'}",
            "appendfsync everysec",
            'save ""',
            "maxmemory-policy noeviction",
            # The folder must stay on the command line, see `end_leftover`.
            "set-proc-title no",
        ]
        settings = self._valkey_data / "valkey.conf"
        write_private(settings, "\n".join(lines) + "\n")
        self._give_away(settings)

    def _describe_postgres(self) -> Service:
        programs, _ = find_programs(self.user)
        settings = [
            "listen_addresses=127.0.0.1",
            f"port={self.postgres.port}",
            "unix_socket_directories=",
            f"max_connections={MAX_CONNECTIONS}",
            "shared_buffers=256MB",
            *(RELAXED if self.is_relaxed else ()),
        ]
        return Service(
            name="postgres",
            argv=[
                *(str(programs / "postgres"), "-D", str(self._postgres_data)),
                *(part for setting in settings for part in ("-c", setting)),
            ],
            env=SERVER_ENV,
            cwd=Path("/"),
            log=self.logs / "postgres.log",
            user=self.user,
            # Fast and immediate shutdown; SIGTERM would wait for every client to leave.
            stop_signal=signal.SIGINT,
            quit_signal=signal.SIGQUIT,
            is_ready=self._probes["postgres"],
        )

    def _describe_valkey(self) -> Service:
        _, program = find_programs(self.user)
        return Service(
            name="valkey",
            argv=[str(program), str(self._valkey_data / "valkey.conf")],
            env=SERVER_ENV,
            cwd=Path("/"),
            log=self.logs / "valkey.log",
            user=self.user,
            is_ready=self._probes["valkey"],
        )


def has_servers(var_dir: Path) -> bool:
    """Tell whether embedded servers were ever prepared in this VAR_DIR."""
    return (var_dir / "servers" / ACCESS_FILE).exists()


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
