"""The watchman: ends the supervisor's processes when the supervisor cannot do so itself.

Run as a script, `reaper.py GRACE_SECONDS`, in a session of its own, with stdin a pipe whose only
other end the supervisor holds. Lines `+ <group> <signal>` and `- <group>` say who is alive; the end
of the pipe means that the supervisor is dead (SIGKILL included, and on every system). An empty
list then means a clean stop.
"""

import os
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import suppress


def read_groups(lines: Iterable[str]) -> dict[int, int]:
    """Follow the supervisor's lines until they end.

    :returns: process group → the signal that asks its leader to stop, of those still alive.
    """
    groups: dict[int, int] = {}
    for line in lines:
        action, group, *rest = line.split()
        if action == "+":
            groups[int(group)] = int(rest[0])
        else:
            groups.pop(int(group), None)
    return groups


def end_groups(groups: dict[int, int], *, grace_seconds: float) -> None:
    """Ask every leader to stop, then kill each group: at its leader's end, or after the grace."""
    for group, sig in groups.items():
        with suppress(ProcessLookupError, PermissionError):
            os.kill(group, sig)
    deadline = time.monotonic() + grace_seconds
    left = set(groups)
    while left:
        for group in list(left):
            if time.monotonic() > deadline or not leader_lives(group):
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(group, signal.SIGKILL)
                left.discard(group)
        time.sleep(0.05)


def leader_lives(group: int) -> bool:
    """Tell whether a group's leader still exists."""
    try:
        os.kill(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    end_groups(read_groups(sys.stdin), grace_seconds=float(sys.argv[1]))
