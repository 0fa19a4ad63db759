"""The seam: something happened that somebody should know."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from accounts.models import User
from config.lib.correlation import get_correlation_id
from config.lib.queue import ring_on_commit
from notifications.models import Notification
from notifications.services.kinds import kinds

PLAN = "notifications.plan"


@transaction.atomic
def notify(
    *,
    kind: str,
    recipient: User,
    context: Mapping[str, object],
    dedup_key: str,
    expires_at: datetime | None = None,
) -> Notification:
    """Have somebody told, over every channel that reaches them, in their language.

    Written in the caller's transaction, sent after its commit.

    :param context: what the kind's texts ask for; JSON types, no secrets.
    :param dedup_key: what it is told once for, across all recipients; a repeat returns the first
        notification and changes nothing.
    :param expires_at: when it is no longer worth sending.
    :raises LookupError: nobody registered this kind.
    """
    kinds.get(kind)
    notification, is_new = Notification.objects.get_or_create(
        dedup_key=dedup_key,
        defaults={
            "kind": kind,
            "recipient": recipient,
            "context": dict(context),
            "expires_at": expires_at,
            "correlation_id": get_correlation_id(),
        },
    )
    if is_new:
        ring_on_commit(PLAN)
    return notification
