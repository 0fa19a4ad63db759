"""Many dialogs both ways while everything is being broken, and then the reckoning."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from typing import Any

import psycopg

from bench.chaos.breaking import Breaking, switch_on_faults
from bench.chaos.forms import Form, Script, write_script
from bench.chaos.ledger import Check
from bench.chaos.reckoning import reckon
from bench.chaos.talking import Talk
from bench.site import FASTER, Site, SiteError
from bench.world import Dialog, World, wait_until

SETTINGS = {**FASTER, "AVITO_POLL_SECONDS": "5"}
DIALOGS_PER_SHOP = 10
LOOK_SECONDS = 1.0
THROUGH_SECONDS = 90.0
# Nothing is stuck as long as something gets done; how fast is a matter of the machine.
STILL_SECONDS = 120.0

# An event makes several deliveries, so that more may be unfinished although much gets done.
DONE = """
SELECT (SELECT count(*) FROM integrations_inboundevent WHERE state <> 'new')
    + (SELECT count(*) FROM integrations_delivery WHERE settled_at IS NOT NULL)
"""
UNFINISHED = """
SELECT (SELECT count(*) FROM integrations_inboundevent WHERE state = 'new')
    + (SELECT count(*) FROM integrations_delivery
       WHERE state IN ('queued', 'sending', 'retry', 'ambiguous') AND NOT needs_person)
"""


@dataclass(frozen=True)
class Size:
    """How much is said: `messages` each way in each dialog, `pace` seconds apart on average."""

    dialogs: int = 50
    messages: int = 40
    pace: float = 2.0


@dataclass
class Result:
    """What a storm left behind."""

    checks: list[Check]
    calls: list[dict[str, Any]]
    counts: Mapping[str, int]

    @property
    def is_kept(self) -> bool:
        return all(check.is_kept for check in self.checks)


async def run_storm(site: Site, size: Size, *, say: Callable[[str], None]) -> Result:
    """Talk while things break, wait until all is quiet again, and compare both ends.

    :raises SiteError: it does not get quiet.
    """
    async with World(site) as world:
        dialogs = await open_dialogs(world, size.dialogs)
        scripts = [write_script(dialog, size.messages, is_mixed=True) for dialog in dialogs]
        say(_describe(scripts))
        await switch_on_faults(world)
        counts = await _talk_while_breaking(world, scripts, size)
        say(", ".join(f"{name}: {count}" for name, count in sorted(counts.items())))
        # The outside goes on refusing and failing to the end.
        await wait_quiet(site)
        checks = await reckon(world, scripts)
        return Result(checks, await world.calls("*"), counts)


async def open_dialogs(world: World, count: int) -> list[Dialog]:
    """Let so many buyers open a chat, ten with each shop; nothing is said yet."""
    dialogs: list[Dialog] = []
    for number in range(1, count + 1):
        if len(dialogs) % DIALOGS_PER_SHOP == 0:
            shop = await world.open_shop(1 + number // DIALOGS_PER_SHOP)
        dialogs.append(await world.open_dialog(shop, number))
    return dialogs


def _describe(scripts: Sequence[Script]) -> str:
    forms = Counter(line.form for s in scripts for line in (*s.questions, *s.answers))
    counted = ", ".join(f"{forms[form]} {form.name.lower()}" for form in Form)
    return f"{len(scripts)} dialogs: {counted}"


async def _talk_while_breaking(
    world: World, scripts: list[Script], size: Size
) -> Mapping[str, int]:
    talk = Talk(world, scripts, messages=size.messages, pace=size.pace)
    breaking = Breaking(world.site, progress=lambda: talk.progress)
    running = asyncio.create_task(breaking.run())
    try:
        await talk.run()
        if not await wait_until(lambda: breaking.is_through, seconds=THROUGH_SECONDS):
            raise SiteError(f"not everything was broken: {dict(breaking.counts)}")
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    return breaking.counts


async def wait_quiet(site: Site) -> None:
    """Wait until nothing is under way any more.

    :raises SiteError: for minutes nothing got done of what is left.
    """
    for _ in range(2):
        # Once more after a moment: a poll may find what no webhook told.
        await _wait_done(site)
        await asyncio.sleep(2 * float(SETTINGS["AVITO_POLL_SECONDS"]))


async def _wait_done(site: Site) -> None:
    left, most, since = inf, -1, time.monotonic()
    while left and time.monotonic() - since < STILL_SECONDS:
        with suppress(psycopg.OperationalError):
            left, done = count_unfinished(site), count_done(site)
            if done > most:
                most, since = done, time.monotonic()
        await asyncio.sleep(LOOK_SECONDS)
    if left:
        raise SiteError(f"{left} rows are unfinished, and for {STILL_SECONDS:.0f} s none was done")


def count_done(site: Site) -> int:
    """Count what was taken in and what was settled since the site began."""
    return int(site.query(DONE)[0][0])


def count_unfinished(site: Site) -> int:
    """Get how many events and deliveries wait or are under way.

    :raises psycopg.OperationalError: the database is away.
    """
    return int(site.query(UNFINISHED)[0][0])
