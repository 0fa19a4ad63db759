"""The digest: one notice that tells of many, once a day."""

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from config.lib.advisory import try_advisory_lock
from config.lib.correlation import new_correlation_id
from notifications.models import Notification
from notifications.services.kinds import register_notification

DIGEST = "notifications.digest"
# So many people's digests in one transaction.
BATCH = 500
# Of more, the rest is counted: the whole must fit into one message.
MOST_LINES = 30

# Whoever is in it gets all that is due at once: a second digest would be no digest.
_GATHER = """
    WITH person AS (
        SELECT DISTINCT recipient_id FROM notifications_notification
        WHERE state = 'gathered' AND due_at <= statement_timestamp()
        LIMIT %(batch)s
    ), item AS (
        SELECT notice.id, notice.recipient_id FROM notifications_notification AS notice
        JOIN person USING (recipient_id)
        WHERE notice.state = 'gathered' AND notice.due_at <= statement_timestamp()
        FOR NO KEY UPDATE OF notice
    ), digest AS (
        INSERT INTO notifications_notification
            (kind, recipient_id, context, dedup_key, correlation_id, read_at)
        SELECT %(kind)s, recipient_id, '{}', %(kind)s || ':' || recipient_id || ':' || max(id),
            %(correlation_id)s, statement_timestamp()
        FROM item GROUP BY recipient_id
        RETURNING id, recipient_id
    )
    UPDATE notifications_notification AS notice
    SET state = 'digested', planned_at = clock_timestamp(), digest_id = digest.id
    FROM item JOIN digest USING (recipient_id) WHERE notice.id = item.id
"""


def register() -> None:
    """Register the digest as a kind of its own. Called once, by ``handlers.register``."""
    register_notification(
        DIGEST,
        subject=_("What is new"),
        text="%(lines)s",
        label=_("Digest"),
        path="/notifications",
        sample={"lines": "•"},
    )


def gather_due() -> int:
    """Make a notice of all that waits for the digest of this hour; return how many that told of.

    One process at a time: another one would make a second digest of what this one has not seen.
    """
    total = 0
    with try_advisory_lock(DIGEST) as is_mine:
        while is_mine and (count := _gather_batch()):
            total += count
    return total


@transaction.atomic
def _gather_batch() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            _GATHER, {"batch": BATCH, "kind": DIGEST, "correlation_id": new_correlation_id()}
        )
        return int(cursor.rowcount)


def items_of(digest: Notification) -> list[Notification]:
    """Return what a digest tells of: all that is not read on the site by now."""
    return list(digest.items.filter(read_at__isnull=True).order_by("pk"))
