"""The pump: claims what is due on one channel, makes the calls, settles them.

One event loop for each worker process; the calls are in the air together, the database is asked
from one thread beside the loop, which keeps its connection. Any number of pumps may run at once.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from functools import cache, partial
from threading import Thread
from typing import Any, ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connection, transaction

from config.lib.advisory import lock_key
from config.lib.correlation import correlated
from config.lib.queue import ring
from integrations.models import Delivery
from integrations.selectors.lanes import claim_heads, seconds_until_due
from integrations.services import allowances, bulk, settling
from integrations.services.bulk import Ended, Gathered, Ready, bulk_of, limits_of
from integrations.services.calls import (
    Ahead,
    Ambiguity,
    Call,
    Channel,
    Drop,
    Limit,
    Outcome,
    Prepared,
    ReadBack,
    Status,
    Wait,
)
from integrations.services.outbox import channels, kinds, put_ahead
from integrations.services.turns import end_turn, take_turn

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

# A pump waits so long for the next due delivery before it leaves that to the next bell.
LINGER_SECONDS = 5.0
LOOK_SECONDS = 0.1
QUICK_SECONDS = 0.02
# What must never come twice waits for a person if this process dies under it: few at a time. None
# waits for its turn so long that its lease could be taken for a dead one's.
CAREFUL = 4
CAREFUL_WAIT_SECONDS = 20.0
# A task that never ends could not be told from a hung one.
RUN_SECONDS = 60.0
TAKE_BACK_SECONDS = 1.0
FAULT_SECONDS = 5.0
# How long a result is kept while the database is away: the call cannot be undone.
RECORD_TRIES = 120
RECORD_PAUSE_SECONDS = 0.25
DATABASE_LOST = (OperationalError, InterfaceError)


def drain(channel: str, *, linger: bool = False) -> None:
    """Send what is due on ``channel``; return when nothing more is.

    Returns at once while as many pumps are at work as the channel allows: they see to it.

    :param linger: also wait a few seconds for what will be due soon.
    """
    engine = _engine()
    engine.run(_drain(channels.get(channel), engine, linger=linger))


async def _drain(channel: Channel, engine: "Engine", *, linger: bool) -> None:
    pump = Pump(channel, engine, linger=linger)
    if channel.pumps is None:
        await pump.run()
        return
    turn = await engine.ask(take_turn, channel)
    if turn is None:
        return
    try:
        await pump.run()
    finally:
        # Without the database the turn is free already.
        with suppress(*DATABASE_LOST):
            await engine.ask(end_turn, turn)
    # A bell that found no turn free, after our last look, left its delivery to us.
    if await engine.ask(seconds_until_due, channel=channel.name) == 0:
        ring(channel.task)


def shutdown() -> None:
    """End the process's loop and its thread's connection."""
    if _engine.cache_info().currsize:
        _engine().close()
        _engine.cache_clear()


class Engine:
    """What outlives a run: the loop in a thread of its own, another thread for the database, the
    lock that says "alive".
    """

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.token = uuid.uuid4()
        self._runner = Thread(target=self.loop.run_forever, name="pump-loop", daemon=True)
        self._runner.start()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pump-db")
        self._locked_on: object = None

    def run(self, work: Coroutine[Any, Any, R]) -> R:
        """Run ``work`` on the loop and wait for its end."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    async def ask(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run ``function`` in the thread that owns the database connection."""
        call = partial(copy_context().run, self._ask, partial(function, *args, **kwargs))
        return await self.loop.run_in_executor(self._thread, call)

    def _ask(self, call: Callable[[], R]) -> R:
        if connection.errors_occurred:
            connection.close_if_unusable_or_obsolete()
        connection.ensure_connection()
        if self._locked_on is not connection.connection:
            self._say_alive()
        return call()

    def _say_alive(self) -> None:
        with connection.cursor() as cursor:
            # It waits: another pump, looking whether we live, may have it for a moment.
            name = settling.lock_name(self.token)
            cursor.execute("SELECT pg_advisory_lock(%s)", [lock_key(name)])
        self._locked_on = connection.connection

    def close(self) -> None:
        for channel in channels.values():
            if channel.close is not None:
                self.run(channel.close())
        self._thread.submit(_close_connection).result()
        self._thread.shutdown()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._runner.join()
        self.loop.close()


def _close_connection() -> None:
    """Close the calling thread's own connection: each thread has another behind the name."""
    connection.close()


@cache
def _engine() -> Engine:
    return Engine()


class Pump:
    """One run over one channel."""

    def __init__(self, channel: Channel, engine: Engine, *, linger: bool) -> None:
        self.channel = channel
        self.engine = engine
        self.linger = linger
        self.in_air: set[asyncio.Task[None]] = set()
        self._looked_for_lost = 0.0
        self._landed = asyncio.Event()
        self._careful = asyncio.Semaphore(CAREFUL)
        self._look_at = 0.0
        self._is_crowded = False
        self._ready: Gathered[Delivery, Ready | None] = Gathered(self._make_many_ready)
        self._sent: Gathered[Ended, None] = Gathered(self._record_many)
        self._name = {"channel": channel.name}

    async def run(self) -> None:
        """Claim, send and settle until nothing is due."""
        until = time.monotonic() + RUN_SECONDS
        while time.monotonic() < until:
            try:
                await self._launch()
            except DATABASE_LOST:
                logger.warning(
                    "database lost, the pump waits", extra={"channel": self.channel.name}
                )
                await asyncio.sleep(RECORD_PAUSE_SECONDS)
                continue
            if self.in_air:
                await self._wait_for_landing()
            elif not await self._wait_for_due():
                return
        if self.in_air:
            await asyncio.wait(self.in_air)
        ring(self.channel.task)

    async def _launch(self) -> None:
        free = self.channel.window - len(self.in_air)
        if free <= 0 or not await self._may_look(free):
            return
        began = time.monotonic()
        claimed = await self.engine.ask(self._claim, free)
        now = time.monotonic()
        self._is_crowded = len(claimed) == free
        too_long = min(max(0.0, now - began - QUICK_SECONDS), LOOK_SECONDS)
        self._look_at = now + (LOOK_SECONDS if self._is_crowded else too_long)
        for delivery in claimed:
            task = asyncio.create_task(self._carry(delivery))
            self.in_air.add(task)
            task.add_done_callback(self._land)

    def _land(self, task: asyncio.Task[None]) -> None:
        self.in_air.discard(task)
        self._landed.set()

    async def _wait_for_landing(self) -> None:
        """Wait until some call has ended, or a moment. ``asyncio.wait`` would cost as much as the
        calls themselves where two hundred are in the air.
        """
        with suppress(TimeoutError):
            await asyncio.wait_for(self._landed.wait(), LOOK_SECONDS)
        self._landed.clear()

    async def _may_look(self, free: int) -> bool:
        """Keep claims apart: with thousands of lanes one costs as much for one row as for all.

        Where more waits than the window takes, half of it shall be free or a moment have passed;
        else a claim that took long is not repeated for as long.
        """
        pause = self._look_at - time.monotonic()
        if pause <= 0:
            return True
        if self._is_crowded:
            return free >= self.channel.window // 2
        await asyncio.sleep(pause)
        return True

    def _claim(self, most: int) -> list[Delivery]:
        if time.monotonic() - self._looked_for_lost > TAKE_BACK_SECONDS:
            self._looked_for_lost = time.monotonic()
            settling.take_back_lost(own=self.engine.token)
        return claim_heads(channel=self.channel.name, token=self.engine.token, most=most)

    async def _wait_for_due(self) -> bool:
        pause = await self.engine.ask(seconds_until_due, channel=self.channel.name)
        if pause is None or (pause > 0 and not self.linger) or pause > LINGER_SECONDS:
            return False
        await asyncio.sleep(min(max(pause, LOOK_SECONDS / 4), LOOK_SECONDS))
        return True

    async def _carry(self, delivery: Delivery) -> None:
        with correlated(delivery.correlation_id):
            try:
                await self._send(delivery)
            except DATABASE_LOST:
                logger.warning("database lost under a delivery", extra=_named(delivery))
                await self._persist(partial(settling.release, delivery))
            except Exception:
                logger.exception("delivery failed in our own code", extra=_named(delivery))
                await self._persist(partial(settling.settle, delivery, _fault(Status.RETRY)))

    async def _send(self, delivery: Delivery) -> None:
        if kinds.get(delivery.kind).policy.on_ambiguous is not Ambiguity.AT_MOST_ONCE:
            await self._send_now(delivery)
            return
        try:
            await asyncio.wait_for(self._careful.acquire(), CAREFUL_WAIT_SECONDS)
        except TimeoutError:
            await self._persist(partial(settling.release, delivery))
            return
        try:
            await self._send_now(delivery)
        finally:
            self._careful.release()

    async def _send_now(self, delivery: Delivery) -> None:
        is_many = bulk_of(delivery) is not None
        if is_many:
            ready = await self._ready.ask(delivery)
        else:
            ready = await self.engine.ask(self._make_ready, delivery)
        if ready is None:
            return
        call, limits = ready
        began = time.monotonic()
        outcome = await self.channel.send(delivery.sender, call)
        latency_ms = round((time.monotonic() - began) * 1000)
        try:
            if not (is_many and await self._is_recorded(delivery, outcome, limits, latency_ms)):
                await self._persist(partial(self._record, delivery, outcome, limits, latency_ms))
        except Exception:
            if outcome.status is not Status.SENT:
                raise
            # It was sent, though our own bookkeeping failed: a plain retry would send it twice.
            logger.exception("sent, but not settled", extra=_named(delivery))
            await self._persist(partial(settling.settle, delivery, _fault(Status.AMBIGUOUS)))

    async def _is_recorded(
        self, delivery: Delivery, outcome: Outcome, limits: list[Limit], latency_ms: int
    ) -> bool:
        """Record a plain success together with others; else leave it to the way of single ones."""
        if outcome.status is not Status.SENT:
            return False
        try:
            await self._sent.ask((delivery, outcome, limits, latency_ms))
        except Exception:
            logger.warning("not settled together", extra=_named(delivery), exc_info=True)
            return False
        return True

    async def _make_many_ready(self, deliveries: list[Delivery]) -> list[Ready | Exception | None]:
        return await self.engine.ask(bulk.make_ready, deliveries, self.channel)

    async def _record_many(self, ended: list[Ended]) -> list[Exception | None]:
        return await self.engine.ask(bulk.record_sent, ended)

    def _make_ready(self, delivery: Delivery) -> tuple[Call, list[Limit]] | None:
        """Return the call to make now with the allowances it has spent, or nothing."""
        call = self._call_for(delivery)
        if call is None:
            return None
        limits = limits_of(self.channel, delivery, call)
        member = str(delivery.pk)
        wait = allowances.take(limits, member=member)
        if wait > 0:
            settling.release(delivery, seconds=wait)
            return None
        if not settling.mark_dispatched(delivery):
            allowances.give_back(limits, member=member)
            settling.release(delivery)
            return None
        return call, limits

    def _call_for(self, delivery: Delivery) -> Call | None:
        if delivery.expires_at and delivery.leased_at and delivery.expires_at < delivery.leased_at:
            settling.settle(delivery, Outcome(Status.PERMANENT, code="expired"))
            return None
        rule = kinds.get(delivery.kind).policy.on_ambiguous
        if delivery.ambiguous_at and isinstance(rule, ReadBack):
            return rule.call(delivery)
        prepared = kinds.get(delivery.kind).prepare(delivery)
        if isinstance(prepared, Call):
            return prepared
        self._put_off(delivery, prepared)
        return None

    def _put_off(self, delivery: Delivery, prepared: Prepared) -> None:
        match prepared:
            case Wait(seconds=seconds):
                settling.release(delivery, seconds=seconds)
            case Drop(reason=reason):
                settling.drop(delivery, reason=reason)
            case Ahead(deliveries=new):
                with transaction.atomic():
                    rows = put_ahead(delivery, new)
                    is_open = any(row.state in Delivery.OPEN for row in rows)
                    settling.release(delivery, seconds=0 if is_open else FAULT_SECONDS)

    async def _persist(self, write: Callable[[], object]) -> None:
        """Write what happened, however long the database is away."""
        for _ in range(RECORD_TRIES):
            try:
                await self.engine.ask(write)
            except DATABASE_LOST:
                await asyncio.sleep(RECORD_PAUSE_SECONDS)
            else:
                return
        logger.error("outcome not recorded")

    def _record(
        self, delivery: Delivery, outcome: Outcome, limits: list[Limit], latency_ms: int
    ) -> None:
        allowances.finish(limits, member=str(delivery.pk))
        rule = kinds.get(delivery.kind).policy.on_ambiguous
        if delivery.ambiguous_at and isinstance(rule, ReadBack):
            settling.settle_read_back(delivery, outcome, rule)
        else:
            settling.settle(delivery, outcome, latency_ms=latency_ms)


def _fault(status: Status) -> Outcome:
    return Outcome(status, code="fault", text="see the log")


def _named(delivery: Delivery) -> dict[str, Any]:
    return {"delivery": delivery.pk, "delivery_kind": delivery.kind}
