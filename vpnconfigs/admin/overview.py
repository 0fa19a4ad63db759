"""What of the VPN shop wants somebody's eye, on the first page of the admin."""

from typing import Any

from django.db.models import F
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from vpnconfigs.models import Config, Panel, Request


def overview(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the figures, each with the list behind it, for those who may see the lists."""
    if request.user.has_perm("vpnconfigs.view_panel"):
        context["vpn_overview"] = [
            (_("Panels that do not work"), _broken_panels(), _list("panel", "")),
            (
                _("Configs that their panel is not told of yet"),
                _unsynced(),
                _list("config", "synced=no"),
            ),
            (_("Open requests"), _open_requests(), _list("request", "state__exact=open")),
        ]
    return context


def _broken_panels() -> int:
    working = (Panel.State.UP, Panel.State.NEW)
    return Panel.objects.filter(is_enabled=True).exclude(state__in=working).count()


def _unsynced() -> int:
    placed = Config.objects.filter(state__in=Config.PLACED)
    return placed.exclude(revision=F("synced_revision")).count()


def _open_requests() -> int:
    return Request.objects.filter(state=Request.State.OPEN).count()


def _list(model: str, query: str) -> str:
    address = reverse(f"admin:vpnconfigs_{model}_changelist")
    return f"{address}?{query}" if query else address
