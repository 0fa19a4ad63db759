"""The seam: something happened that somebody should know."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from config.lib.correlation import get_correlation_id
from config.lib.live import publish_on_commit
from config.lib.queue import ring_on_commit
from notifications.models import Notification
from notifications.services.kinds import NotificationKind, kinds

PLAN = "notifications.plan"
# The event of a live frame; what to show is then fetched.
TOLD = "notification"
CHUNK = 5_000
_INSERT = """
    INSERT INTO notifications_notification
        (kind, recipient_id, context, dedup_key, expires_at, correlation_id)
    SELECT %s, fresh.recipient_id, fresh.context::jsonb, fresh.dedup_key, %s, %s
    FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS fresh(recipient_id, context, dedup_key)
    ON CONFLICT (dedup_key) DO NOTHING
"""
_INSERT_SELECTED = """
    INSERT INTO notifications_notification
        (kind, recipient_id, context, dedup_key, expires_at, correlation_id)
    SELECT %(kind)s, fresh.recipient_id, fresh.context, fresh.dedup_key, %(ends)s, %(correlation)s
    FROM ({select}) AS fresh
    ON CONFLICT (dedup_key) DO NOTHING
"""


@transaction.atomic
def notify(
    *,
    kind: str,
    recipient: User,
    context: Mapping[str, object],
    dedup_key: str,
    expires_at: datetime | None = None,
) -> Notification:
    """Have somebody told, in their language, over the channels that they are reached by.

    Written in the caller's transaction, sent after its commit.

    :param context: what the kind's texts ask for; JSON types, no secrets. ``path`` in it is the
        page of the site that a button opens.
    :param dedup_key: what it is told once for, across all recipients; a repeat returns the first
        notification and changes nothing.
    :param expires_at: when it is no longer worth sending; left out, as the kind says.
    :raises LookupError: nobody registered this kind.
    """
    registered = kinds.get(kind)
    notification, is_new = Notification.objects.get_or_create(
        dedup_key=dedup_key,
        defaults={
            "kind": kind,
            "recipient": recipient,
            "context": dict(context),
            "expires_at": _end(registered, expires_at),
            "correlation_id": get_correlation_id(),
        },
    )
    if is_new:
        ring_on_commit(PLAN)
        publish_on_commit(room_of(recipient.pk), TOLD, {"id": notification.pk, "kind": kind})
    return notification


@transaction.atomic
def notify_many(
    *,
    kind: str,
    rows: Iterable[tuple[int, Mapping[str, object], str]],
    expires_at: datetime | None = None,
) -> int:
    """Have many people told as ``notify`` does; return how many notices are new.

    Open pages learn of it by their next look. Takes the rows as they come, a few thousand to a
    statement, all in the caller's transaction.

    :param rows: the recipient's id, the context and the dedup key of each.
    :raises LookupError: nobody registered this kind.
    """
    registered = kinds.get(kind)
    ends, correlation_id = _end(registered, expires_at), get_correlation_id()
    count = 0
    with connection.cursor() as cursor:
        waiting = iter(rows)
        while chunk := list(islice(waiting, CHUNK)):
            people = [user_id for user_id, _context, _key in chunk]
            contexts = [json.dumps(dict(context)) for _user_id, context, _key in chunk]
            keys = [key for _user_id, _context, key in chunk]
            cursor.execute(_INSERT, [kind, ends, correlation_id, people, contexts, keys])
            count += cursor.rowcount
    if count:
        ring_on_commit(PLAN)
    return count


@transaction.atomic
def notify_selected(
    *,
    kind: str,
    select: str,
    parameters: Mapping[str, Any],
    expires_at: datetime | None = None,
) -> int:
    """Have those told whom a query finds; return how many notices are new.

    For a hundred thousand at a time: none of them leaves the database.

    :param select: a query of ours with ``recipient_id``, ``context`` (``jsonb``) and ``dedup_key``.
    :param parameters: of the query, by name; ``kind``, ``ends`` and ``correlation`` are taken.
    :raises LookupError: nobody registered this kind.
    """
    ends, correlation_id = _end(kinds.get(kind), expires_at), get_correlation_id()
    given = {"kind": kind, "ends": ends, "correlation": correlation_id}
    with connection.cursor() as cursor:
        cursor.execute(_INSERT_SELECTED.format(select=select), {**parameters, **given})
        count = int(cursor.rowcount)
    if count:
        ring_on_commit(PLAN)
    return count


def room_of(user_id: int) -> str:
    """Return the room of live frames that one person alone may join."""
    return f"user:{user_id}"


def _end(kind: NotificationKind, expires_at: datetime | None) -> datetime | None:
    if expires_at is None and kind.validity is not None:
        return timezone.now() + kind.validity
    return expires_at
