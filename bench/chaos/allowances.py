"""The real allowances under a burst: nobody is asked too often, and nobody waits for the noisy."""

import asyncio
from collections.abc import Sequence
from typing import Any

from bench.chaos import ledger
from bench.chaos.ledger import Check, Sent
from bench.relay import relay_question
from bench.site import Site, SiteError
from bench.world import Dialog, World

NOISY_MESSAGES = 40
QUIET_DIALOGS = 4
QUIET_MESSAGES = 5
# The first of these is said before the burst, and has the topic made.
OTHER_MESSAGES = 11
OTHER_PACE_SECONDS = 4.0
OTHER_SECONDS = 5.0
# What Telegram's FAQ allows, and how far two clocks may disagree.
PER_MINUTE, PER_SECOND, TOLERANCE = 20, 1, 0.05
REFUSALS = 3
RETRY_AFTER = 6
REFUSAL_PAUSE_SECONDS = 40.0
DRAIN_SECONDS = 600.0
LOOK_SECONDS = 2.0
# Topic, card and one in the air: so far may the noisy dialog be ahead of a fair share.
HEAD_START = 3

MESSAGES = ("telegram.sendMessage", "telegram.sendPhoto")
CONTENT = (*MESSAGES, "telegram.createForumTopic", "telegram.editForumTopic")


async def run_burst(site: Site) -> list[Check]:
    """Write far more than a group may get, to one dialog most of all, while another group goes on.

    Telegram refuses now and then on top of it.
    """
    async with World(site) as world:
        crowded, other = await world.open_shop(1), await world.open_shop(2)
        noisy = await world.open_dialog(crowded, 1)
        quiet = [await world.open_dialog(crowded, 2 + n) for n in range(QUIET_DIALOGS)]
        aside = await world.open_dialog(other, 100)
        await relay_question(world, aside, 1)
        await _burst(world, noisy, quiet)
        refusing = asyncio.create_task(_refuse_now_and_then(world, crowded.group))
        await _talk_aside(world, aside)
        everything = [noisy, *quiet, aside]
        await _wait_arrived(world, everything)
        await refusing
        calls = await world.calls("telegram.*")
    return check_journal(calls, noisy=noisy, quiet=quiet, aside=aside)


async def _burst(world: World, noisy: Dialog, quiet: Sequence[Dialog]) -> None:
    for number in range(1, NOISY_MESSAGES + 1):
        noisy.said_at.append(await world.ask(noisy, noisy.question(number)))
    for number in range(1, QUIET_MESSAGES + 1):
        for dialog in quiet:
            dialog.said_at.append(await world.ask(dialog, dialog.question(number)))


async def _refuse_now_and_then(world: World, group: int) -> None:
    for _ in range(REFUSALS):
        await world.fault(
            "telegram.send*",
            "status",
            status=429,
            retry_after=RETRY_AFTER,
            times=1,
            where={"chat_id": group},
        )
        await asyncio.sleep(REFUSAL_PAUSE_SECONDS)


async def _talk_aside(world: World, aside: Dialog) -> None:
    for number in range(2, OTHER_MESSAGES + 1):
        aside.said_at.append(await world.ask(aside, aside.question(number)))
        await asyncio.sleep(OTHER_PACE_SECONDS)


async def _wait_arrived(world: World, dialogs: Sequence[Dialog]) -> None:
    wanted = {text for dialog in dialogs for text in _questions(dialog)}
    for _ in range(round(DRAIN_SECONDS / LOOK_SECONDS)):
        wanted -= set(_arrivals(await world.calls("telegram.sendMessage")))
        if not wanted:
            return
        await asyncio.sleep(LOOK_SECONDS)
    raise SiteError(f"{len(wanted)} messages did not arrive within {DRAIN_SECONDS:.0f} s")


def _arrivals(calls: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Get message → when it was sent."""
    return {
        token: call["at"]
        for call in calls
        if call["status"] == 200
        for token in ledger.tokens_in([str(call["params"].get("text", ""))])
    }


def check_journal(
    calls: Sequence[dict[str, Any]], *, noisy: Dialog, quiet: Sequence[Dialog], aside: Dialog
) -> list[Check]:
    """Hold what the sandbox heard of the bots against what Telegram allows and what is fair."""
    sent = [_sent(call) for call in calls if "chat_id" in call["params"]]
    at = _arrivals(calls)
    groups = (noisy.shop.group, aside.shop.group)
    return [
        Check(f"a group: {PER_MINUTE} a minute", _crowded(sent, groups, CONTENT, PER_MINUTE, 60)),
        Check(f"a chat: {PER_SECOND} a second", _crowded(sent, groups, MESSAGES, PER_SECOND, 1)),
        Check("no request under a hold", ledger.find_under_hold(sent)),
        Check("Telegram refused only what it was told to", _refused_by_itself(sent)),
        Check(f"another group: within {OTHER_SECONDS:.0f} s", _find_late(aside, at)),
        Check("a quiet dialog is not behind the noisy one", _find_starved(noisy, quiet, at)),
    ]


def _sent(call: dict[str, Any]) -> Sent:
    held = RETRY_AFTER if call["status"] == 429 else 0.0
    return Sent(call["at"], call["params"]["chat_id"], call["on"], held_seconds=held)


def _crowded(
    sent: Sequence[Sent], groups: Sequence[int], methods: Sequence[str], most: int, seconds: float
) -> list[float]:
    return [
        moment
        for group in groups
        for moment in ledger.find_crowded(
            # What was refused was not delivered; it counts for the hold.
            [s.at for s in sent if s.chat == group and s.method in methods and not s.held_seconds],
            most=most,
            seconds=seconds,
            tolerance=TOLERANCE,
        )
    ]


def _refused_by_itself(sent: Sequence[Sent]) -> list[Sent]:
    return [call for call in sent if call.held_seconds][REFUSALS:]


def _questions(dialog: Dialog) -> list[str]:
    return [dialog.question(number) for number in range(1, len(dialog.said_at) + 1)]


def _find_late(aside: Dialog, at: dict[str, float]) -> list[str]:
    """Get the messages of the other group that took long."""
    return [
        f"{text}: {at[text] - said_at:.1f} s"
        for text, said_at in zip(_questions(aside)[1:], aside.said_at[1:], strict=True)
        if at[text] - said_at > OTHER_SECONDS
    ]


def _find_starved(noisy: Dialog, quiet: Sequence[Dialog], at: dict[str, float]) -> list[str]:
    """Get the quiet dialogs' messages that more of the noisy one's went before than is fair.

    By turns, a dialog's n-th message goes after about n of every other.
    """
    noisy_at = [at[text] for text in _questions(noisy)]
    return [
        f"{text} behind {ahead} of the noisy dialog"
        for dialog in quiet
        for number, text in enumerate(_questions(dialog), start=1)
        if (ahead := sum(moment < at[text] for moment in noisy_at)) > number + HEAD_START
    ]
