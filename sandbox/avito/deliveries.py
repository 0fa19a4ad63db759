"""Avito's webhooks: each event once, with a few tries, in the order of its chat."""

import asyncio
import json
import logging
import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import aiohttp

from sandbox.faults import Fault

from .state import Chat, Message

if TYPE_CHECKING:
    from sandbox.core import Sandbox

logger = logging.getLogger("sandbox.avito")

NAMES = ("avito.webhook",)
TIMEOUT_SECONDS = 2
# Avito documents no retries; these are the pauses before the second and the third try.
PAUSES_SECONDS = (1.0, 3.0)

Json = dict[str, Any]


@dataclass(frozen=True)
class _Event:
    url: str
    body: Json


@dataclass
class _Lane:
    queue: deque[_Event] = field(default_factory=deque)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class AvitoDeliveries:
    """Events under way. They are not kept over a restart: the poll finds what they told."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox
        self._lanes: dict[tuple[str, str], _Lane] = {}
        self._probes: set[asyncio.Task[bool]] = set()

    def announce(self, chat: Chat, message: Message) -> None:
        """Tell the account's webhooks of a new message, its own ones included."""
        state = self._sandbox.world.avito
        if not state.delivers:
            return
        for url in state.accounts[chat.user_id].webhooks:
            self._append(chat.id, _Event(url, _envelope(chat, message)))

    def probe(self, url: str) -> None:
        """Send the empty object by which Avito looks whether anybody answers."""
        task = asyncio.create_task(self._post(_Event(url, {})))
        self._probes.add(task)
        task.add_done_callback(self._probes.discard)

    def stop_all(self) -> None:
        for lane in self._lanes.values():
            if lane.task is not None:
                lane.task.cancel()
        self._lanes.clear()

    def _append(self, chat_id: str, event: _Event) -> None:
        lane = self._lanes.setdefault((chat_id, event.url), _Lane())
        lane.queue.append(event)
        lane.arrived.set()
        if lane.task is None or lane.task.done():
            lane.task = asyncio.create_task(self._run(lane))

    async def _run(self, lane: _Lane) -> None:
        while lane.queue:
            event = lane.queue[0]
            fault = self._strike(event)
            if fault is not None and fault.do == "reorder":
                event = await _next_first(lane, seconds=fault.duration)
                fault = None
            await self._deliver(event, fault)
            lane.queue.remove(event)

    def _strike(self, event: _Event) -> Fault | None:
        value = event.body["payload"]["value"]
        params = {name: value[name] for name in ("chat_id", "user_id", "type")}
        return self._sandbox.faults.strike(NAMES, params, delivery=True)

    async def _deliver(self, event: _Event, fault: Fault | None) -> None:
        for pause in (*PAUSES_SECONDS, None):
            if await self._attempt(event, fault):
                return
            if pause is None:
                logger.info("event %s is given up", event.body["id"])
                return
            await asyncio.sleep(pause)
            fault = self._strike(event)

    async def _attempt(self, event: _Event, fault: Fault | None) -> bool:
        if fault is None or fault.do == "reorder":
            return await self._post(event)
        if fault.do == "slow":
            await asyncio.sleep(fault.duration)
            return await self._post(event)
        if fault.do == "duplicate":
            return await self._post(event) and await self._post(event)
        if fault.do == "timeout_after":
            await self._post(event)
        if fault.do in ("timeout_before", "timeout_after"):
            await asyncio.sleep(min(fault.duration, TIMEOUT_SECONDS))
        return False

    async def _post(self, event: _Event) -> bool:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        headers = {"Content-Type": "application/json"}
        body = json.dumps(event.body, ensure_ascii=False).encode()
        try:
            async with self._sandbox.client.post(
                event.url, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                await response.read()
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            logger.info("an event is not delivered: %s", error)
            return False
        return 200 <= response.status < 300


async def _next_first(lane: _Lane, *, seconds: float) -> _Event:
    """The second event of the lane, if one is there within ``seconds``, else the first."""
    deadline = time.monotonic() + seconds
    while len(lane.queue) < 2 and (left := deadline - time.monotonic()) > 0:
        lane.arrived.clear()
        try:
            await asyncio.wait_for(lane.arrived.wait(), left)
        except TimeoutError:
            break
    return lane.queue[1] if len(lane.queue) > 1 else lane.queue[0]


def _envelope(chat: Chat, message: Message) -> Json:
    published = datetime.fromtimestamp(message.created, tz=UTC)
    return {
        "id": secrets.token_hex(16),
        "version": "v3.0.0",
        "timestamp": int(time.time()),
        "payload": {
            "type": "message",
            "value": {
                "id": message.id,
                "chat_id": chat.id,
                "chat_type": chat.type,
                "user_id": chat.user_id,
                "author_id": message.author_id,
                "item_id": chat.item.get("id") if chat.type == "u2i" else None,
                "created": message.created,
                "published_at": published.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "read": message.read_at,
                "type": message.type,
                "content": message.content,
            },
        },
    }
