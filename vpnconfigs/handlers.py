"""What this app registers below, and what it hears from below."""

from typing import Any

from django.urls import reverse

from accounts.arrivals import Arrival, register_arrival
from accounts.signals import account_deleted
from config.lib.health import register_health
from config.lib.metrics import register_gauges
from config.lib.mini_app import register_app_section
from integrations.services.sealed_fields import register_sealed
from notifications.services.start_payloads import register_start_payload
from vpnconfigs import metrics, notices, probes
from vpnconfigs.bot import arrivals, registration
from vpnconfigs.models import Panel
from vpnconfigs.selectors.codes import find_referral_code
from vpnconfigs.selectors.settings import get_shop_settings
from vpnconfigs.services.forgetting import forget_person
from vpnconfigs.services.panel_clients import credentials_ref
from vpnconfigs.services.referrals import note_arrival

# Pages that serve the frame inside of Telegram too (``static/js/app.js`` knows them as well).
APP_SECTIONS = ("/configs", "/requests", "/news", "/gifts", "/join")


def register() -> None:
    """Fill the registries and listen to the floors below. Called once, when the apps are ready."""
    register_sealed(Panel, "sealed_credentials", credentials_ref)
    register_health("xui", probes.probe_panels, kind="3X-UI")
    register_gauges("vpn panels", metrics.panels)
    notices.register()
    registration.register()
    for section in APP_SECTIONS:
        register_app_section(section)
    register_start_payload(arrivals.PREFIX, arrivals.greet_invited)
    register_arrival(arrivals.PREFIX, Arrival(page=find_invitation_page, note=note_arrival))
    account_deleted.connect(on_account_deleted, dispatch_uid="vpnconfigs.account_deleted")


def on_account_deleted(sender: object, user_id: int, **_kwargs: Any) -> None:
    """Take a person's configs off the panels."""
    forget_person(user_id)


def find_invitation_page(code: str) -> str:
    """Return the page of an invitation; empty where nobody has given it."""
    found = find_referral_code(code) if get_shop_settings().has_referrals else None
    return reverse("vpnconfigs:join", args=[found.code]) if found else ""
