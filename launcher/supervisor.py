"""One process that keeps the others running, and takes them with it when it goes."""

import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Self

from launcher import console
from launcher.layout import LaunchError, make_folder
from launcher.processes import Service, die_with_parent, kill_group, spawn

FIRST_BACK_OFF_SECONDS = 0.2
LONGEST_BACK_OFF_SECONDS = 5.0
QUICK_DEATH_SECONDS = 3.0
GRACE_SECONDS = 10.0
HURRY_SECONDS = 2.0
# `timeout make run` signals us three times over: by itself, by the group, by make.
SAME_REQUEST_SECONDS = 0.5
LOG_LIMIT_BYTES = 5_000_000
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequestedError(Exception):
    """A person or the system asked us to stop (Ctrl-C, SIGTERM, SIGHUP, the end of `make`)."""


@dataclass(kw_only=True)
class Child:
    """A service and the process it has at the moment, if it has one."""

    service: Service
    colour: int
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    back_off_seconds: float = FIRST_BACK_OFF_SECONDS
    due_at: float | None = None
    is_kept: bool = True
    show: Callable[[str], None] | None = None
    rest: bytes = field(default=b"", repr=False)

    def say(self, line: str) -> None:
        """Show a line of the process, or one about it."""
        if self.show:
            self.show(line)
        else:
            console.say_from(self.service.name, line, colour=self.colour)


class Supervisor:
    """Starts services, passes on their lines, starts the dead again, and stops all at the end.

    A context manager: leaving it stops everything that it started, the last started first.
    Signals ask it to stop; the running call then raises StopRequestedError. A second signal
    during the stop kills what is left. One thread only, see `die_with_parent`.

    :param run_dir: gets `<service>.pid` for each running process, for people and for tests.
    :param is_tied: stop as well when our own parent dies (a `make` that was killed).
    :param grace_seconds: how long they may take to stop before they are killed.
    """

    def __init__(
        self, *, run_dir: Path, is_tied: bool = False, grace_seconds: float = GRACE_SECONDS
    ) -> None:
        self._grace_seconds = grace_seconds
        self._run_dir = make_folder(run_dir)
        self._children: dict[str, Child] = {}
        self._selector = selectors.DefaultSelector()
        self._stop_requests = 0
        self._asked_at = 0.0
        self._is_hurried = False
        self._is_stopping = False
        self._parent = os.getppid() if is_tied else None
        self._watchman: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._waker, self._woken = socket.socketpair()
        for end in (self._waker, self._woken):
            end.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ, self._drain_waker)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        self._listen()
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._watchman = subprocess.Popen(
            [
                *(sys.executable, "-I", str(Path(__file__).with_name("reaper.py"))),
                str(self._grace_seconds),
            ],
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        signal.set_wakeup_fd(-1)
        if self._watchman and self._watchman.stdin:
            self._watchman.stdin.close()
            self._watchman.wait()

    def start(self, service: Service) -> None:
        """Start a service and keep it running from now on.

        :raises LaunchError: its program cannot be run at all.
        """
        child = Child(service=service, colour=self._pick_colour())
        self._children[service.name] = child
        self._launch(child)

    def wait_ready(self, name: str, *, seconds: float) -> None:
        """Wait until a service answers as its `is_ready` asks.

        :raises LaunchError: it did not within the time.
        :raises StopRequestedError: we were asked to stop meanwhile.
        """
        child = self._children[name]
        probe = child.service.is_ready
        if probe is None:
            return
        if not self.pump(lambda: child.process is not None and probe(), seconds=seconds):
            where = f" Its log: {child.service.log}" if child.service.log else ""
            raise LaunchError(f"{name} was not ready within {seconds:.0f} s.{where}")

    def run_once(self, service: Service, *, show: Callable[[str], None] | None = None) -> int:
        """Run a service to its end while the others go on.

        :param show: gets its lines; by default they go to the console behind its name.
        :returns: its exit code, negative for a signal.
        :raises StopRequestedError: we were asked to stop meanwhile; it is stopped too.
        """
        child = Child(service=service, colour=self._pick_colour(), is_kept=False, show=show)
        self._children[service.name] = child
        self._launch(child)
        process = child.process
        self.pump(lambda: child.process is None)
        del self._children[service.name]
        return process.returncode if process else 1

    def run_in_foreground(self, argv: Sequence[str], *, env: dict[str, str]) -> int:
        """Run a command on our own terminal while the services go on.

        Ctrl-C is the command's own business; SIGTERM is passed on to it.

        :returns: its exit code, as a shell gives it (128 + signal).
        :raises LaunchError: there is no such command.
        """
        try:
            process = subprocess.Popen(
                argv,
                env=env,
                preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - one thread
            )
        except OSError as error:
            raise LaunchError(f"{argv[0]} cannot be run: {error.strerror}.") from error
        signal.signal(signal.SIGINT, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda number, _: process.send_signal(number))
        try:
            self.pump(lambda: process.poll() is not None)
        finally:
            self._end_command(process)
        return process.returncode if process.returncode >= 0 else 128 - process.returncode

    def _end_command(self, process: subprocess.Popen[bytes]) -> None:
        self._listen()
        if process.poll() is None:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(self._grace_seconds)
            process.kill()

    def pump(self, until: Callable[[], bool], *, seconds: float | None = None) -> bool:
        """Do the daily work until a condition holds.

        :param seconds: give up after this long; None never does.
        :returns: whether the condition held.
        :raises StopRequestedError: we were asked to stop.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        while not until():
            if deadline is not None and time.monotonic() > deadline:
                return False
            self._tick()
            if self._stop_requests and not self._is_stopping:
                raise StopRequestedError
        return True

    def stop(self) -> None:
        """Stop every service, the last started first; at once after a second request.

        The site's processes share one grace, so that a stop never takes many times as long;
        each server has a grace of its own after that.
        """
        self._is_stopping = True
        deadline = time.monotonic() + self._grace_seconds
        for child in reversed(list(self._children.values())):
            child.is_kept = False
            if child.service.is_server:
                deadline = time.monotonic() + self._grace_seconds
            self._end(child, deadline=deadline)
        self._children.clear()
        self._is_stopping = False

    def _end(self, child: Child, *, deadline: float) -> None:
        process = child.process
        if process is None:
            return
        self._signal(process, child.service.stop_signal)
        self.pump(lambda: child.process is None or self._is_hurried or time.monotonic() > deadline)
        if child.process is not None:
            self._signal(process, child.service.quit_signal)
            self.pump(lambda: child.process is None, seconds=HURRY_SECONDS)
        if child.process is not None:
            kill_group(process.pid)
            self.pump(lambda: child.process is None, seconds=HURRY_SECONDS)

    def _listen(self) -> None:
        for sig in SIGNALS:
            is_nohup = sig == signal.SIGHUP and signal.getsignal(sig) == signal.SIG_IGN
            if not is_nohup:
                signal.signal(sig, self._request_stop)

    def _request_stop(self, _number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        self._is_hurried = bool(self._stop_requests) and now > self._asked_at + SAME_REQUEST_SECONDS
        self._asked_at = self._asked_at or now
        self._stop_requests += 1

    def _signal(self, process: subprocess.Popen[bytes], sig: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            process.send_signal(sig)

    def _pick_colour(self) -> int:
        return console.COLOURS[len(self._children) % len(console.COLOURS)]

    def _launch(self, child: Child) -> None:
        try:
            child.process = self._spawn(child)
        except OSError as error:
            program = child.service.argv[0]
            raise LaunchError(f"{program} cannot be run: {error.strerror}.") from error
        child.started_at, child.due_at = time.monotonic(), None
        self._pid_file(child).write_text(f"{child.process.pid}\n")
        self._tell_watchman(f"+ {child.process.pid} {int(child.service.stop_signal)}\n")

    def _spawn(self, child: Child) -> subprocess.Popen[bytes]:
        if child.service.log:
            with open_log(child.service.log) as log:
                return spawn(child.service, output=log)
        process = spawn(child.service, output=subprocess.PIPE)
        assert process.stdout is not None  # noqa: S101 - we asked for a pipe
        pipe = process.stdout
        os.set_blocking(pipe.fileno(), False)
        self._selector.register(pipe, selectors.EVENT_READ, lambda: self._read(child, pipe))
        return process

    def _tick(self) -> None:
        for key, _ in self._selector.select(timeout=0.1):
            key.data()
        if self._parent is not None and os.getppid() != self._parent:
            self._stop_requests = max(self._stop_requests, 1)
        for child in list(self._children.values()):
            if child.process is not None and child.process.poll() is not None:
                self._bury(child, child.process)
            if child.due_at is not None and child.is_kept and time.monotonic() >= child.due_at:
                self._launch(child)

    def _bury(self, child: Child, process: subprocess.Popen[bytes]) -> None:
        kill_group(process.pid)
        if process.stdout is not None and not process.stdout.closed:
            self._read(child, process.stdout, is_last=True)
        self._tell_watchman(f"- {process.pid}\n")
        self._pid_file(child).unlink(missing_ok=True)
        child.process = None
        if not child.is_kept:
            return
        if time.monotonic() - child.started_at > QUICK_DEATH_SECONDS:
            child.back_off_seconds = FIRST_BACK_OFF_SECONDS
        how = f"ended with {process.returncode}, again in {child.back_off_seconds:.1f} s"
        child.say(how)
        child.due_at = time.monotonic() + child.back_off_seconds
        child.back_off_seconds = min(child.back_off_seconds * 2, LONGEST_BACK_OFF_SECONDS)

    def _read(self, child: Child, pipe: IO[bytes], *, is_last: bool = False) -> None:
        data, has_ended = read_available(pipe.fileno())
        *lines, child.rest = (child.rest + data).split(b"\n")
        if is_last or has_ended:
            if child.rest:
                lines.append(child.rest)
            child.rest = b""
            self._selector.unregister(pipe)
            pipe.close()
        for line in lines:
            child.say(line.decode(errors="replace").rstrip("\r"))

    def _pid_file(self, child: Child) -> Path:
        return self._run_dir / f"{child.service.name}.pid"

    def _tell_watchman(self, line: str) -> None:
        if self._watchman and self._watchman.stdin:
            with suppress(BrokenPipeError):
                self._watchman.stdin.write(line.encode())
                self._watchman.stdin.flush()

    def _drain_waker(self) -> None:
        with suppress(BlockingIOError):
            while self._woken.recv(4096):
                pass


def read_available(descriptor: int) -> tuple[bytes, bool]:
    """Read what a non-blocking pipe holds now.

    :returns: the bytes, and whether its other end is closed.
    """
    parts = []
    try:
        while part := os.read(descriptor, 65536):
            parts.append(part)
    except BlockingIOError:
        return b"".join(parts), False
    return b"".join(parts), True


def open_log(path: Path) -> IO[bytes]:
    """Open a server's log for appending; one that grew large is set aside first, once."""
    if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
        path.replace(path.with_name(f"{path.name}.1"))
    return path.open("ab")
