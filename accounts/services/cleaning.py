"""Taking away rows that only pile up: answers, sign-ins and tokens that nobody can use."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from accounts.models import IdempotencyRecord, LinkToken, RefreshToken, Session

BATCH = 5_000
# A repeat comes within hours; whoever asks after a day asks for something new.
ANSWER_DAYS = 1
# How long a person may still see where they were signed in.
SESSION_DAYS = 30
# A refresh token used so long ago is refused as unknown; younger ones betray a thief.
TOKEN_DAYS = 30
# One-time links live for hours; a week is for looking back.
LINK_DAYS = 7


def delete_old_rows() -> int:
    """Delete old answers, ended sessions, used tokens and dead links; return how many rows went.

    Live sessions, their unused tokens, the ledger and the audit trail stay.
    """
    return sum(_delete(rows) for rows in _old_rows())


def _old_rows() -> Iterator[QuerySet[Any]]:
    yield IdempotencyRecord.objects.filter(created_at__lt=_ago(ANSWER_DAYS))
    ended = _ago(SESSION_DAYS)
    yield Session.objects.filter(
        Q(revoked_at__lt=ended) | Q(idle_expires_at__lt=ended) | Q(expires_at__lt=ended)
    )
    yield LinkToken.objects.filter(expires_at__lt=_ago(LINK_DAYS))
    yield RefreshToken.objects.filter(used_at__lt=_ago(TOKEN_DAYS))


def _ago(days: int) -> Any:
    return Now() - timedelta(days=days)


def _delete(rows: QuerySet[Any]) -> int:
    deleted = 0
    while ids := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        rows.model._default_manager.filter(pk__in=ids).delete()
        deleted += len(ids)
    return deleted
