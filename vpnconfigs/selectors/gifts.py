"""Gifts: those that a person has bought, and the one that a code opens."""

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from vpnconfigs.models import Gift

MOST_SHOWN = 100


def gifts_of(user: User) -> QuerySet[Gift]:
    """Return the gifts that a person has bought, the newest first; at most a hundred."""
    rows = Gift.objects.filter(purchase__user=user).select_related("tariff", "taken_by")
    return rows.order_by("-created_at", "-pk")[:MOST_SHOWN]


def find_open_gift(code: str) -> Gift | None:
    """Return the gift of a code, or ``None``: unknown, taken, and too old look the same."""
    wanted = "".join(code.replace("\x00", "").split()).upper().replace("-", "")
    rows = Gift.objects.filter(code=wanted, taken_at=None, expires_at__gt=timezone.now())
    return rows.select_related("tariff", "purchase__user").first()
