"""How well a bot or an Avito account does its work just now, for its owner's page."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Min, Q
from django.utils import timezone

from integrations.models import AvitoAccount, Bot, Delivery, Hold

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Health:
    """A sender's state.

    :param waiting: how many deliveries have not gone out yet.
    :param oldest_at: when the oldest of them was written.
    :param given_up: how many were given up of those written within the last 24 hours.
    :param held_until: until when the other side wants nothing at all from this sender.
    :param held_chats: how many of its chats, or other allowances, are held for themselves.
    """

    waiting: int
    oldest_at: datetime | None
    given_up: int
    held_until: datetime | None
    held_chats: int


def health_of(connected: Bot | AvitoAccount) -> Health:
    """Return the health of a bot or an account, in three queries."""
    now = timezone.now()
    channel = "telegram" if isinstance(connected, Bot) else "avito"
    mine = Delivery.objects.filter(channel=channel, sender=connected.sender)
    open_ones = mine.filter(state__in=Delivery.OPEN)
    waiting = open_ones.aggregate(count=Count("pk"), oldest=Min("created_at"))
    holds = Hold.objects.filter(
        Q(key=connected.sender) | Q(key__startswith=f"{connected.sender}:"), until__gt=now
    ).aggregate(
        whole=Max("until", filter=Q(key=connected.sender)),
        chats=Count("pk", filter=~Q(key=connected.sender)),
    )
    dead = mine.filter(state=Delivery.State.DEAD, created_at__gte=now - DAY)
    return Health(
        waiting=waiting["count"],
        oldest_at=waiting["oldest"],
        given_up=dead.count(),
        held_until=holds["whole"],
        held_chats=holds["chats"],
    )
