"""The first answer to a keyed request, given again to its repeats.

``reserve`` commits before the work, so that a rival sees it; ``complete`` belongs into the work's
transaction, so that an answer is stored if and only if its effect is.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from accounts.models import IdempotencyRecord, User
from config.lib.errors import BusinessRuleError, ConflictError

# Longer than any request runs; a process killed at work blocks its key no longer than this.
FLIGHT_SECONDS = 120

_RESERVE = """
INSERT INTO accounts_idempotencyrecord AS mine
       (user_id, route, key, body_hash, reserved_until, created_at)
VALUES (%(user)s, %(route)s, %(key)s, %(body)s, clock_timestamp() + %(flight)s, clock_timestamp())
ON CONFLICT (user_id, route, key) DO UPDATE
   SET reserved_until = excluded.reserved_until, body_hash = excluded.body_hash
 WHERE mine.status IS NULL AND mine.reserved_until < clock_timestamp()
RETURNING id, reserved_until
"""


@dataclass(frozen=True, slots=True)
class Reservation:
    """The right to do the work of one key."""

    record_id: int
    reserved_until: datetime


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What the first request was answered."""

    status: int
    body: Any


def reserve(*, user: User, route: str, key: str, body: bytes) -> Reservation | StoredAnswer:
    """Return the right to work, or the answer that was given before. Commits by itself.

    :param body: the request's content in a form that its repeats share.
    :raises BusinessRuleError: ``idempotency_key_reused``: the key came with another body before.
    :raises ConflictError: ``idempotency_in_flight``: the first request is still being worked on.
    """
    digest = hashlib.sha256(body).digest()
    reservation = _try_reserve(user=user, route=route, key=key, digest=digest)
    if reservation is not None:
        return reservation
    record = IdempotencyRecord.objects.filter(user=user, route=route, key=key).first()
    if record is None:
        # Released between the two looks: whoever asks again will get it.
        raise _in_flight()
    if bytes(record.body_hash) != digest:
        text = _("This idempotency key was used for another request.")
        raise BusinessRuleError(text, code="idempotency_key_reused")
    if record.status is None:
        raise _in_flight()
    return StoredAnswer(record.status, record.body)


def complete(reservation: Reservation, *, status: int, body: Any) -> None:
    """Store the answer. Call it in the transaction of the work.

    :raises ConflictError: the work took so long that another request took it over; roll back.
    """
    updated = IdempotencyRecord.objects.filter(
        pk=reservation.record_id, reserved_until=reservation.reserved_until, status__isnull=True
    ).update(status=status, body=body)
    if not updated:
        raise _in_flight()


def release(reservation: Reservation) -> None:
    """Give the key back, because the work failed and left nothing."""
    IdempotencyRecord.objects.filter(
        pk=reservation.record_id, reserved_until=reservation.reserved_until, status__isnull=True
    ).delete()


def _try_reserve(*, user: User, route: str, key: str, digest: bytes) -> Reservation | None:
    parameters: dict[str, Any] = {
        "user": user.pk,
        "route": route,
        "key": key,
        "body": digest,
        "flight": timedelta(seconds=FLIGHT_SECONDS),
    }
    with connection.cursor() as cursor:
        cursor.execute(_RESERVE, parameters)
        row = cursor.fetchone()
    return Reservation(*row) if row else None


def _in_flight() -> ConflictError:
    text = _("The first request with this key is still being worked on.")
    return ConflictError(text, code="idempotency_in_flight")
