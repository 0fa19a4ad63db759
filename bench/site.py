"""A whole site of our own: started by the launcher, watched through its log and its PID files."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

from launcher.layout import ROOT, find_var_dir
from launcher.ports import choose_port, is_port_free

START_SECONDS = 120.0
STOP_SECONDS = 40.0
SMTP_OFFSET = 2
# Fields of /proc/<pid>/stat behind the name, see proc(5).
PROCESS_GROUP, USER_TICKS, SYSTEM_TICKS = 2, 11, 12
STARTED = "Ctrl-C stops everything."
NOT_SEEDED = "The demo could not be loaded."
OWNER = ("owner", "depesha-demo")
# What a site may know of our own surroundings; everything else it makes up for itself.
INHERITED = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TMPDIR")
# Named in a `.env`, these would lead us to somebody's real servers: empty means not set.
NEVER_FROM_DOTENV = ("DATABASE_URL", "REDIS_URL", "REDIS_HOST", "RATE_LIMIT_REDIS_URL")
# What both sides of the wire allow, see the contracts.
ALLOWANCES = {
    "TELEGRAM_BOT_PER_SECOND": 30,
    "TELEGRAM_CHAT_PER_SECOND": 1,
    "TELEGRAM_GROUP_PER_MINUTE": 20,
    "AVITO_PER_SECOND": 5,
    "AVITO_CHAT_PER_SECOND": 1,
}


def faster(factor: int) -> dict[str, str]:
    """Get settings that raise the allowances of both sides of the wire.

    The shape of a run stays, only its clock runs faster.
    """
    return {name: str(allowed * factor) for name, allowed in ALLOWANCES.items()}


FASTER = faster(100)
# All our requests come from one address, and one sign-in lasts for a whole run.
UNLIMITED = {"DEFAULT_REQUESTS_PER_MINUTE": "100000000", "ACCESS_TOKEN_REDIS_TTL_SEC": "7200"}


class SiteError(Exception):
    """The site did not do what the measurement stands on; the text says what."""


class Site:
    """A context manager: a fresh site inside, nothing of it outside.

    :param name: its folder is `bench-<name>` in VAR_DIR, removed before the start.
    :param settings: more environment, such as the allowances of both sides.
    """

    def __init__(self, name: str, settings: Mapping[str, str] | None = None) -> None:
        self.var_dir = find_var_dir() / f"bench-{name}"
        self.port = choose_port(set())
        self.sandbox_port = _choose_sandbox_port({self.port})
        self.url = f"http://127.0.0.1:{self.port}"
        self.sandbox_url = f"http://127.0.0.1:{self.sandbox_port}"
        self.log = self.var_dir / "site.log"
        self.settings = {**UNLIMITED, **(settings or {})}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        shutil.rmtree(self.var_dir, ignore_errors=True)
        self.var_dir.mkdir(parents=True)
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "launcher", "run", "--tied"],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self._wait_started(self._process)
        except BaseException:
            self._stop(self._process)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process:
            self._stop(self._process)

    @property
    def environment(self) -> dict[str, str]:
        """What the launcher is started with."""
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        return {
            **inherited,
            **dict.fromkeys(NEVER_FROM_DOTENV, ""),
            "PORT": str(self.port),
            "SANDBOX_PORT": str(self.sandbox_port),
            "VAR_DIR": str(self.var_dir),
            "PYTHONUNBUFFERED": "1",
            **self.settings,
        }

    @property
    def database_url(self) -> str:
        """Where the site's embedded PostgreSQL is, password included."""
        access = self._access("postgres")
        return f"postgres://depesha:{access['password']}@127.0.0.1:{access['port']}/depesha"

    @property
    def redis_url(self) -> str:
        """Where the site's embedded Valkey is, password included."""
        access = self._access("valkey")
        return f"redis://:{access['password']}@127.0.0.1:{access['port']}/0"

    def query(self, statement: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Ask the site's database.

        :raises psycopg.OperationalError: it is away.
        """
        with psycopg.connect(self.database_url, autocommit=True, connect_timeout=2) as connection:
            return connection.execute(statement.encode(), parameters or None).fetchall()

    def pid(self, name: str) -> int | None:
        """Get the process that the launcher runs now under a name; None between two."""
        try:
            return int((self.var_dir / "run" / f"{name}.pid").read_text())
        except (FileNotFoundError, ValueError):
            return None

    def kill(self, name: str, sig: signal.Signals = signal.SIGKILL) -> bool:
        """Signal one process; tell whether it was there."""
        pid = self.pid(name)
        if pid is None:
            return False
        with suppress(ProcessLookupError):
            os.kill(pid, sig)
            return True
        return False

    def signal_group(self, name: str, sig: signal.Signals) -> None:
        """Signal a process and its children: SIGSTOP and SIGCONT of a worker with its pool."""
        pid = self.pid(name)
        if pid is None:
            raise SiteError(f"{name} does not run")
        os.killpg(pid, sig)

    def cpu_seconds(self, name: str) -> float:
        """Get what a process and its children have used of the processors until now.

        Unlike a rate it says the same on a busy machine. Without /proc it is not a number.
        """
        group, ticks = self.pid(name), 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                fields = stat.read_text().rpartition(")")[2].split()
                if int(fields[PROCESS_GROUP]) == group:
                    ticks += int(fields[USER_TICKS]) + int(fields[SYSTEM_TICKS])
        return ticks / os.sysconf("SC_CLK_TCK") if ticks else float("nan")

    def _access(self, server: str) -> dict[str, Any]:
        known = json.loads((self.var_dir / "servers" / "access.json").read_text())
        found: dict[str, Any] = known[server]
        return found

    def _wait_started(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while STARTED not in (text := self.log.read_text(errors="replace")):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SiteError(f"The site did not start:\n{text[-3000:]}")
            time.sleep(0.1)
        if NOT_SEEDED in text:
            raise SiteError(f"The site has no demo:\n{text[-3000:]}")

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            # Its watchman ends what it leaves behind.
            process.kill()
            process.wait()


class LogTail:
    """The lines that a site has written since we last looked, as (process, text)."""

    LINE = re.compile(r"^(?:\x1b\[\d+m)?(\w+) *\|(?:\x1b\[0m)? (.*)$")

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def read(self) -> list[tuple[str, str]]:
        """Get the complete new lines of processes."""
        with self._path.open("rb") as file:
            file.seek(self._offset)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        lines = whole.decode(errors="replace").splitlines()
        return [(m[1], m[2]) for line in lines if (m := self.LINE.match(line))]


def _choose_sandbox_port(taken: set[int]) -> int:
    while True:
        port = choose_port(taken)
        if is_port_free(port + SMTP_OFFSET):
            return port
