"""Taking away rows that only pile up, a little at a time."""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from integrations.models import Delivery, InboundEvent

BATCH = 5_000
# Telegram sends an update again for a day; Avito's poll looks six days back.
INBOX_DAYS = 7
OUTBOX_DAYS = 30
ENDS = (
    Delivery.State.SENT,
    Delivery.State.DEAD,
    Delivery.State.CANCELLED,
    Delivery.State.SUPPRESSED,
)


def delete_old_rows() -> int:
    """Delete handled events and settled deliveries past their time; return how many rows went.

    What was set aside or still waits stays, however old it is.
    """
    now = timezone.now()
    handled = InboundEvent.objects.filter(
        state=InboundEvent.State.DONE, received_at__lt=now - timedelta(days=INBOX_DAYS)
    )
    settled = Delivery.objects.filter(
        state__in=ENDS,
        created_at__lt=now - timedelta(days=OUTBOX_DAYS),
        settled_at__lt=now - timedelta(days=OUTBOX_DAYS),
    )
    return delete_in_batches(handled) + delete_in_batches(settled)


def delete_in_batches(rows: QuerySet[Any]) -> int:
    """Delete rows a few thousand at a time, the oldest first; return how many went."""
    deleted = 0
    while ids := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        rows.model._default_manager.filter(pk__in=ids).delete()
        deleted += len(ids)
    return deleted
