"""This app's counters, and the gauges that are read from the database."""

from collections.abc import Iterable

from django.db.models import Min, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from config.lib.metrics import counter
from integrations.models import AvitoAccount
from integrations.selectors.backlog import (
    inbox_backlog,
    last_tick,
    outbox_backlog,
    unsettled_counts,
)
from integrations.services import secrets

REFUSED_FOR_PACE = counter(
    "depesha_bot_429_total", "Calls that Telegram refused for their pace.", ("bot",)
)
UNREACHABLE = counter(
    "depesha_bot_blocked_total", "Sends to people and groups that a bot can no longer reach."
)


def avito_poll_age() -> Iterable[Metric]:
    """Return how long ago the longest unpolled active account was polled; 0 without accounts.

    For an account that was never polled, the time since it was added counts.
    """
    active = AvitoAccount.objects.filter(status=AvitoAccount.Status.ACTIVE)
    oldest = active.aggregate(oldest=Min(Coalesce("polled_at", "created_at")))["oldest"]
    age = (timezone.now() - oldest).total_seconds() if oldest else 0.0
    return [
        GaugeMetricFamily(
            "depesha_avito_poll_age_seconds", "Since the oldest poll of an account.", value=age
        )
    ]


def avito_gap() -> Iterable[Metric]:
    """Return what the last comparisons of all active accounts missed, and how old the oldest is.

    Which account it was stands on its page: these figures are for whoever runs the site.

    An account that was never compared counts from the time it was added.
    """
    active = AvitoAccount.objects.filter(status=AvitoAccount.Status.ACTIVE)
    found = active.aggregate(
        missing=Sum("gap"), oldest=Min(Coalesce("reconciled_at", "created_at"))
    )
    oldest = found["oldest"]
    age = (timezone.now() - oldest).total_seconds() if oldest else 0.0
    return [
        GaugeMetricFamily(
            "depesha_avito_gap",
            "Messages on Avito that had not come to us.",
            value=found["missing"] or 0,
        ),
        GaugeMetricFamily(
            "depesha_avito_reconcile_age_seconds", "Since the oldest comparison.", value=age
        ),
    ]


def secrets_up() -> Iterable[Metric]:
    """Return 1 while the store of secrets is up."""
    health = secrets.health()
    up = GaugeMetricFamily("depesha_secrets_up", "The store of secrets is up.", labels=["backend"])
    up.add_metric([health.backend], float(health.is_up))
    return [up]


def backlog() -> Iterable[Metric]:
    """Return how much is due in the outbox and the inbox, and since when."""
    due = GaugeMetricFamily("depesha_outbox_due", "Deliveries that are due.", labels=["channel"])
    oldest = GaugeMetricFamily(
        "depesha_outbox_oldest_due_seconds", "The oldest due delivery waits.", labels=["channel"]
    )
    for channel, waiting in outbox_backlog().items():
        due.add_metric([channel], waiting.count)
        oldest.add_metric([channel], waiting.oldest_seconds)
    inbox = inbox_backlog()
    dead, needs_person = unsettled_counts()
    return [
        due,
        oldest,
        GaugeMetricFamily("depesha_inbox_due", "Events that are due.", value=inbox.count),
        GaugeMetricFamily(
            "depesha_inbox_oldest_due_seconds",
            "The oldest due event waits.",
            value=inbox.oldest_seconds,
        ),
        GaugeMetricFamily("depesha_outbox_dead_recently", "Given up in 15 minutes.", value=dead),
        GaugeMetricFamily(
            "depesha_outbox_needs_person",
            "Deliveries that a person must judge.",
            value=needs_person,
        ),
    ]


def beat_tick() -> Iterable[Metric]:
    """Return when beat was last alive."""
    return [
        GaugeMetricFamily(
            "depesha_beat_last_tick_timestamp_seconds", "Beat's last tick.", value=last_tick()
        )
    ]
