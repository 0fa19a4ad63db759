"""What this app registers below, and what it hears from below."""

from config.lib.health import register_health
from config.lib.metrics import register_gauges
from integrations.services.sealed_fields import register_sealed
from vpnconfigs import metrics, probes
from vpnconfigs.models import Panel
from vpnconfigs.services.panel_clients import credentials_ref


def register() -> None:
    """Fill the registries and listen to the floors below. Called once, when the apps are ready."""
    register_sealed(Panel, "sealed_credentials", credentials_ref)
    register_health("xui", probes.probe_panels, kind="3X-UI")
    register_gauges("vpn panels", metrics.panels)
