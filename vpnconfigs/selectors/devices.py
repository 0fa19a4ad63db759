"""Devices of a person's subscription."""

from django.db.models import QuerySet

from accounts.models import User
from vpnconfigs.models import Device


def devices_of(user: User) -> QuerySet[Device]:
    """Return a person's devices, the last seen one first."""
    return Device.objects.filter(subscription__user=user).order_by("-last_seen_at", "-pk")
