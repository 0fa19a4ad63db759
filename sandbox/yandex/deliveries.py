"""Updates on their way to webhooks: at least once, in the order of a bot's chat, for a day."""

import asyncio
import json
import logging
import time
from typing import TYPE_CHECKING, Any

import aiohttp

from sandbox.faults import Fault

from .state import Bot

if TYPE_CHECKING:
    from sandbox.core import Sandbox

logger = logging.getLogger("sandbox.yandex")

NAMES = ("yandex.webhook",)
TIMEOUT_SECONDS = 1
KEPT_SECONDS = 24 * 3600
PAUSE_SECONDS = 5.0
LONG_PAUSE_SECONDS = 45.0
SHORT_TRIES = 8

Json = dict[str, Any]


class YandexDeliveries:
    """One lane for each bot and person. What waits is kept in ``Bot.pending``."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox
        self._lanes: dict[tuple[str, str], asyncio.Task[None]] = {}

    def start(self, bot: Bot) -> None:
        """Bring what waits for ``bot`` to its webhook, if it has one."""
        if bot.webhook_url is None:
            return
        for login in {update["from"]["login"] for update in bot.pending}:
            lane = self._lanes.get((bot.token, login))
            if lane is None or lane.done():
                task = asyncio.create_task(self._run(bot, login))
                self._lanes[bot.token, login] = task

    def stop_all(self) -> None:
        for task in self._lanes.values():
            task.cancel()
        self._lanes.clear()

    async def _run(self, bot: Bot, login: str) -> None:
        tries = 0
        while (update := _next_of(bot, login)) is not None and (url := bot.webhook_url):
            is_old = time.time() - update["timestamp"] > KEPT_SECONDS
            if is_old or await self._attempt(url, update):
                tries = 0
                # Somebody may have reset the bot's updates meanwhile.
                bot.pending = [other for other in bot.pending if other is not update]
                self._sandbox.changed()
                continue
            tries += 1
            await asyncio.sleep(PAUSE_SECONDS if tries <= SHORT_TRIES else LONG_PAUSE_SECONDS)

    async def _attempt(self, url: str, update: Json) -> bool:
        params = {"login": update["from"]["login"], "text": update.get("text")}
        fault = self._sandbox.faults.strike(NAMES, params, delivery=True)
        if fault is None or fault.do == "reorder":
            return await self._post(url, update)
        return await self._bent(url, update, fault)

    async def _bent(self, url: str, update: Json, fault: Fault) -> bool:
        if fault.do == "slow":
            await asyncio.sleep(fault.duration)
            return await self._post(url, update)
        if fault.do == "duplicate":
            return await self._post(url, update) and await self._post(url, update)
        if fault.do == "timeout_after":
            await self._post(url, update)
        return False

    async def _post(self, url: str, update: Json) -> bool:
        """Say whether the answer was final: only silence and 5xx are tried again."""
        body = json.dumps({"ok": True, "updates": [update]}, ensure_ascii=False).encode()
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        headers = {"Content-Type": "application/json"}
        try:
            async with self._sandbox.client.post(
                url, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                await response.read()
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            logger.info("an update is not delivered: %s", error)
            return False
        return response.status < 500


def _next_of(bot: Bot, login: str) -> Json | None:
    return next((u for u in bot.pending if u["from"]["login"] == login), None)
