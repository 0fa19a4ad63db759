"""Telegram and Avito are down for minutes while people go on writing; then both come back."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from bench.chaos.forms import write_script
from bench.chaos.ledger import Check
from bench.chaos.reckoning import reckon
from bench.chaos.storm import SETTINGS, Size, count_unfinished, open_dialogs, wait_quiet
from bench.site import Site, SiteError, faster
from bench.world import Dialog, World, wait_until

# Ten minutes, in which 2,500 messages are written each way, besides the first of each dialog.
OUTAGE_SECONDS = 600.0
SIZE = Size(dialogs=50, messages=51, pace=0.0)
# How much faster than the real ones the allowances refill.
FACTOR = 20
# What the outage strikes: whatever is written to either side, and the looking there afterwards.
DOWN = {
    "telegram.sendMessage": 502,
    "telegram.setMessageReaction": 502,
    "avito.sendMessage": 503,
    "avito.chats": 503,
    "avito.messages": 503,
    "avito.read": 503,
}
TOPICS_SECONDS = 60.0
INTAKE_SECONDS = 300.0
TOO_MANY_REQUESTS = 429
PROCESSES = ("worker", "pump", "web", "sandbox")


def settings(factor: int) -> dict[str, str]:
    """Get what the site of an outage is started with."""
    return {**SETTINGS, **faster(factor)}


async def run_outage(
    site: Site, size: Size, seconds: float, *, say: Callable[[str], None]
) -> list[Check]:
    """Say all but the first message of each dialog during an outage, and reckon afterwards.

    :param seconds: how long both sides are down, the time of writing included.
    :raises SiteError: the dialogs do not begin, or it does not get quiet afterwards.
    """
    async with World(site) as world:
        dialogs = await open_dialogs(world, size.dialogs)
        scripts = [write_script(dialog, size.messages, is_mixed=False) for dialog in dialogs]
        await _begin(world, dialogs)
        before = await world.last_seq()
        waiting = await _write_while_down(world, dialogs, size, seconds)
        vain = len(await world.calls("*", after=before))
        back_at, used = time.monotonic(), _count_cpu(site)
        await wait_quiet(site)
        took = time.monotonic() - back_at
        say(f"{waiting} waited, {vain} calls meanwhile, all through {took:.0f} s after the return")
        spent = {name: seconds - used[name] for name, seconds in _count_cpu(site).items()}
        say("CPU seconds of it: " + ", ".join(f"{n} {s:.0f}" for n, s in spent.items()))
        expected = 2 * size.dialogs * (size.messages - 1)
        refused = [c for c in await world.calls("*") if c["status"] == TOO_MANY_REQUESTS]
        return [
            Check(f"{expected} waited", [] if waiting >= expected else [waiting]),
            Check("nothing beyond the allowances", [call["on"] for call in refused]),
            *await reckon(world, scripts),
        ]


async def _begin(world: World, dialogs: Sequence[Dialog]) -> None:
    """Let each dialog have its topic, and one message each way."""
    for dialog in dialogs:
        await world.ask(dialog, dialog.question(1))
    deadline = time.monotonic() + TOPICS_SECONDS
    while any(dialog.thread is None for dialog in dialogs):
        if time.monotonic() > deadline:
            raise SiteError("not every dialog has a topic")
        await _find_topics(world, dialogs)
        await asyncio.sleep(1)
    for dialog in dialogs:
        await world.reply(dialog, dialog.answer(1))
    if not await wait_until(lambda: not count_unfinished(world.site), seconds=TOPICS_SECONDS):
        raise SiteError("the dialogs do not begin")


async def _find_topics(world: World, dialogs: Sequence[Dialog]) -> None:
    for shop in {dialog.shop.number: dialog.shop for dialog in dialogs}.values():
        written: dict[str, Any] = {
            message["text"]: message["thread_id"] for message in await world.group_messages(shop)
        }
        for dialog in dialogs:
            if dialog.shop == shop:
                dialog.thread = written.get(dialog.question(1))


async def _write_while_down(
    world: World, dialogs: Sequence[Dialog], size: Size, seconds: float
) -> int:
    """Return how many events and deliveries wait at the end of the outage."""
    back_at = time.monotonic() + seconds
    for on, status in DOWN.items():
        await world.fault(on, "status", status=status)
    async with asyncio.TaskGroup() as tasks:
        for dialog in dialogs:
            tasks.create_task(_write(world, dialog, size))
    await asyncio.sleep(max(0.0, back_at - time.monotonic()))
    # A slow machine may not have taken in all that was said.
    expected = 2 * len(dialogs) * (size.messages - 1)
    await wait_until(lambda: count_unfinished(world.site) >= expected, seconds=INTAKE_SECONDS)
    waiting = count_unfinished(world.site)
    await world.clear_faults()
    return waiting


async def _write(world: World, dialog: Dialog, size: Size) -> None:
    for number in range(2, size.messages + 1):
        await world.ask(dialog, dialog.question(number))
        await world.reply(dialog, dialog.answer(number))


def _count_cpu(site: Site) -> dict[str, float]:
    return {name: site.cpu_seconds(name) for name in PROCESSES}
