"""How fast notices are planned, and how fast they leave through one bot and through fifty."""

import asyncio
import os
import secrets
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bench.figures import Figure, at_least
from bench.ingest import none_of
from bench.site import ALLOWANCES, FASTER, Site, SiteError
from bench.statement_log import StatementLog
from bench.world import World, wait_until

PEOPLE = 3_000
PLANNED = int(os.environ.get("BENCH_PLANNED", "100000"))
COUNTED = 2_000
# 95 % of what Telegram allows, and what the machine is meant to reach with fifty bots.
SHARE = 0.95
CEILING = 1_500
BOTS = 50
FIRST_PERSON = 7_500_000
# What the token of the demo's platform bot begins with.
PLATFORM = "700000001:"
KIND = "integrations.bot_token_refused"
PLAN_SECONDS, SEND_SECONDS = 600.0, 600.0
LOOK_SECONDS = 0.5

ADD_PEOPLE = """
INSERT INTO accounts_user (password, is_superuser, telegram_id, telegram_username, first_name,
    last_name, role, lang_code, timezone, theme, is_verified, is_active, token_version, created_at)
SELECT '!', false, %s + number, '', 'Person', number::text, 'USER', 'en', 'Europe/Moscow',
    'system', true, true, 1, now()
FROM generate_series(1, %s) AS number RETURNING id
"""
# Due only when all are there: the planner shall find them at once.
ADD_NOTICES = """
INSERT INTO notifications_notification
    (kind, recipient_id, context, dedup_key, correlation_id, due_at)
SELECT %s, person.id, jsonb_build_object('bot', %s || (place - 1)::text), %s || ':' || place,
    'bench', now() + interval '1 hour'
FROM generate_series(1, %s) AS place
JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS number FROM accounts_user
      WHERE telegram_id > %s AND telegram_id <= %s) AS person ON person.number = (place - 1) %% %s
RETURNING id
"""
RELEASE = "UPDATE notifications_notification SET due_at = now() WHERE due_at > now() RETURNING id"
WAITING = "SELECT count(*) FROM notifications_notification WHERE state = 'waiting'"
OPEN = "SELECT count(*) FROM integrations_delivery WHERE settled_at IS NULL"
PLANNED_IN = """
SELECT count(*), extract(epoch FROM max(planned_at) - min(planned_at))
FROM notifications_notification WHERE dedup_key LIKE %s
"""
CLEAR = "DELETE FROM integrations_delivery WHERE settled_at IS NULL RETURNING id"
# Each person is told by one of the bots, as if it were theirs.
SPREAD = """
UPDATE integrations_delivery AS delivery
SET sender = bot.name, budget_key = bot.name || ':' || split_part(budget_key, ':', 3)
FROM (SELECT 'bot:' || id AS name, row_number() OVER (ORDER BY telegram_id) - 1 AS number
      FROM integrations_bot WHERE telegram_id >= 810000000 AND telegram_id < 820000000) AS bot
WHERE bot.number = (split_part(budget_key, ':', 3)::bigint - %s - 1) %% %s
AND delivery.settled_at IS NULL AND delivery.kind LIKE 'notifications.telegram%%' RETURNING 1
"""

CEILING_SETTINGS = FASTER


async def measure_notices(site: Site) -> list[Figure]:
    """Measure the planner over very many, then one bot with the real allowances."""
    async with World(site) as world:
        add_people(site)
        with stopped(site, "pump"):
            figures = [*await _measure_planner(site), *await _count_statements(site)]
            site.query(CLEAR)
            await let_start(world, [await find_platform(world)] * PEOPLE)
        return figures + await _measure_one_bot(world)


async def measure_ceiling(site: Site) -> list[Figure]:
    """Measure fifty bots at once, with allowances so high that only the machine is in the way."""
    async with World(site) as world:
        add_people(site)
        tokens = await open_bots(world)
        await let_start(world, [tokens[number % BOTS] for number in range(PEOPLE)])
        with stopped(site, "pump"):
            add_notices(site, "ceiling", PEOPLE)
            await _wait_planned(site)
            site.query(SPREAD, [FIRST_PERSON, BOTS])
            after = await world.last_seq()
        seconds, refused = await _send(world, after)
    return [
        at_least(f"{BOTS} bots, {PEOPLE:,} notices", PEOPLE / seconds, CEILING, unit="a second"),
        none_of("  refused with 429", refused),
    ]


def add_people(site: Site) -> None:
    """Make people who have linked Telegram."""
    site.query(ADD_PEOPLE, [FIRST_PERSON, PEOPLE])


def add_notices(site: Site, name: str, count: int) -> None:
    """Have so many notices told, by turns of the people; number n is about ``<name>n``."""
    everybody = [FIRST_PERSON, FIRST_PERSON + PEOPLE, PEOPLE]
    site.query(ADD_NOTICES, [KIND, name, name, count, *everybody])
    site.query(RELEASE)


@contextmanager
def stopped(site: Site, name: str) -> Iterator[None]:
    """Let a worker stand still meanwhile."""
    site.signal_group(name, signal.SIGSTOP)
    try:
        yield
    finally:
        site.signal_group(name, signal.SIGCONT)


async def find_platform(world: World) -> str:
    """Get the token of the platform's bot."""
    calls = await world.calls("telegram.setWebhook")
    return next(str(c["account"]) for c in calls if str(c["account"]).startswith(PLATFORM))


async def open_bots(world: World) -> list[str]:
    """Make bots that the site knows; return their tokens by Telegram's numbers."""
    tokens = [
        f"{810_000_000 + number}:{secrets.token_urlsafe(26)[:35]:x<35}" for number in range(BOTS)
    ]
    for number, token in enumerate(tokens):
        await world.control("telegram/bots", {"token": token, "username": f"notice{number}_bot"})
        await world.api("POST", "/api/bots", {"name": f"Notices {number}", "token": token})
    return tokens


async def let_start(world: World, tokens: Sequence[str]) -> None:
    """Let each person start the bot of this token; nobody answers what they say."""
    with stopped(world.site, "worker"):
        for number, token in enumerate(tokens, start=1):
            person = FIRST_PERSON + number
            await world.control("telegram/users", {"id": person, "first_name": "Person"})
            said = {"bot": token, "chat_id": person, "user": person, "text": "hello"}
            await world.control("telegram/say", said)
        count = "SELECT count(*) FROM integrations_inboundevent WHERE state = 'new'"
        await wait_until(lambda: site_count(world.site, count) >= len(tokens), seconds=30)
        world.site.query("DELETE FROM integrations_inboundevent WHERE state = 'new' RETURNING 1")


def site_count(site: Site, statement: str) -> int:
    """Get the one number that a statement asks for."""
    return int(site.query(statement)[0][0])


async def _wait_planned(site: Site) -> None:
    if not await wait_until(lambda: site_count(site, WAITING) == 0, seconds=PLAN_SECONDS):
        raise SiteError(f"{site_count(site, WAITING)} notices are not planned")


async def _measure_planner(site: Site) -> list[Figure]:
    add_notices(site, "planner", PLANNED)
    await _wait_planned(site)
    count, seconds = site.query(PLANNED_IN, ["planner:%"])[0]
    if count != PLANNED:
        raise SiteError(f"{count} notices instead of {PLANNED}")
    value = f"{PLANNED / float(seconds):,.0f} a second"
    return [Figure(name=f"the planner, {PLANNED:,} notices", value=value)]


async def _count_statements(site: Site) -> list[Figure]:
    with StatementLog(site) as log:
        add_notices(site, "counted", COUNTED)
        await _wait_planned(site)
        said = log.read()
    about = ("notifications_", "deliver")
    count = sum(
        any(word in text for word in about) and "generate_series" not in text
        for texts in said.values()
        for text in texts
    )
    return [Figure(name="  statements for a notice", value=f"{count / COUNTED:.4f}")]


async def _measure_one_bot(world: World) -> list[Figure]:
    with stopped(world.site, "pump"):
        add_notices(world.site, "one", PEOPLE)
        await _wait_planned(world.site)
        after = await world.last_seq()
    seconds, refused = await _send(world, after)
    share = PEOPLE / seconds / ALLOWANCES["TELEGRAM_BOT_PER_SECOND"]
    return [
        at_least(
            f"one bot, {PEOPLE:,} notices, of the allowed rate",
            share * 100,
            SHARE * 100,
            unit="%",
        ),
        none_of("  refused with 429", refused),
    ]


async def _send(world: World, after: int) -> tuple[float, int]:
    """Wait until everything has left; return the seconds from first to last, and the refusals."""
    deadline = time.monotonic() + SEND_SECONDS
    while site_count(world.site, OPEN):
        if time.monotonic() > deadline:
            raise SiteError(f"{site_count(world.site, OPEN)} deliveries are left")
        await asyncio.sleep(LOOK_SECONDS)
    calls = await world.calls("telegram.sendMessage", after=after)
    sent = [call["at"] for call in calls if call["status"] == 200]
    if len(sent) != PEOPLE:
        raise SiteError(f"{len(sent)} messages instead of {PEOPLE}")
    refused = sum(call["status"] == 429 for call in calls)
    return max(sent) - min(sent), refused
