"""Gauges that are read from the database."""

from collections.abc import Iterable

from django.db.models import OuterRef, Subquery, Sum
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
    """Of each panel's last report; one older than the last comparison has nothing left to say."""
    last = PanelReport.objects.filter(panel=OuterRef("pk")).order_by("-id")[:1]
    found = Panel.objects.filter(is_enabled=True).annotate(
        differed=Subquery(last.values("drift_count")),
        repaired=Subquery(last.values("repaired_count")),
    )
    sums = found.aggregate(differed=Sum("differed"), repaired=Sum("repaired"))
    return (sums["differed"] or 0) - (sums["repaired"] or 0)
