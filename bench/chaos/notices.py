"""Three thousand notices while the pump is killed forty times, and then the reckoning."""

import asyncio
import os
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench import notices
from bench.chaos.ledger import Check
from bench.chaos.storm import count_unfinished, wait_quiet
from bench.site import Site, SiteError, faster
from bench.world import World

SETTINGS = faster(2)
NAME = "chaos"
KILLS = int(os.environ.get("CHAOS_KILLS", "40"))
LOOK_SECONDS = 0.05
STILL_SECONDS = 180.0

# Half of them as of a kind that must never come twice; there is none in the house yet.
MARK = """
UPDATE integrations_delivery SET kind = 'notifications.telegram_once'
WHERE kind = 'notifications.telegram' AND settled_at IS NULL AND id % 2 = 0 RETURNING 1
"""
FATES = """
SELECT notice.context->>'bot', delivery.kind LIKE '%%_once', delivery.state, delivery.uncertain,
    delivery.needs_person
FROM integrations_delivery AS delivery
JOIN notifications_notification AS notice
    ON notice.id = (delivery.payload->>'notification_id')::bigint
WHERE delivery.kind LIKE 'notifications.telegram%%' AND notice.dedup_key LIKE %s
"""
_TOLD = re.compile(rf"@({NAME}\d+)\b")


@dataclass(frozen=True)
class Fate:
    """What the site believes of one notice.

    :param is_once: it must never come twice. :param is_marked: it may have come twice, or waits
        for a person because it may have come.
    """

    name: str
    is_once: bool
    state: str
    is_marked: bool


async def run_notices(site: Site, *, say: Callable[[str], None]) -> Sequence[Check]:
    """Send them, kill the pump each time that some have left, and compare both ends.

    :raises SiteError: nothing leaves any more.
    """
    async with World(site) as world:
        notices.add_people(site)
        with notices.stopped(site, "pump"):
            platform = await notices.find_platform(world)
            await notices.let_start(world, [platform] * notices.PEOPLE)
            notices.add_notices(site, NAME, notices.PEOPLE)
            await notices.wait_planned(site)
            site.query(MARK)
        kills = await _kill_while_sending(world)
        say(f"pump killed {kills} times")
        await wait_quiet(site)
        calls = await world.calls("telegram.sendMessage")
    fates = [
        Fate(name, is_once, state, uncertain or needs_person)
        for name, is_once, state, uncertain, needs_person in site.query(FATES, [f"{NAME}:%"])
    ]
    return reckon(fates, calls, kills=kills)


async def _kill_while_sending(world: World) -> int:
    """Kill the pump whenever a fair share of the notices has left since the last time."""
    share, sent, kills, still = notices.PEOPLE // (KILLS + 5), 0, 0, 0.0
    while kills < KILLS:
        await asyncio.sleep(LOOK_SECONDS)
        now = len(arrivals(await world.calls("telegram.sendMessage")))
        still = still + LOOK_SECONDS if now < sent + share else 0.0
        if now >= sent + share and world.site.kill("pump"):
            kills, sent = kills + 1, now
        elif not count_unfinished(world.site):
            break
        elif still > STILL_SECONDS:
            raise SiteError(f"{now} of {notices.PEOPLE} notices have left, and no more leave")
    return kills


def arrivals(calls: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """Get how often each notice arrived."""
    texts = [str(call["params"].get("text", "")) for call in calls if call["status"] == 200]
    return Counter(name for text in texts for name in _TOLD.findall(text)[:1])


def reckon(
    fates: Sequence[Fate], calls: Sequence[Mapping[str, Any]], *, kills: int
) -> Sequence[Check]:
    """Hold what arrived against what the site believes."""
    came = arrivals(calls)
    often, once = _by_policy(fates)
    return [
        Check(f"killed {KILLS} times", [] if kills >= KILLS else [kills]),
        Check("all were written", [] if len(fates) == notices.PEOPLE else [len(fates)]),
        Check("none lost", [fate for fate in often if not came[fate.name]]),
        Check(
            "twice only where marked",
            [fate for fate in often if came[fate.name] > 1 and not fate.is_marked],
        ),
        Check("at most once: none twice", [fate for fate in once if came[fate.name] > 1]),
        Check(
            "at most once: what did not come waits for a person",
            [fate for fate in once if not came[fate.name] and not fate.is_marked],
        ),
        Check("none given up", [fate for fate in fates if fate.state == "dead"]),
        Check("never too fast", [call["at"] for call in calls if call["status"] == 429]),
    ]


def _by_policy(fates: Sequence[Fate]) -> tuple[list[Fate], list[Fate]]:
    return [f for f in fates if not f.is_once], [f for f in fates if f.is_once]
