"""Updates on their way to bots: one in flight per bot and chat, chats in parallel."""

import asyncio
import json
import logging
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp

from sandbox.faults import Fault

from .dispatch import call_from_webhook
from .state import Bot, Update

if TYPE_CHECKING:
    from sandbox.core import Sandbox

logger = logging.getLogger("sandbox.telegram")

NAMES = ("telegram.webhook",)
# These go out only where allowed_updates names them.
ON_REQUEST = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
TIMEOUT_SECONDS = 30
LONGEST_PAUSE_SECONDS = 60.0
KEPT_SECONDS = 24 * 3600


@dataclass
class _Lane:
    bot: Bot
    slots: asyncio.Semaphore
    queue: deque[Update] = field(default_factory=deque)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


@dataclass(frozen=True, kw_only=True)
class _Failure:
    reason: str
    retry_after: float | None = None


class TelegramDeliveries:
    """The lanes of all bots. What waits is kept in ``Bot.pending``; a lane only orders it."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox
        self._lanes: dict[int, dict[int, _Lane]] = {}
        self._slots: dict[int, asyncio.Semaphore] = {}
        self._polled: dict[int, asyncio.Event] = {}

    def enqueue(self, bot: Bot, *, lane: int, kind: str, body: dict[str, Any]) -> None:
        """Bring an event to ``bot``, if it wants this ``kind``, in the order of ``lane``."""
        if not _is_wanted(bot, kind):
            return
        update = Update(
            update_id=bot.next_update_id, lane=lane, at=time.time(), kind=kind, body=body
        )
        bot.next_update_id += 1
        bot.pending[update.update_id] = update
        self._sandbox.changed()
        if bot.webhook is not None:
            self._append(bot, update)
        elif bot.id in self._polled:
            self._polled[bot.id].set()

    def start(self, bot: Bot) -> None:
        """Begin to deliver what waits for ``bot`` to its webhook, as it is set now."""
        self.stop(bot)
        if bot.webhook is None:
            return
        self._slots[bot.id] = asyncio.Semaphore(bot.webhook.max_connections)
        for update in list(bot.pending.values()):
            self._append(bot, update)

    def stop(self, bot: Bot) -> None:
        """Deliver nothing more to ``bot``; what waits goes on waiting."""
        for lane in self._lanes.pop(bot.id, {}).values():
            if lane.task is not None:
                lane.task.cancel()

    def stop_all(self) -> None:
        for bot in self._sandbox.world.telegram.bots.values():
            self.stop(bot)

    def poll_event(self, bot: Bot) -> asyncio.Event:
        """What a long poll of ``bot`` waits on; set by the next update or the next poll."""
        if bot.id in self._polled:
            self._polled[bot.id].set()
        self._polled[bot.id] = asyncio.Event()
        return self._polled[bot.id]

    def _append(self, bot: Bot, update: Update) -> None:
        lanes = self._lanes.setdefault(bot.id, {})
        lane = lanes.get(update.lane)
        if lane is None:
            lane = lanes[update.lane] = _Lane(bot=bot, slots=self._slots[bot.id])
        lane.queue.append(update)
        lane.arrived.set()
        if lane.task is None or lane.task.done():
            lane.task = asyncio.create_task(self._run(lane))

    async def _run(self, lane: _Lane) -> None:
        failures = 0
        while lane.queue:
            fault = self._strike(lane)
            if fault is not None and fault.do == "reorder":
                await _swap_first_two(lane, seconds=fault.duration)
                fault = None
            update = lane.queue[0]
            failure = None
            if time.time() - update.at < KEPT_SECONDS:
                failure = await self._attempt(lane, update, fault)
            if failure is None:
                failures = 0
                lane.queue.remove(update)
                lane.bot.pending.pop(update.update_id, None)
                self._sandbox.changed()
                continue
            failures += 1
            await asyncio.sleep(_pause(failures, failure))

    def _strike(self, lane: _Lane) -> Fault | None:
        update = lane.queue[0]
        params = {"chat_id": update.lane, "update_id": update.update_id, "bot": lane.bot.token}
        return self._sandbox.faults.strike(NAMES, params, delivery=True)

    async def _attempt(self, lane: _Lane, update: Update, fault: Fault | None) -> _Failure | None:
        failure = await self._faulted(lane, update, fault)
        webhook = lane.bot.webhook
        if failure is not None and webhook is not None:
            webhook.last_error_at = int(time.time())
            webhook.last_error = failure.reason
            logger.info("update %s is not delivered: %s", update.update_id, failure.reason)
        return failure

    async def _faulted(self, lane: _Lane, update: Update, fault: Fault | None) -> _Failure | None:
        if fault is None:
            return await self._deliver(lane, update)
        if fault.do == "slow":
            await asyncio.sleep(fault.duration)
            return await self._deliver(lane, update)
        if fault.do == "duplicate":
            return await self._deliver(lane, update) or await self._deliver(lane, update)
        if fault.do == "timeout_after":
            await self._deliver(lane, update)
        if fault.do in ("timeout_before", "timeout_after"):
            await asyncio.sleep(fault.duration)
            return _Failure(reason="Read timeout expired")
        return _Failure(reason=f"fault: {fault.do}", retry_after=fault.retry_after)

    async def _deliver(self, lane: _Lane, update: Update) -> _Failure | None:
        webhook = lane.bot.webhook
        if webhook is None:
            return _Failure(reason="the webhook was taken away")
        headers = {"Content-Type": "application/json"}
        if webhook.secret_token:
            headers["X-Telegram-Bot-Api-Secret-Token"] = webhook.secret_token
        body = json.dumps(update.as_json(), ensure_ascii=False).encode()
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        try:
            async with (
                lane.slots,
                self._sandbox.client.post(
                    webhook.url,
                    data=body,
                    headers=headers,
                    timeout=timeout,
                    allow_redirects=False,
                ) as response,
            ):
                answer = await response.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            return _Failure(reason=str(error) or "Read timeout expired")
        if 200 <= response.status < 300:
            await call_from_webhook(self._sandbox, lane.bot, answer)
            return None
        return _Failure(
            reason=f"Wrong response from the webhook: {response.status} {response.reason}",
            retry_after=_seconds(response.headers.get("Retry-After")),
        )


def _is_wanted(bot: Bot, kind: str) -> bool:
    if bot.allowed_updates:
        return kind in bot.allowed_updates
    return kind not in ON_REQUEST


async def _swap_first_two(lane: _Lane, *, seconds: float) -> None:
    """Put the next update before the first one, if one comes within ``seconds``."""
    deadline = time.monotonic() + seconds
    while len(lane.queue) < 2 and (left := deadline - time.monotonic()) > 0:
        lane.arrived.clear()
        try:
            await asyncio.wait_for(lane.arrived.wait(), left)
        except TimeoutError:
            return
    if len(lane.queue) > 1:
        lane.queue[0], lane.queue[1] = lane.queue[1], lane.queue[0]


def _pause(failures: int, failure: _Failure) -> float:
    """At once, then 2, 4, 8 … seconds up to a minute, unless the receiver named a time."""
    if failure.retry_after is not None:
        return failure.retry_after
    return 0.0 if failures == 1 else min(2.0 ** (failures - 1), LONGEST_PAUSE_SECONDS)


def _seconds(header: str | None) -> float | None:
    return float(header) if header is not None and header.isdigit() else None
