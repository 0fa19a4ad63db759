"""How long texts and pictures take from Avito into the topic, and from there to the buyer."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from bench.figures import Figure, at_most, percentile, spread
from bench.pictures import draw
from bench.site import FASTER, Site
from bench.world import Dialog, World

# With the real allowances a group takes 20 messages a minute, so that a message a second needs
# several groups: six of them get ten each, and room for their topics and cards.
SHOPS = 6
DIALOGS_PER_SHOP = 2
SAMPLES = 60
PACE_SECONDS = 1.0
MOST_SECONDS = 1.0
PICTURE_SECONDS = 2.0
FIRST_MESSAGE_SECONDS = 4.0
ARRIVAL_SECONDS = 30.0
REST_SECONDS = 2.0

POLL_SECONDS = 5
POLL_SLACK_SECONDS = 2.0
POLL_SAMPLES = 20
# Not a multiple of the interval: the samples shall fall everywhere within it.
POLL_PACE_SECONDS = 1.7

POLLING_SETTINGS = {**FASTER, "AVITO_POLL_SECONDS": str(POLL_SECONDS)}

Trip = Callable[[World, Dialog, int], Awaitable[float]]


async def measure_relay(site: Site) -> list[Figure]:
    """Measure the idle site with the real allowances: new chats, then each way."""
    async with World(site) as world:
        dialogs, first = await _open_dialogs(world, shops=SHOPS, each=DIALOGS_PER_SHOP)
        await asyncio.sleep(REST_SECONDS)
        inward = await _sample(world, dialogs, relay_question, count=SAMPLES, pace=PACE_SECONDS)
        outward = await _sample(world, dialogs, relay_answer, count=SAMPLES, pace=PACE_SECONDS)
        shown = await _sample(world, dialogs, relay_picture, count=SAMPLES, pace=PACE_SECONDS)
        photos = await _sample(world, dialogs, relay_photo, count=SAMPLES, pace=PACE_SECONDS)
    return [
        spread("first message of a new chat: topic, card, text", first),
        at_most("  slowest", max(first), FIRST_MESSAGE_SECONDS, unit="s"),
        spread("Avito to the topic", inward),
        at_most("  95th percentile", percentile(inward, 0.95), MOST_SECONDS, unit="s"),
        spread("topic to Avito", outward),
        at_most("  95th percentile", percentile(outward, 0.95), MOST_SECONDS, unit="s"),
        spread("a picture, Avito to the topic", shown),
        at_most("  95th percentile", percentile(shown, 0.95), PICTURE_SECONDS, unit="s"),
        spread("a photo, topic to Avito", photos),
        at_most("  95th percentile", percentile(photos, 0.95), PICTURE_SECONDS, unit="s"),
    ]


async def measure_polling(site: Site) -> list[Figure]:
    """Measure the way in while Avito calls nobody: what polling alone finds."""
    async with World(site) as world:
        dialogs, _ = await _open_dialogs(world, shops=1, each=4)
        await world.control("avito/webhooks", {"deliver": False})
        await asyncio.sleep(REST_SECONDS)
        found = await _sample(
            world, dialogs, relay_question, count=POLL_SAMPLES, pace=POLL_PACE_SECONDS
        )
    return [
        spread(f"Avito to the topic, polled every {POLL_SECONDS} s", found),
        at_most(
            "  95th percentile",
            percentile(found, 0.95),
            POLL_SECONDS + POLL_SLACK_SECONDS,
            unit="s",
        ),
    ]


async def relay_question(world: World, dialog: Dialog, number: int) -> float:
    """Let the buyer write; return the seconds until it was sent to the topic."""
    text, after = dialog.question(number), await world.last_seq()
    said_at = await world.ask(dialog, text)
    dialog.said_at.append(said_at)
    call = await world.wait_call(
        "telegram.sendMessage",
        lambda call: call["params"].get("text") == text,
        after=after,
        seconds=ARRIVAL_SECONDS,
    )
    dialog.thread = call["params"].get("message_thread_id")
    return float(call["at"]) - said_at


async def relay_answer(world: World, dialog: Dialog, number: int) -> float:
    """Let the seller answer; return the seconds until it was sent to the buyer."""
    text, after = dialog.answer(number), await world.last_seq()
    said_at = await world.reply(dialog, text)
    dialog.answered_at.append(said_at)
    call = await world.wait_call(
        "avito.sendMessage",
        lambda call: call["params"].get("message", {}).get("text") == text,
        after=after,
        seconds=ARRIVAL_SECONDS,
    )
    return float(call["at"]) - said_at


async def relay_picture(world: World, dialog: Dialog, number: int) -> float:
    """Let the buyer show a picture; return the seconds until it was sent to the topic.

    The dialog's pictures come one after another, far enough apart.
    """
    image, after = draw("b", dialog=dialog.number, number=number), await world.last_seq()
    said_at = time.time()
    await world.say_on_avito(dialog, image=image)
    call = await world.wait_call(
        "telegram.sendPhoto",
        lambda call: (
            call["params"].get("message_thread_id") == dialog.thread
            and call["params"]["chat_id"] == dialog.shop.group
        ),
        after=after,
        seconds=ARRIVAL_SECONDS,
    )
    return float(call["at"]) - said_at


async def relay_photo(world: World, dialog: Dialog, number: int) -> float:
    """Let the seller send a photo; return the seconds until it was sent to the buyer."""
    photo, after = draw("s", dialog=dialog.number, number=number), await world.last_seq()
    said_at = time.time()
    await world.say_in_topic(dialog, photo=photo)
    call = await world.wait_call(
        "avito.sendImage",
        lambda call: call["params"]["chat_id"] == dialog.chat_id,
        after=after,
        seconds=ARRIVAL_SECONDS,
    )
    return float(call["at"]) - said_at


async def _open_dialogs(world: World, *, shops: int, each: int) -> tuple[list[Dialog], list[float]]:
    """Open dialogs one after another; return them by turns of shop, and their first latencies."""
    dialogs, first = [], []
    opened = [await world.open_shop(number) for number in range(1, shops + 1)]
    for turn in range(each):
        for shop in opened:
            dialog = await world.open_dialog(shop, turn * shops + shop.number)
            first.append(await relay_question(world, dialog, 1))
            dialogs.append(dialog)
    return dialogs, first


async def _sample(
    world: World, dialogs: Sequence[Dialog], trip: Trip, *, count: int, pace: float
) -> list[float]:
    """Take samples at a steady pace, dialog by dialog; slow ones overlap the next."""
    async with asyncio.TaskGroup() as tasks:
        running = []
        for number in range(count):
            dialog = dialogs[number % len(dialogs)]
            trial = trip(world, dialog, 2 + number // len(dialogs))
            running.append(tasks.create_task(_float(trial)))
            await asyncio.sleep(pace)
    return [task.result() for task in running]


async def _float(trial: Awaitable[float]) -> float:
    return await trial
