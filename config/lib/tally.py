"""Counting uses in fixed windows, over all processes, with few round trips.

Redis adds up. A process tells it of several uses at once where a limit is large: of a twentieth
part of the limit, so that so much for each other process is what a limit may be overrun by. Up to
39 in a window every use is told at once, and nothing is overrun.
"""

import hashlib
import threading
import time
import zlib
from dataclasses import dataclass

from config.lib.redis import get_redis_at

PARTS = 20
# Beyond that this process forgets what it has not told: less than a twentieth part of each limit.
MOST_KEPT = 20_000
# Clocks of machines differ; a window that all have left may go.
SPARE_SECONDS = 5
_ADD = """
local count = redis.call('INCRBY', KEYS[1], ARGV[1])
if count == tonumber(ARGV[1]) then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
return count
"""


@dataclass(frozen=True, slots=True)
class Window:
    """The running window of one key, named ``name`` in Redis."""

    name: str
    limit: int
    seconds: int
    ends_at: int

    @property
    def step(self) -> int:
        """How many uses are told at once."""
        return max(1, self.limit // PARTS)


class Tally:
    """The counts of one process: for each window what Redis said last, and what it was not told."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, tuple[int, int]] = {}

    def add(self, window: Window, *, url: str) -> int:
        """Count one use; return how many there were in the window, as far as is known here.

        :raises RedisError: it was time to tell Redis, which is gone; nothing is counted then.
        """
        if window.step == 1:
            return _tell(window, 1, url=url)
        with self._lock:
            told, untold = self._counts.get(window.name, (0, 0))
            untold += 1
            is_due = untold >= window.step
            # What was told stays meanwhile: to another thread a full window must not look empty.
            self._keep(window.name, (told, 0 if is_due else untold))
        if not is_due:
            return told + untold
        count = _tell(window, untold, url=url)
        with self._lock:
            told, untold = self._counts.get(window.name, (0, 0))
            count = max(told, count)
            self._keep(window.name, (count, untold))
        return count + untold

    def forget(self) -> None:
        with self._lock:
            self._counts.clear()

    def _keep(self, name: str, counts: tuple[int, int]) -> None:
        if len(self._counts) >= MOST_KEPT and name not in self._counts:
            self._counts.clear()
        self._counts[name] = counts


def window_of(group: str, key: str, *, limit: int, seconds: int) -> Window:
    """Return the window that runs now.

    Keys are hashed: some are secrets. Each has windows of its own, lest all begin anew at once.
    """
    now, shift = int(time.time()), zlib.crc32(key.encode()) % seconds
    ends_at = now + seconds - (now - shift) % seconds
    named = f"{group}|{limit}/{seconds}|{ends_at}|{key}"
    digest = hashlib.blake2b(named.encode(), digest_size=16).hexdigest()
    return Window(f"rl:{digest}", limit=limit, seconds=seconds, ends_at=ends_at)


def _tell(window: Window, uses: int, *, url: str) -> int:
    seconds = window.seconds + SPARE_SECONDS
    return int(get_redis_at(url).eval(_ADD, 1, window.name, uses, seconds))
