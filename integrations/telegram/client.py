"""Bots ready to call, one set for each event loop, cached by the secret that made them."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import connection
from telegram import Bot as PtbBot

from integrations.models import Bot
from integrations.services.bots import open_token
from integrations.telegram.request import AiohttpRequest

# How long a changed or switched-off bot may still be used by a process that knows the old one.
FRESH_SECONDS = 3.0


class SenderUnusableError(Exception):
    """The bot is gone or not active. ``status`` is the row's, empty where there is none."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class CallingBot(PtbBot):
    """A bot that makes any call by name, also such as PTB does not know yet."""

    async def call(self, method: str, params: Mapping[str, Any]) -> Any:
        """Return the ``result`` of a call, JSON-shaped.

        :raises TelegramError: see ``integrations.telegram.errors.outcome_of``.
        """
        return await self._post(method, dict(params))

    async def download(self, path: str, *, most: int) -> bytes:
        """Return the content of a file by the path that ``getFile`` names.

        :raises TelegramError: as for a call.
        """
        url = f"{settings.TELEGRAM_API_BASE}/file/bot{self.token}/{path}"
        return await cast("AiohttpRequest", self.request).download(url, most=most)


@dataclass(slots=True)
class _Known:
    sealed_token: str
    bot: CallingBot
    fresh_until: float


class Bots:
    """The bots of one event loop. They share one session, so one pool of connections."""

    def __init__(self) -> None:
        self._request = AiohttpRequest()
        self._known: dict[str, _Known] = {}
        self._lookups: dict[str, asyncio.Task[CallingBot]] = {}

    async def get(self, sender: str) -> CallingBot:
        """Return the bot of ``bot:<uuid>``; its row is looked at again every few seconds.

        :raises SenderUnusableError: the bot is gone or not active.
        :raises SecretsUnavailableError: its token cannot be opened.
        """
        known = self._known.get(sender)
        if known is not None and known.fresh_until > time.monotonic():
            return known.bot
        lookup = self._lookups.get(sender)
        if lookup is None:
            lookup = asyncio.create_task(self._look_up(sender))
            self._lookups[sender] = lookup
            lookup.add_done_callback(lambda _task: self._lookups.pop(sender, None))
        return await asyncio.shield(lookup)

    def forget(self, sender: str) -> None:
        """Look at the row again before the next call."""
        self._known.pop(sender, None)

    async def close(self) -> None:
        await self._request.shutdown()

    async def _look_up(self, sender: str) -> CallingBot:
        known = self._known.get(sender)
        known_sealed = known.sealed_token if known else ""
        sealed, token = await asyncio.to_thread(_read_token, sender, known_sealed)
        if known is None or known.sealed_token != sealed:
            bot = CallingBot(
                token,
                base_url=f"{settings.TELEGRAM_API_BASE}/bot",
                request=self._request,
                get_updates_request=self._request,
            )
            known = self._known[sender] = _Known(sealed, bot, 0.0)
        known.fresh_until = time.monotonic() + FRESH_SECONDS
        return known.bot


_of_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, Bots] = WeakKeyDictionary()


def bots() -> Bots:
    """Return the bots of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _of_loop:
        _of_loop[loop] = Bots()
    return _of_loop[loop]


async def close() -> None:
    """Close the connections of the running loop; a later call opens new ones."""
    known = _of_loop.pop(asyncio.get_running_loop(), None)
    if known is not None:
        await known.close()


def _read_token(sender: str, known_sealed: str) -> tuple[str, str]:
    """Return the sealed and the open token; the latter empty if ``known_sealed`` still holds.

    Runs in a thread of its own, whose connection is closed again: a bot is looked up once in
    seconds, and a connection kept for each thread would cost more.
    """
    fields = ("pk", "organization_id", "sealed_token", "status")
    try:
        row = Bot.objects.only(*fields).filter(pk=UUID(sender.partition(":")[2])).first()
        if row is None or row.status != Bot.Status.ACTIVE:
            raise SenderUnusableError(row.status if row else "")
        if row.sealed_token == known_sealed:
            return row.sealed_token, ""
        return row.sealed_token, open_token(row)
    finally:
        connection.close()
