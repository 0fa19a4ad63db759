"""What is broken while the messages run: calls, workers, Redis, the database."""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import redis

from bench.site import LogTail, Site
from bench.world import World

LOOK_SECONDS = 0.2
LIFE_SECONDS = 5.0
# A pump's worker and everybody else's; the launcher starts them again.
VICTIMS = ("worker", "pump")
REFUSED_SHARE = 0.10
FAILED_SHARE = 0.05
DOUBLED_SHARE = 0.10
SENDS = (
    *("telegram.send*", "telegram.editMessage*", "telegram.setMessageReaction"),
    *("telegram.getFile", "avito.send*", "avito.deleteMessage", "avito.uploadImages"),
    "avito.getVoiceFiles",
)
HOOKS = ("telegram.webhook", "avito.webhook")


async def switch_on_faults(world: World) -> None:
    """Let the outside refuse and fail a share of all sends, and call us twice now and then."""
    for on in SENDS:
        await world.fault(on, "status", status=429, retry_after=1, rate=REFUSED_SHARE)
        # The first fault that strikes wins, so the second sees only the rest.
        await world.fault(on, "status", status=502, rate=FAILED_SHARE / (1 - REFUSED_SHARE))
    for on in HOOKS:
        await world.fault(on, "duplicate", rate=DOUBLED_SHARE)


@dataclass(frozen=True)
class Accident:
    """Something that happens once, when that share of the messages has been said."""

    name: str
    share: float
    strike: Callable[[Site], object]


def flush_redis(site: Site) -> None:
    """Empty Redis: bells, allowances, sessions."""
    with redis.Redis.from_url(site.redis_url) as client:
        client.flushall()


def kill_database(site: Site) -> None:
    """Kill PostgreSQL, which recovers as after any crash."""
    site.kill("postgres", signal.SIGKILL)


ACCIDENTS = (
    Accident("FLUSHALL", 0.33, flush_redis),
    Accident("database killed", 0.66, kill_database),
)


class Breaking:
    """Breaks things until it is stopped; `counts` says what was done how often.

    Each worker is killed with SIGKILL every time that it has been ready for five seconds, by its
    own word in the log.
    """

    def __init__(self, site: Site, *, progress: Callable[[], float]) -> None:
        self.counts: Counter[str] = Counter()
        self._site = site
        self._progress = progress
        self._tail = LogTail(site.log)
        self._ready_at: dict[str, float] = dict.fromkeys(VICTIMS, time.monotonic())
        self._to_come = list(ACCIDENTS)

    @property
    def is_through(self) -> bool:
        """Whether each thing was broken at least once."""
        named = {accident.name for accident in ACCIDENTS} | {f"{v} killed" for v in VICTIMS}
        return named <= set(self.counts)

    async def run(self) -> None:
        """Break things for as long as the task lives."""
        self._tail.read()
        while True:
            self._note_ready()
            self._kill_those_due()
            self._have_accidents()
            await asyncio.sleep(LOOK_SECONDS)

    def _note_ready(self) -> None:
        for name, text in self._tail.read():
            if name in VICTIMS and f'"{name}@' in text and ' ready."' in text:
                self._ready_at[name] = time.monotonic()

    def _kill_those_due(self) -> None:
        for name, at in list(self._ready_at.items()):
            if time.monotonic() - at > LIFE_SECONDS and self._site.kill(name):
                del self._ready_at[name]
                self.counts[f"{name} killed"] += 1

    def _have_accidents(self) -> None:
        while self._to_come and self._progress() >= self._to_come[0].share:
            accident = self._to_come.pop(0)
            accident.strike(self._site)
            self.counts[accident.name] += 1
