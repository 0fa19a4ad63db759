"""Buyers and sellers, all at once, each at a pace of its own."""

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import suppress

from bench.chaos.ledger import TOKEN
from bench.world import SELLER, Dialog, Shop, World

LOOK_SECONDS = 0.5
# Some messages of a dialog fall into one second, some do not.
SHORTEST_PAUSE, LONGEST_PAUSE = 0.2, 1.8


class Talk:
    """Lets every buyer write `messages` texts, and every seller as many from its topic's birth.

    :param pace: seconds between two messages of one person, on average.
    """

    def __init__(
        self, world: World, dialogs: Sequence[Dialog], *, messages: int, pace: float
    ) -> None:
        self._world = world
        self._dialogs = dialogs
        self._messages = messages
        self._pace = pace

    @property
    def progress(self) -> float:
        """What share of all messages has been said, 0 to 1."""
        said = sum(len(d.said_at) + len(d.answered_at) for d in self._dialogs)
        return said / (2 * self._messages * len(self._dialogs))

    async def run(self) -> None:
        """Talk until everything has been said."""
        watching = asyncio.create_task(self._watch_topics())
        async with asyncio.TaskGroup() as tasks:
            for dialog in self._dialogs:
                tasks.create_task(self._ask(dialog))
                tasks.create_task(self._answer(dialog))
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching

    async def _ask(self, dialog: Dialog) -> None:
        for number in range(1, self._messages + 1):
            await self._pause()
            await self._world.ask(dialog, dialog.question(number))
            dialog.said_at.append(time.time())

    async def _answer(self, dialog: Dialog) -> None:
        while dialog.thread is None:  # noqa: ASYNC110  the topic is made in another process
            await asyncio.sleep(LOOK_SECONDS)
        for number in range(1, self._messages + 1):
            await self._pause()
            await self._world.reply(dialog, dialog.answer(number))
            dialog.answered_at.append(time.time())

    async def _pause(self) -> None:
        await asyncio.sleep(self._pace * random.uniform(SHORTEST_PAUSE, LONGEST_PAUSE))

    async def _watch_topics(self) -> None:
        shops = {dialog.shop.number: dialog.shop for dialog in self._dialogs}
        while any(dialog.thread is None for dialog in self._dialogs):
            for shop in shops.values():
                await self._find_topics(shop)
            await asyncio.sleep(LOOK_SECONDS)

    async def _find_topics(self, shop: Shop) -> None:
        own = {d.number: d for d in self._dialogs if d.shop == shop and d.thread is None}
        if not own:
            return
        for message in await self._world.group_messages(shop):
            token = TOKEN.search(message["text"])
            if token and message["from"]["id"] != SELLER:
                dialog = own.get(int(token[0][1:4]))
                if dialog:
                    dialog.thread = message["thread_id"]
