"""Taking old notices away, and keeping what they came to in numbers."""

from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from integrations.services.cleaning import delete_in_batches
from notifications.channels import channels
from notifications.models import Notification

NOTICE_DAYS = 90
# So long a delivery may still change its state; its own row is kept for longer.
COUNTED_DAYS = 3
OPEN = (Notification.State.WAITING, Notification.State.GATHERED)

_COUNT = """
    INSERT INTO notifications_notificationday (day, kind, channel, state, count)
    SELECT day, kind, channel, state, count(*) FROM (
        SELECT (notice.created_at AT TIME ZONE 'UTC')::date AS day, notice.kind, '' AS channel,
            notice.state
        FROM notifications_notification AS notice
        WHERE notice.created_at >= %(since)s AND notice.created_at < %(until)s
        UNION ALL
        SELECT (delivery.created_at AT TIME ZONE 'UTC')::date, notice.kind, name.channel,
            delivery.state
        FROM integrations_delivery AS delivery
        JOIN unnest(%(kinds)s::text[], %(channels)s::text[]) AS name(kind, channel)
            ON name.kind = delivery.kind
        JOIN notifications_notification AS notice
            ON notice.id = (delivery.payload->>'notification_id')::bigint
        WHERE delivery.created_at >= %(since)s AND delivery.created_at < %(until)s
    ) AS told GROUP BY day, kind, channel, state
"""


@transaction.atomic
def count_days() -> int:
    """Count the last full days anew; return how many counts there are. A repeat is harmless."""
    until = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    since = until - timedelta(days=COUNTED_DAYS)
    names = [(each, ch.name) for ch in channels.values() for each in (ch.kind, ch.once_kind)]
    with connection.cursor() as cursor:
        # Two at once would count twice.
        cursor.execute("LOCK TABLE notifications_notificationday IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(
            "DELETE FROM notifications_notificationday WHERE day >= %s AND day < %s",
            [since.date(), until.date()],
        )
        cursor.execute(
            _COUNT,
            {
                "since": since,
                "until": until,
                "kinds": [kind for kind, _channel in names],
                "channels": [channel for _kind, channel in names],
            },
        )
        return int(cursor.rowcount)


def delete_old_rows() -> int:
    """Delete notices past their time, a few thousand at once; return how many went.

    What still waits stays, however old it is.
    """
    old = timezone.now() - timedelta(days=NOTICE_DAYS)
    return delete_in_batches(
        Notification.objects.filter(created_at__lt=old).exclude(state__in=OPEN)
    )
