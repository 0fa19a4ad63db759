"""What may be sold from which inbound."""

from typing import Any

from django.db import transaction
from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from config.lib.errors import ConflictError
from vpnconfigs.models import Config, Inbound, Panel, ShopSettings, Tariff
from vpnconfigs.selectors.locks import lock_inbound

VISION = "xtls-rprx-vision"
# A panel that does not let us in may do so tomorrow, but somebody who buys wants it now.
_BROKEN = (Panel.State.DOWN, Panel.State.REFUSED)


def open_inbounds(*, protocol: str = "", tariff: Tariff | None = None) -> QuerySet[Inbound]:
    """Return what new configs may be placed on, ``load`` (its configs) annotated.

    :param tariff: only where this one is sold; a tariff without inbounds is sold everywhere.
    """
    placed = Config.objects.filter(inbound=OuterRef("pk"), state__in=Config.PLACED)
    counted = placed.order_by().values("inbound").annotate(count=Count("pk")).values("count")
    found = Inbound.objects.filter(
        is_sold=True, is_enabled=True, is_gone=False, panel__is_enabled=True, panel__is_open=True
    ).annotate(load=Coalesce(Subquery(counted), Value(0), output_field=IntegerField()))
    found = found.filter(Q(capacity=None) | Q(capacity__gt=F("load")))
    if protocol:
        found = found.filter(protocol=protocol)
    if tariff is not None:
        sold = Tariff.inbounds.through.objects.filter(tariff_id=tariff.pk)
        found = found.filter(Exists(sold.filter(inbound_id=OuterRef("pk"))) | ~Exists(sold))
    return found


@transaction.atomic
def choose_inbound(*, protocol: str, tariff: Tariff | None, country: str = "") -> Inbound:
    """Return where a new config is placed, by the rule in the shop's settings.

    Panels that work come first. Locks an inbound that has a capacity, so that it is not
    exceeded: called in the transaction that places the config, before other locks.

    :param country: only there; empty: anywhere.
    :raises ConflictError: ``no_room``: nothing is on sale, or all of it is full.
    """
    ordered = _ordered(open_inbounds(protocol=protocol, tariff=tariff), country=country)
    while (found := ordered.first()) is not None:
        if found.capacity is None:
            return found
        lock_inbound(found.pk)
        # Whoever held the lock may have taken the last place.
        if ordered.filter(pk=found.pk).exists():
            return found
    raise ConflictError(_("There is no room for a new config at the moment."), code="no_room")


def countries_on_sale(*, protocol: str = "", tariff: Tariff | None = None) -> list[str]:
    """Return the countries in which there is room, by code."""
    found = open_inbounds(protocol=protocol, tariff=tariff).exclude(panel__country="")
    countries = found.order_by("panel__country").values_list("panel__country", flat=True)
    return list(countries.distinct())


def flow_for(inbound: Inbound, *, protocol: str) -> str:
    """Return the flow of a new client: Vision wherever it works, which is straight over TCP.

    It reads the inner TLS, so nothing may be wrapped around it but TLS or REALITY; an inbound whose
    TCP poses as HTTP cannot have it.
    """
    header = _tree(_tree(inbound.stream.get("tcpSettings")).get("header"))
    is_plain = inbound.network in ("tcp", "raw") and header.get("type", "none") == "none"
    is_wrapped = inbound.security in ("tls", "reality")
    return VISION if protocol == "vless" and is_plain and is_wrapped else ""


def _ordered(found: QuerySet[Inbound], *, country: str) -> QuerySet[Inbound]:
    rule = ShopSettings.objects.values("inbound_rule")[:1]
    if country:
        found = found.filter(panel__country=country)
    return found.annotate(
        rule=Coalesce(
            Subquery(rule), Value(ShopSettings.InboundRule.LEAST_LOADED), output_field=CharField()
        ),
        is_broken=Case(When(panel__state__in=_BROKEN, then=1), default=0),
        weight=Case(When(rule=ShopSettings.InboundRule.IN_ORDER, then=0), default=F("load")),
    ).order_by("is_broken", "weight", "panel__name", "external_id")


def _tree(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
