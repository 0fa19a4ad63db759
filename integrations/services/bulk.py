"""The same as the pump does for one delivery, for many of a kind in a few statements.

Only kinds that can prepare and settle many at once (``calls.Bulk``) come here. Whatever is not
the plain way, such as a late or an unclear delivery, goes the way of single ones.
"""

import asyncio
import json
import logging
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Generic, TypeVar

from django.db import connection, transaction

from config.lib.correlation import correlated
from integrations.models import Delivery
from integrations.services import allowances, settling
from integrations.services.calls import Bulk, Call, Channel, Drop, Limit, Outcome, Prepared
from integrations.services.outbox import kinds

logger = logging.getLogger(__name__)

A = TypeVar("A")
R = TypeVar("R")

# As many at once: those behind them wait so long that nobody notices.
MOST = 50

_DISPATCH = """
    UPDATE integrations_delivery AS delivery SET dispatched_at = clock_timestamp()
    FROM unnest(%s::bigint[], %s::uuid[]) AS mine(id, token)
    WHERE delivery.id = mine.id AND delivery.state = 'sending'
    AND delivery.lease_token = mine.token
    AND NOT EXISTS (SELECT 1 FROM integrations_hold AS hold
        WHERE hold.key IN (delivery.budget_key, delivery.sender)
        AND hold.until > clock_timestamp())
    RETURNING delivery.id
"""
_RELEASE = """
    UPDATE integrations_delivery AS delivery
    SET state = CASE WHEN ambiguous_at IS NOT NULL THEN 'ambiguous'
            WHEN attempts > 0 THEN 'retry' ELSE 'queued' END,
        not_before = statement_timestamp() + mine.seconds * interval '1 second',
        lease_token = NULL, leased_at = NULL
    FROM unnest(%s::bigint[], %s::uuid[], %s::float8[]) AS mine(id, token, seconds)
    WHERE delivery.id = mine.id AND delivery.state = 'sending'
    AND delivery.lease_token = mine.token
"""
_SENT = """
    UPDATE integrations_delivery AS delivery
    SET state = 'sent', result = mine.result, attempts = attempts + 1,
        settled_at = statement_timestamp(), ambiguous_at = NULL,
        lease_token = NULL, leased_at = NULL
    FROM jsonb_to_recordset(%s::jsonb) AS mine(id bigint, token uuid, result jsonb)
    WHERE delivery.id = mine.id AND delivery.state = 'sending'
    AND delivery.lease_token = mine.token
    RETURNING delivery.id
"""
_JOURNAL = """
    INSERT INTO integrations_deliveryattempt
        (delivery_id, at, outcome, error_code, error, latency_ms)
    SELECT id, statement_timestamp(), 'sent', code, text, latency_ms
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::int[]) AS made(id, code, text, latency_ms)
"""

Ready = tuple[Call, list[Limit]]
Ended = tuple[Delivery, Outcome, list[Limit], int]


class Gathered(Generic[A, R]):
    """One run for all that was asked while the run before it was on.

    :param run: gets the items and answers for each of them: a result, or the exception that its
        asker shall see.
    """

    def __init__(
        self,
        run: Callable[[list[A]], Coroutine[Any, Any, list[R | Exception]]],
    ) -> None:
        self._run = run
        self._waiting: list[tuple[A, asyncio.Future[R]]] = []
        self._task: asyncio.Task[None] | None = None

    async def ask(self, item: A) -> R:
        """Return the answer for ``item``.

        :raises Exception: what the work raised for it, or for all.
        """
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())
        return await answer

    async def _work(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            try:
                results: Sequence[R | Exception] = await self._run([item for item, _ in batch])
            except Exception as error:  # noqa: BLE001  it is for those who asked
                results = [error] * len(batch)
            for (_item, answer), result in zip(batch, results, strict=True):
                if isinstance(result, Exception):
                    answer.set_exception(result)
                else:
                    answer.set_result(result)


def bulk_of(delivery: Delivery) -> Bulk | None:
    """Return how a delivery's kind does many at once, if it can and this one is a plain one."""
    is_late = (
        delivery.expires_at and delivery.leased_at and delivery.expires_at < delivery.leased_at
    )
    if delivery.ambiguous_at or is_late:
        return None
    return kinds.get(delivery.kind).bulk


def make_ready(deliveries: Sequence[Delivery], channel: Channel) -> list[Ready | Exception | None]:
    """Return for each the call to make now with the allowances it has spent, or ``None``."""
    calls = _prepare(deliveries)
    found: dict[int, Ready] = {}
    for delivery in deliveries:
        call = calls[delivery.pk]
        if isinstance(call, Call):
            found[delivery.pk] = call, limits_of(channel, delivery, call)
    granted = _take(deliveries, found)
    going = _dispatch([each for each in deliveries if each.pk in granted])
    for delivery in deliveries:
        if delivery.pk in granted and delivery.pk not in going:
            allowances.give_back(found[delivery.pk][1], member=str(delivery.pk))
            settling.release(delivery)
    return [_answer(calls[each.pk], found.get(each.pk), each.pk in going) for each in deliveries]


def limits_of(channel: Channel, delivery: Delivery, call: Call) -> list[Limit]:
    """Return what a call spends. Of each allowance one is in the air: no request leaves while a
    429 is on its way.
    """
    return [Limit(f"{delivery.budget_key}:air", 1, 0), *channel.limits(delivery, call)]


def _answer(call: object, ready: Ready | None, is_going: bool) -> Ready | Exception | None:
    if isinstance(call, Exception):
        return call
    return ready if is_going else None


def _prepare(deliveries: Sequence[Delivery]) -> dict[int, Prepared | Exception | None]:
    """Return what each kind prepared; ``None`` for what does not leave now."""
    made: dict[int, Prepared | Exception | None] = {}
    for kind, rows in _by_kind(deliveries).items():
        bulk = kinds.get(kind).bulk
        prepared = bulk.prepare(rows) if bulk is not None else []
        made.update(zip((row.pk for row in rows), prepared, strict=True))
    for delivery in deliveries:
        if isinstance(dropped := made[delivery.pk], Drop):
            with correlated(delivery.correlation_id):
                settling.drop(delivery, reason=dropped.reason)
            made[delivery.pk] = None
    return made


def _by_kind(deliveries: Sequence[Delivery]) -> dict[str, list[Delivery]]:
    found: dict[str, list[Delivery]] = defaultdict(list)
    for delivery in deliveries:
        found[delivery.kind].append(delivery)
    return found


def _take(deliveries: Sequence[Delivery], found: dict[int, Ready]) -> set[int]:
    """Spend the allowances of all that can spend them; give the others back for so long."""
    asked = [delivery for delivery in deliveries if delivery.pk in found]
    waits = allowances.take_many([(found[each.pk][1], str(each.pk)) for each in asked])
    late = [(each, wait) for each, wait in zip(asked, waits, strict=True) if wait > 0]
    if late:
        ids = [each.pk for each, _wait in late]
        tokens = [each.lease_token for each, _wait in late]
        with connection.cursor() as cursor:
            cursor.execute(_RELEASE, [ids, tokens, [wait for _each, wait in late]])
    return {each.pk for each, wait in zip(asked, waits, strict=True) if wait <= 0}


def _dispatch(deliveries: Sequence[Delivery]) -> set[int]:
    if not deliveries:
        return set()
    tokens = [delivery.lease_token for delivery in deliveries]
    with connection.cursor() as cursor:
        cursor.execute(_DISPATCH, [[delivery.pk for delivery in deliveries], tokens])
        return {row[0] for row in cursor.fetchall()}


def record_sent(ended: Sequence[Ended]) -> list[Exception | None]:
    """Record calls that did what they should; see ``settling.settle``."""
    allowances.finish_many([(limits, str(each.pk)) for each, _, limits, _ in ended])
    settle_sent(ended)
    return [None] * len(ended)


@transaction.atomic
def settle_sent(ended: Sequence[Ended]) -> None:
    """Record what was sent and tell the kinds, in one transaction.

    Where a lease was lost nothing is changed, as with one.
    """
    by_id = {delivery.pk: (delivery, outcome, ms) for delivery, outcome, _limits, ms in ended}
    # One value: an array of texts is quoted text by text, which costs more than all the rest.
    mine = [
        {
            "id": delivery.pk,
            "token": str(delivery.lease_token),
            "result": settling.result_of(outcome),
        }
        for delivery, outcome, *_ in ended
    ]
    with connection.cursor() as cursor:
        cursor.execute(_SENT, [json.dumps(mine)])
        ids = [row[0] for row in cursor.fetchall()]
        codes = [by_id[pk][1].code[:64] for pk in ids]
        texts = [by_id[pk][1].text[:500] for pk in ids]
        cursor.execute(_JOURNAL, [ids, codes, texts, [by_id[pk][2] for pk in ids]])
    if len(ids) < len(ended):
        logger.warning("lease lost before settling", extra={"count": len(ended) - len(ids)})
    for kind, rows in _by_kind([by_id[pk][0] for pk in ids]).items():
        bulk = kinds.get(kind).bulk
        if bulk is not None:
            bulk.settle_sent(rows)
