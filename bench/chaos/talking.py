"""Buyers and sellers, all at once, each at a pace of its own."""

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from bench.chaos.forms import ALBUM_PHOTOS, Form, Line, Script
from bench.chaos.ledger import TOKEN
from bench.pictures import draw
from bench.world import SELLER, Dialog, Shop, World

LOOK_SECONDS = 0.5
# Some messages of a dialog fall into one second, some do not.
SHORTEST_PAUSE, LONGEST_PAUSE = 0.2, 1.8
# What is deleted before anybody but Avito has seen it cannot be shown by anybody: so long it
# takes at most until a poll has found what a webhook failed to tell.
KNOWN_SECONDS = 20.0
THUMB_DOWN = "👎"


class Talk:
    """Lets every buyer write what its script says, and every seller from its topic's birth.

    :param messages: how many each of them says.
    :param pace: seconds between two messages of one person, on average.
    """

    def __init__(
        self, world: World, scripts: Sequence[Script], *, messages: int, pace: float
    ) -> None:
        self._world = world
        self._scripts = scripts
        self._messages = messages
        self._pace = pace

    @property
    def progress(self) -> float:
        """What share of all messages has been said, 0 to 1."""
        dialogs = [script.dialog for script in self._scripts]
        said = sum(len(d.said_at) + len(d.answered_at) for d in dialogs)
        return said / (2 * self._messages * len(dialogs))

    async def run(self) -> None:
        """Talk until everything has been said, edited and taken back."""
        watching = asyncio.create_task(self._watch_topics())
        async with asyncio.TaskGroup() as tasks:
            for script in self._scripts:
                tasks.create_task(self._ask(script, tasks))
                tasks.create_task(self._answer(script, tasks))
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching

    async def _ask(self, script: Script, tasks: asyncio.TaskGroup) -> None:
        dialog = script.dialog
        for line in script.questions:
            await self._pause()
            said = await self._world.say_on_avito(dialog, **_on_avito(dialog, line))
            script.ids[said["message_id"]] = line
            dialog.said_at.append(time.time())
            if line.form is Form.DELETED:
                tasks.create_task(self._take_back(dialog, said["message_id"]))

    async def _take_back(self, dialog: Dialog, message_id: str) -> None:
        await asyncio.sleep(KNOWN_SECONDS)
        await self._world.control(
            "avito/delete", {"chat_id": dialog.chat_id, "message_id": message_id}
        )

    async def _answer(self, script: Script, tasks: asyncio.TaskGroup) -> None:
        dialog = script.dialog
        while dialog.thread is None:  # noqa: ASYNC110  the topic is made in another process
            await asyncio.sleep(LOOK_SECONDS)
        for line in script.answers:
            await self._pause()
            said = await self._world.say_in_topic(dialog, **_in_topic(dialog, line))
            script.in_telegram[line.token] = said["message_ids"]
            dialog.answered_at.append(time.time())
            if line.form in (Form.EDITED, Form.DELETED):
                tasks.create_task(self._think_better(dialog, line, said["message_id"]))

    async def _think_better(self, dialog: Dialog, line: Line, message_id: int) -> None:
        """Edit a message once or twice, or ask by a reaction that it be deleted."""
        if line.form is Form.EDITED:
            for text in line.versions[1:]:
                await self._pause()
                await self._world.say_in_topic(dialog, edits=message_id, text=text)
            return
        await self._pause()
        await self._world.control(
            "telegram/react",
            {
                "chat_id": dialog.shop.group,
                "user": SELLER,
                "message_id": message_id,
                "emoji": THUMB_DOWN,
            },
        )

    async def _pause(self) -> None:
        await asyncio.sleep(self._pace * random.uniform(SHORTEST_PAUSE, LONGEST_PAUSE))

    async def _watch_topics(self) -> None:
        dialogs = [script.dialog for script in self._scripts]
        shops = {dialog.shop.number: dialog.shop for dialog in dialogs}
        while any(dialog.thread is None for dialog in dialogs):
            for shop in shops.values():
                await self._find_topics(shop)
            await asyncio.sleep(LOOK_SECONDS)

    async def _find_topics(self, shop: Shop) -> None:
        dialogs = [script.dialog for script in self._scripts]
        own = {d.number: d for d in dialogs if d.shop == shop and d.thread is None}
        if not own:
            return
        for message in await self._world.group_messages(shop):
            token = TOKEN.search(message["text"])
            if token and message["from"]["id"] != SELLER:
                dialog = own.get(int(token[0][1:4]))
                if dialog:
                    dialog.thread = message["thread_id"]


def _on_avito(dialog: Dialog, line: Line) -> dict[str, Any]:
    match line.form:
        case Form.PICTURE:
            return {"image": draw("b", dialog=dialog.number, number=line.number)}
        case Form.VOICE:
            return {"voice": "sample"}
    return {"text": line.token}


def _in_topic(dialog: Dialog, line: Line) -> dict[str, Any]:
    match line.form:
        case Form.PICTURE:
            photo = draw("s", dialog=dialog.number, number=line.number)
            return {"photo": photo, "caption": line.token}
        case Form.ALBUM:
            photos = [
                draw("s", dialog=dialog.number, number=line.number, place=place)
                for place in range(1, ALBUM_PHOTOS + 1)
            ]
            return {"album": photos, "caption": line.token}
    return {"text": line.token}
