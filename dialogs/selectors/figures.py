"""Figures of the whole relay, for the staff."""

from datetime import timedelta
from typing import Any

from django.db.models import Count, Min, Q
from django.utils import timezone

from accounts.models import Organization
from dialogs.models import Dialog, Message
from integrations.models import AvitoAccount, Bot, Delivery, InboundEvent

DAY = timedelta(days=1)


def relay_figures() -> dict[str, Any]:
    """Return counts of the relay now and over the last 24 hours; ages in whole seconds."""
    since = timezone.now() - DAY
    recent = Message.objects.filter(created_at__gte=since)
    return {
        "organizations": Organization.objects.count(),
        "bots": _by_status(Bot.objects.values("status")),
        "avito_accounts": _by_status(AvitoAccount.objects.values("status")),
        "dialogs": _by_status(Dialog.objects.values("status")),
        "messages_24h": recent.aggregate(
            incoming=Count("pk", filter=Q(is_incoming=True)),
            outgoing=Count("pk", filter=Q(is_incoming=False)),
            failed=Count("pk", filter=Q(status=Message.Status.FAILED)),
            uncertain=Count("pk", filter=Q(status=Message.Status.UNCERTAIN)),
        ),
        "inbox": _waiting(InboundEvent.objects.filter(state="new"), "received_at"),
        "outbox": _waiting(Delivery.objects.filter(state__in=Delivery.OPEN), "created_at"),
    }


def _by_status(rows: Any) -> dict[str, int]:
    return {row["status"]: row["count"] for row in rows.annotate(count=Count("pk"))}


def _waiting(rows: Any, since: str) -> dict[str, int]:
    found = rows.aggregate(count=Count("pk"), oldest=Min(since))
    oldest = found["oldest"]
    age = (timezone.now() - oldest).total_seconds() if oldest else 0.0
    return {"waiting": found["count"], "oldest_seconds": max(0, round(age))}
