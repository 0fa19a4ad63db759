"""How long it takes to find, among very many configs, whose owners are to be told of the end."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta

from celery import Celery

from bench.figures import Figure, at_most
from bench.ingest import none_of
from bench.shop import CONFIGS_EACH, fill_shop
from bench.site import Site, SiteError
from bench.statement_log import StatementLog

# The site's own beat stays out of it: we ring, and ring twice as two beats would.
SETTINGS = {"PROCESS_PERIOD_SECONDS": "86400"}
BEATS = 2
CONFIGS = 100_000
LEFT = timedelta(hours=20)
PASS_SECONDS = 5.0
GIVE_UP_SECONDS = 120.0
TASK = "vpnconfigs.plan_expiry_notices"

TOLD = "SELECT count(*) FROM notifications_notification WHERE kind = 'vpnconfigs.ends_soon'"
TWICE = """
SELECT count(*) - count(DISTINCT context ->> 'config')
FROM notifications_notification WHERE kind = 'vpnconfigs.ends_soon'
"""


async def measure_expiry(site: Site) -> list[Figure]:
    """Measure one pass over configs that all end tomorrow, with two beats, and one with no news."""
    before = _count(site, TOLD)
    fill_shop(site, people=CONFIGS // CONFIGS_EACH, left=LEFT)
    bells = Celery(broker=site.redis_url, set_as_current=False)
    with StatementLog(site) as log:
        seconds = await _timed(bells, lambda: _count(site, TOLD) - before >= CONFIGS)
        statements = _statements(log)
    told = _count(site, TOLD) - before
    with StatementLog(site) as log:
        _ring(bells)
        await _until(lambda: _statements(log) >= BEATS)
    again = _count(site, TOLD) - before - told
    return [
        at_most(f"a pass over {CONFIGS:,} configs that end soon", seconds, PASS_SECONDS, unit="s"),
        Figure(name="  statements about them", value=str(statements)),
        none_of("  not told", CONFIGS - told),
        none_of("  told twice", _count(site, TWICE) + again),
    ]


async def _timed(bells: Celery, is_done: Callable[[], bool]) -> float:
    """Ring, and return how many seconds passed until it was done."""
    begun = time.monotonic()
    _ring(bells)
    await _until(is_done)
    return time.monotonic() - begun


def _ring(bells: Celery) -> None:
    for _ in range(BEATS):
        bells.send_task(TASK, queue="default", ignore_result=True)


async def _until(is_done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while not is_done():
        if time.monotonic() > deadline:
            raise SiteError("the notices of the end are not all planned")
        await asyncio.sleep(0.05)


def _statements(log: StatementLog) -> int:
    return sum(
        "vpnconfigs_config" in text and "notifications_notification" in text
        for texts in log.read().values()
        for text in texts
    )


def _count(site: Site, statement: str) -> int:
    return int(site.query(statement)[0][0])
