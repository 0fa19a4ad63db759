"""The order of a conversation, where what was said earlier comes to us later.

Avito promises no order of its webhooks, and the poll finds what they lost. What has left cannot be
overtaken any more; among what still waits, the time of writing decides.
"""

from django.db.models import BigIntegerField, Max
from django.db.models.functions import Coalesce

from dialogs.models import Message
from integrations.models import Delivery
from integrations.services.calls import NewDelivery
from integrations.services.outbox import deliver, put_ahead, wake_lane

# Between the ranks of two deliveries at one place in the lane.
STEP = 32


def deliver_in_order(message: Message, new: NewDelivery, *, lane: str) -> Delivery:
    """Write a message's delivery at its place in the lane: before what was written after it.

    Avito tells the time to the second; within one, the order of coming counts. The caller holds
    the dialog's lock.
    """
    later = _first_after(message, new.kind, lane) if message.is_incoming else None
    if later is None:
        return deliver(
            kind=new.kind,
            sender=new.sender,
            lane=lane,
            budget_key=new.budget_key,
            payload=new.payload,
            idempotency_key=new.idempotency_key,
        )
    (delivery,) = put_ahead(later, [new], rank=_rank_before(later, lane))
    wake_lane(lane)
    return delivery


def _rank_before(later: Delivery, lane: str) -> int:
    """Return a rank right before a delivery, and behind what stands before it already.

    With room on both sides, so that something may come between once more.
    """
    place = later.position or later.pk
    ranks = (
        Delivery.objects.filter(lane=lane, state__in=Delivery.OPEN)
        .annotate(place=Coalesce("position", "id", output_field=BigIntegerField()))
        .filter(place=place, rank__lt=later.rank)
        .aggregate(nearest=Max("rank"))
    )
    if ranks["nearest"] is None:
        return later.rank - STEP
    # With no rank left between, the younger of two equals comes after the older one.
    return int(ranks["nearest"] + later.rank) // 2


def _first_after(message: Message, kind: str, lane: str) -> Delivery | None:
    """Return the first waiting delivery of a message that was written later than this one.

    What was surely not sent waits as well, and goes behind.
    """
    later = Message.objects.filter(
        dialog=message.dialog_id, status=Message.Status.QUEUED, written_at__gt=message.written_at
    )
    ids = list(later.order_by("written_at", "pk").values_list("pk", flat=True))
    if not ids:
        return None
    waiting = Delivery.objects.filter(
        lane=lane,
        kind=kind,
        state__in=(Delivery.State.QUEUED, Delivery.State.RETRY),
        ambiguous_at=None,
        payload__message_id__in=ids,
    )
    by_message = {row.payload["message_id"]: row for row in waiting}
    return next((by_message[pk] for pk in ids if pk in by_message), None)
