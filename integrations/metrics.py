"""This app's counters, and the gauges that are read from the database."""

from collections.abc import Iterable

from django.db.models import Min
from django.utils import timezone
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from config.lib.metrics import counter
from integrations.models import AvitoAccount

REFUSED_FOR_PACE = counter(
    "depesha_bot_429_total", "Calls that Telegram refused for their pace.", ("bot",)
)
UNREACHABLE = counter(
    "depesha_bot_blocked_total", "Sends to people and groups that a bot can no longer reach."
)


def avito_poll_age() -> Iterable[Metric]:
    """Return how long ago the longest unpolled active account was polled; 0 without accounts."""
    active = AvitoAccount.objects.filter(status=AvitoAccount.Status.ACTIVE)
    oldest = active.aggregate(oldest=Min("polled_at"))["oldest"]
    age = (timezone.now() - oldest).total_seconds() if oldest else 0.0
    return [
        GaugeMetricFamily(
            "depesha_avito_poll_age_seconds", "Since the oldest poll of an account.", value=age
        )
    ]
