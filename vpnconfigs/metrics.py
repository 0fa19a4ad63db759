"""Gauges that are read from the database."""

from collections.abc import Iterable

from django.db.models import F, OuterRef, Subquery
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from vpnconfigs.models import Config, Panel, PanelReport
from vpnconfigs.probes import probe_panels
from vpnconfigs.services.desired import unsynced


def panels() -> Iterable[Metric]:
    """Return how many panels do not work, and in how much our panels are not as we want them."""
    return [
        GaugeMetricFamily(
            "depesha_vpn_panels_down", "Panels that do not work.", value=probe_panels().value or 0
        ),
        GaugeMetricFamily(
            "depesha_vpn_configs_unsynced",
            "Configs whose panel does not hold what we want.",
            value=Config.objects.filter(unsynced()).count(),
        ),
        GaugeMetricFamily(
            "depesha_vpn_drift", "Differences that are not repaired.", value=_drift()
        ),
    ]


def _drift() -> int:
    """Return the differences that the last report of each panel left."""
    last = PanelReport.objects.filter(panel=OuterRef("pk")).order_by("-id")[:1]
    left = Panel.objects.filter(is_enabled=True).annotate(
        left=Subquery(last.annotate(left=F("drift_count") - F("repaired_count")).values("left"))
    )
    return sum(left.exclude(left=None).values_list("left", flat=True))
