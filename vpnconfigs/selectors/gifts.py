"""Gifts that people have bought."""

from django.db.models import QuerySet

from accounts.models import User
from vpnconfigs.models import Gift

NEWEST_FIRST = ("-created_at", "id")


def gifts_of(user: User) -> QuerySet[Gift]:
    """Return what a person has bought for others."""
    return Gift.objects.filter(purchase__user=user).select_related("tariff")
