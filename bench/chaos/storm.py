"""Many dialogs both ways while everything is being broken, and then the reckoning."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg

from bench.chaos import ledger
from bench.chaos.breaking import Breaking, switch_on_faults
from bench.chaos.ledger import Check, Reading
from bench.chaos.talking import Talk
from bench.site import FASTER, Site, SiteError
from bench.world import SELLER, Dialog, World, wait_until

SETTINGS = {**FASTER, "AVITO_POLL_SECONDS": "5"}
DIALOGS_PER_SHOP = 10
LOOK_SECONDS = 1.0
THROUGH_SECONDS = 90.0
QUIET_SECONDS = 600.0
# A call that was being made when the message came in.
NOTICE_SECONDS = 0.25

UNFINISHED = """
SELECT (SELECT count(*) FROM integrations_inboundevent WHERE state = 'new')
    + (SELECT count(*) FROM integrations_delivery
       WHERE state IN ('queued', 'sending', 'retry', 'ambiguous') AND NOT needs_person)
"""
UNCERTAIN = """
SELECT message.text FROM dialogs_message AS message
JOIN integrations_delivery AS delivery ON delivery.id = message.delivery_id
WHERE delivery.uncertain AND message.is_incoming
"""
RECEIVED = """
SELECT payload->'value'->'content'->>'text', extract(epoch FROM received_at)
FROM integrations_inboundevent WHERE source = 'avito'
"""
GIVEN_UP = """
SELECT kind || ' ' || state || ' ' || last_error_code FROM integrations_delivery
WHERE state = 'dead' OR needs_person
UNION ALL
SELECT source || ' event set aside: ' || last_error FROM integrations_inboundevent
WHERE state = 'set_aside'
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
        await switch_on_faults(world)
        counts = await _talk_while_breaking(world, dialogs, size)
        say(", ".join(f"{name}: {count}" for name, count in sorted(counts.items())))
        # The outside goes on refusing and failing to the end.
        await wait_quiet(site)
        checks = await reckon(world, dialogs, size)
        return Result(checks, await world.calls("*"), counts)


async def open_dialogs(world: World, count: int) -> list[Dialog]:
    """Let so many buyers open a chat, ten with each shop; nothing is said yet."""
    dialogs: list[Dialog] = []
    for number in range(1, count + 1):
        if len(dialogs) % DIALOGS_PER_SHOP == 0:
            shop = await world.open_shop(1 + number // DIALOGS_PER_SHOP)
        dialogs.append(await world.open_dialog(shop, number))
    return dialogs


async def _talk_while_breaking(
    world: World, dialogs: list[Dialog], size: Size
) -> Mapping[str, int]:
    talk = Talk(world, dialogs, messages=size.messages, pace=size.pace)
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

    :raises SiteError: it does not get quiet.
    """

    def is_quiet() -> bool:
        with suppress(psycopg.OperationalError):
            return not site.query(UNFINISHED)[0][0]
        return False

    for _ in range(2):
        # Once more after a moment: a poll may find what no webhook told.
        if not await wait_until(is_quiet, seconds=QUIET_SECONDS):
            left = site.query(UNFINISHED)[0][0]
            raise SiteError(f"{left} rows are still unfinished after {QUIET_SECONDS:.0f} s")
        await asyncio.sleep(2 * float(SETTINGS["AVITO_POLL_SECONDS"]))


@dataclass(frozen=True)
class Ends:
    """What stands at both ends of a dialog.

    :param in_topic: the buyer's messages, as the bot wrote them, in the topic's order.
    :param on_avito: the seller's messages in the buyer's chat, in their order.
    """

    dialog: Dialog
    questions: list[str]
    answers: list[str]
    in_topic: list[str]
    on_avito: list[str]
    topics: int
    unread: int


async def _look(world: World, dialog: Dialog, size: Size, group: list[dict[str, Any]]) -> Ends:
    questions = [dialog.question(number) for number in range(1, size.messages + 1)]
    own = [m for m in group if m["from"]["id"] != SELLER]
    topics = {m["thread_id"] for m in own if set(ledger.tokens_in([m["text"]])) & set(questions)}
    chat = await world.control(f"avito/chats/{dialog.chat_id}")
    written = [m["content"].get("text", "") for m in chat["messages"] if m["direction"] == "out"]
    return Ends(
        dialog=dialog,
        questions=questions,
        answers=[dialog.answer(number) for number in range(1, size.messages + 1)],
        in_topic=ledger.tokens_in(m["text"] for m in own if m["thread_id"] in topics),
        on_avito=ledger.tokens_in(written),
        topics=len(topics),
        unread=chat["unread"],
    )


async def reckon(world: World, dialogs: list[Dialog], size: Size) -> list[Check]:
    """Compare both ends of each dialog, and look at what was given up."""
    groups = {shop.number: shop for shop in (dialog.shop for dialog in dialogs)}
    texts = {number: await world.group_messages(shop) for number, shop in groups.items()}
    ends = [await _look(world, d, size, texts[d.shop.number]) for d in dialogs]
    site = world.site
    uncertain = set(ledger.tokens_in(row[0] for row in site.query(UNCERTAIN)))
    return [
        *_check_telegram(ends, uncertain),
        *_check_avito(ends),
        Check("one topic for each dialog", [e.dialog.chat_id for e in ends if e.topics != 1]),
        Check("read only after delivery", await _find_read_too_early(world, ends)),
        Check("read in the end", [e.dialog.chat_id for e in ends if e.unread]),
        Check("nothing given up", [row[0] for row in site.query(GIVEN_UP)]),
    ]


def _check_telegram(ends: list[Ends], uncertain: set[str]) -> list[Check]:
    return [
        Check("to Telegram: nothing lost", _each(ends, _lost_questions)),
        Check(
            f"to Telegram: doubled only where uncertain ({len(uncertain)})",
            _each(ends, lambda end: ledger.find_doubled(end.in_topic, allowed=uncertain)),
        ),
        Check(
            "to Telegram: in order", _each(ends, lambda end: ledger.find_overtaken(end.in_topic))
        ),
        Check(
            "to Telegram: nothing of another dialog, no echo",
            _each(ends, lambda end: ledger.find_strange(end.questions, end.in_topic)),
        ),
    ]


def _check_avito(ends: list[Ends]) -> list[Check]:
    return [
        Check(
            "to Avito: nothing lost",
            _each(ends, lambda end: ledger.find_lost(end.answers, end.on_avito)),
        ),
        Check(
            "to Avito: nothing doubled", _each(ends, lambda end: ledger.find_doubled(end.on_avito))
        ),
        Check("to Avito: in order", _each(ends, lambda end: ledger.find_overtaken(end.on_avito))),
        Check(
            "to Avito: nothing of another dialog",
            _each(ends, lambda end: ledger.find_strange(end.answers, end.on_avito)),
        ),
    ]


def _lost_questions(end: Ends) -> list[str]:
    return ledger.find_lost(end.questions, end.in_topic)


def _each(ends: list[Ends], find: Callable[[Ends], list[str]]) -> list[str]:
    return [breach for end in ends for breach in find(end)]


async def _find_read_too_early(world: World, ends: list[Ends]) -> list[str]:
    readings = [
        Reading(call["params"]["chat_id"], call["at"])
        for call in await world.calls("avito.read")
        if call["status"] == 200
    ]
    delivered: dict[str, float] = {}
    for call in await world.calls("telegram.sendMessage"):
        if call["status"] == 200:
            for token in ledger.tokens_in([call["params"].get("text", "")]):
                delivered.setdefault(token, call["at"])
    received = {str(text): float(at) for text, at in world.site.query(RECEIVED)}
    known = {
        end.dialog.chat_id: {text: received[text] for text in end.questions if text in received}
        for end in ends
    }
    return ledger.find_read_too_early(
        readings, known_at=known, delivered_at=delivered, notice_seconds=NOTICE_SECONDS
    )
