"""Panels as staff see them."""

import uuid

from django.db.models import Count, F, Q, QuerySet

from config.lib.errors import NotFoundError
from vpnconfigs.models import Config, Inbound, Panel, PanelReport

NEWEST_REPORT_FIRST = ("-id",)


def list_panels() -> QuerySet[Panel]:
    """Return all panels with ``configs``, how many stand there, and ``unsynced`` of them."""
    placed = Q(inbounds__configs__state__in=Config.PLACED)
    differs = ~Q(inbounds__configs__revision=F("inbounds__configs__synced_revision"))
    return Panel.objects.annotate(
        configs=Count("inbounds__configs", filter=placed),
        unsynced=Count("inbounds__configs", filter=placed & differs),
    )


def get_panel(panel_id: uuid.UUID) -> Panel:
    """Return a panel with its figures.

    :raises NotFoundError: there is none.
    """
    panel = list_panels().filter(pk=panel_id).first()
    if panel is None:
        raise NotFoundError
    return panel


def inbounds_of(panel: Panel) -> QuerySet[Inbound]:
    """Return a panel's inbounds with ``load``, how many configs stand there."""
    placed = Q(configs__state__in=Config.PLACED)
    return panel.inbounds.annotate(load=Count("configs", filter=placed)).order_by("external_id")


def get_inbound(panel: Panel, inbound_id: int) -> Inbound:
    """Return an inbound of a panel, with ``load``.

    :raises NotFoundError: there is none, or it is another panel's.
    """
    inbound = inbounds_of(panel).filter(pk=inbound_id).first()
    if inbound is None:
        raise NotFoundError
    return inbound


def reports_of(panel: Panel) -> QuerySet[PanelReport]:
    """Return what comparisons of a panel have found."""
    return panel.reports.all()
