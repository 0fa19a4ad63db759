"""The one outbox of the whole site: what shall leave the process is a row first.

``deliver`` writes it in the caller's transaction and rings; the pump of its channel does the
rest (``integrations.services.pump``). A kind says how its deliveries are prepared and settled.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now

from config.lib.correlation import get_correlation_id
from config.lib.errors import ConflictError
from config.lib.queue import ring_on_commit
from config.lib.registry import Registry
from integrations.models import Delivery
from integrations.services.calls import (
    Channel,
    Kind,
    LaneDelivery,
    NewDelivery,
    Outcome,
    Policy,
    Prepare,
    Settle,
    Status,
)

kinds: Registry[Kind] = Registry("delivery kind")
channels: Registry[Channel] = Registry("delivery channel")
_channel_of_prefix: Registry[Channel] = Registry("sender")

State = Delivery.State

_INSERT_MANY = """
    INSERT INTO integrations_delivery
        (kind, channel, sender, lane, budget_key, payload, idempotency_key, expires_at,
         correlation_id, state, rank, attempts, needs_person, uncertain, last_error_code,
         last_error, not_before, created_at)
    SELECT kind, channel, sender, lane, budget_key, payload::jsonb, idempotency_key, expires_at,
        correlation_id, 'queued', 0, 0, false, false, '', '',
        statement_timestamp(), statement_timestamp()
    FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
        %s::text[], %s::timestamptz[], %s::text[]) WITH ORDINALITY AS new
        (kind, channel, sender, lane, budget_key, payload, idempotency_key, expires_at,
         correlation_id, place)
    ORDER BY place
    ON CONFLICT (idempotency_key) DO NOTHING
"""


def register_kind(kind: str, prepare: Prepare, settle: Settle, policy: Policy) -> None:
    """Say how deliveries of ``kind`` are made. Called in ``AppConfig.ready()`` only."""
    kinds.register(kind, Kind(prepare=prepare, settle=settle, policy=policy))


def register_channel(channel: Channel) -> None:
    """Add a way out. Called in ``AppConfig.ready()`` only."""
    channels.register(channel.name, channel)
    _channel_of_prefix.register(channel.prefix, channel)


def channel_of(sender: str) -> Channel:
    """Return the channel that ``sender`` sends over.

    :raises LookupError: no channel has senders of this sort.
    """
    return _channel_of_prefix.get(sender.partition(":")[0])


@transaction.atomic
def deliver(
    *,
    kind: str,
    sender: str,
    lane: str,
    budget_key: str,
    payload: Mapping[str, Any],
    idempotency_key: str,
    not_before: datetime | None = None,
    expires_at: datetime | None = None,
) -> Delivery:
    """Write a delivery in the caller's transaction; it leaves after the commit.

    :param sender: ``bot:<uuid>``, ``avito:<uuid>`` or ``mail:site``; chooses the channel.
    :param lane: what must stay in order, such as one dialog's way to Telegram.
    :param budget_key: whose allowance is spent, such as ``bot:<uuid>:<chat id>``.
    :param idempotency_key: a repeat returns the first delivery and changes nothing.
    :raises LookupError: nobody registered this kind or the sender's channel.
    """
    kinds.get(kind)
    channel = channel_of(sender)
    delivery, _ = Delivery.objects.get_or_create(
        idempotency_key=idempotency_key,
        defaults={
            "kind": kind,
            "channel": channel.name,
            "sender": sender,
            "lane": lane,
            "budget_key": budget_key,
            "payload": dict(payload),
            "not_before": not_before or Now(),
            "expires_at": expires_at,
            "correlation_id": get_correlation_id(),
            "created_at": Now(),
        },
    )
    ring_on_commit(channel.task)
    return delivery


@transaction.atomic
def deliver_many(new: Sequence[LaneDelivery]) -> int:
    """Write deliveries as ``deliver`` does, in the given order; return how many are new.

    One statement, whatever their number, and one bell for each channel.

    :raises LookupError: nobody registered one of the kinds or senders; nothing is written.
    """
    for kind in {item.kind for item in new}:
        kinds.get(kind)
    channel_names = {sender: channel_of(sender) for sender in {item.sender for item in new}}
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT_MANY,
            [
                [item.kind for item in new],
                [channel_names[item.sender].name for item in new],
                [item.sender for item in new],
                [item.lane for item in new],
                [item.budget_key for item in new],
                [json.dumps(dict(item.payload)) for item in new],
                [item.idempotency_key for item in new],
                [item.expires_at for item in new],
                [item.correlation_id for item in new],
            ],
        )
        count = int(cursor.rowcount)
    for task in {channel.task for channel in channel_names.values()}:
        ring_on_commit(task)
    return count


def number_after(prefix: str) -> int:
    """Return a number for the next idempotency key that begins with ``prefix``.

    It is the newest such delivery's id, 0 where there is none. A count would come back to a number
    that is still in use once old rows are cleaned away, and nothing would be sent.
    """
    made = Delivery.objects.filter(idempotency_key__startswith=prefix).order_by("-pk")
    return made.values_list("pk", flat=True).first() or 0


def put_ahead(
    delivery: Delivery, new: Iterable[NewDelivery], *, rank: int | None = None
) -> list[Delivery]:
    """Write ``new`` so that they leave before ``delivery``, in the given order.

    They share its place in the lane at a lower rank; the caller holds the transaction.

    :param rank: the rank that they get; left out, the one just below the delivery's own, which
        is before all else that was put ahead of it.
    """
    rank = delivery.rank - 1 if rank is None else rank
    return [
        Delivery.objects.get_or_create(
            idempotency_key=item.idempotency_key,
            defaults={
                "kind": item.kind,
                "channel": delivery.channel,
                "sender": item.sender,
                "lane": delivery.lane,
                "budget_key": item.budget_key,
                "payload": dict(item.payload),
                "position": delivery.position or delivery.pk,
                "rank": rank,
                "not_before": Now(),
                "correlation_id": delivery.correlation_id,
                "created_at": Now(),
            },
        )[0]
        for item in new
    ]


@transaction.atomic
def wake_lane(lane: str) -> None:
    """Let a lane whose head said ``Wait`` look again at once, after the commit."""
    waiting = Delivery.objects.filter(lane=lane, state=State.QUEUED)
    waiting.filter(not_before__gt=Now()).update(not_before=Now())
    for name in waiting.values_list("channel", flat=True).distinct():
        ring_on_commit(channels.get(name).task)


@transaction.atomic
def retry(delivery_ids: Collection[int]) -> int:
    """Send again what was given up or waits for a person; return how many.

    The journal stays; ``uncertain`` is set where the first send may have happened.
    """
    rows = Delivery.objects.filter(pk__in=delivery_ids).filter(
        Q(state__in=[State.DEAD, State.CANCELLED]) | Q(state=State.AMBIGUOUS, needs_person=True)
    )
    tasks = {channels.get(name).task for name in rows.values_list("channel", flat=True)}
    count = rows.update(
        state=State.RETRY,
        uncertain=Case(When(state=State.AMBIGUOUS, then=Value(True)), default=F("uncertain")),
        needs_person=False,
        ambiguous_at=None,
        attempts=0,
        not_before=Now(),
        expires_at=None,
        settled_at=None,
    )
    for task in tasks:
        ring_on_commit(task)
    return count


@transaction.atomic
def decide(delivery: Delivery, *, was_sent: bool) -> None:
    """Settle, as a person saw it, a delivery whose outcome nobody could tell.

    :raises ConflictError: it does not wait for a person (any more); nothing is changed.
    """
    rows = Delivery.objects.select_for_update(no_key=True).filter(
        pk=delivery.pk, state=State.AMBIGUOUS, needs_person=True
    )
    if not rows.exists():
        raise ConflictError
    state = State.SENT if was_sent else State.CANCELLED
    Delivery.objects.filter(pk=delivery.pk).update(
        state=state, needs_person=False, settled_at=Now()
    )
    status = Status.SENT if was_sent else Status.PERMANENT
    kinds.get(delivery.kind).settle(delivery, Outcome(status, result={}, code="decided"))
