"""What the health report says of this app."""

from config.lib.health import Health, Reading
from vpnconfigs.models import Panel

_GOOD = (Panel.State.UP, Panel.State.NEW)


def probe_panels() -> Reading:
    """Say which panels do not work, by name."""
    panels = Panel.objects.filter(is_enabled=True).exclude(state__in=_GOOD).order_by("name")
    bad = list(panels.values_list("name", "state"))
    text = ", ".join(f"{name}: {state}" for name, state in bad)
    return Reading(Health.DEGRADED if bad else Health.HEALTHY, text, len(bad), "rows")
