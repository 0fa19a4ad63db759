"""Starting processes that cannot outlive the one that started them."""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from launcher.layout import ROOT

PR_SET_PDEATHSIG = 1
HAS_DEATH_SIGNAL = sys.platform.startswith("linux")


@dataclass(frozen=True, kw_only=True)
class Service:
    """A process to keep running.

    `stop_signal` asks it to end, `quit_signal` is for a person in a hurry; `log` is where its
    output goes (None: to the console, line by line); `user` is whom it runs as (None: as we do).
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: Path = ROOT
    log: Path | None = None
    user: pwd.struct_passwd | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    quit_signal: signal.Signals = signal.SIGKILL
    is_ready: Callable[[], bool] | None = None

    @property
    def is_server(self) -> bool:
        """Whether this is a server that others stand on, and that goes last."""
        return self.log is not None


def die_with_parent(sig: signal.Signals) -> Callable[[], None] | None:
    """Get what a child must do before exec so that the kernel signals it when its parent dies.

    Linux only (elsewhere None, and the reaper does it alone). The kernel means the parent's
    *thread*: fork from the main one. A change of user clears the setting; Popen runs this after.
    """
    if not HAS_DEATH_SIGNAL:
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def arrange() -> None:
        prctl(PR_SET_PDEATHSIG, int(sig))
        if os.getppid() != parent:
            os._exit(1)

    return arrange


def spawn(service: Service, *, output: int | IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a service as the leader of a session and process group of its own.

    :raises OSError: its program cannot be run.
    """
    return subprocess.Popen(
        service.argv,
        env=dict(service.env),
        cwd=service.cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=die_with_parent(service.stop_signal),  # noqa: PLW1509 - we have one thread
        user=service.user.pw_uid if service.user else None,
        group=service.user.pw_gid if service.user else None,
        extra_groups=[] if service.user else None,
    )


def kill_group(leader: int) -> None:
    """Kill whatever is left of a process group, such as the pool of a worker that was killed."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def read_command_line(pid: int) -> str:
    """Get the command line of any process; empty when it is gone."""
    try:
        return (
            Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        )
    except FileNotFoundError:
        if HAS_DEATH_SIGNAL:
            return ""
    answer = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return answer.stdout
