"""The only way to lock a row of the VPN shop.

Order: request, subscription link (which stands for all that one person has), gift, panel, inbound,
configs by ascending id, removals, promo code; only then what accounts lists (user, wallets).
``FOR NO KEY UPDATE``, so that rows which merely refer to a locked one are not held up. No lock is
held across a call of a panel: what serialises those is ``services.turns``.
"""

import uuid
from collections.abc import Iterable

from config.lib.errors import NotFoundError
from vpnconfigs.models import Config, Gift, Inbound, Panel, PromoCode, Request, SubscriptionLink


def lock_subscription(subscription_id: int) -> SubscriptionLink | None:
    """Lock and return a subscription link, or ``None`` if it is gone.

    Without the key: configs that point at it are written meanwhile.
    """
    return (
        SubscriptionLink.objects.select_for_update(no_key=True).filter(pk=subscription_id).first()
    )


def lock_existing_config(config_id: uuid.UUID) -> Config:
    """Lock a config that is not deleted, with its tariff and place.

    :raises NotFoundError: there is none.
    """
    rows = Config.objects.select_for_update(of=("self",), no_key=True)
    rows = rows.exclude(state=Config.State.DELETED)
    config = rows.select_related("tariff", "inbound__panel", "user").filter(pk=config_id).first()
    if config is None:
        raise NotFoundError
    return config


def lock_panel(panel_id: uuid.UUID) -> Panel:
    """Lock a panel's row and return it as it is now.

    :raises NotFoundError: there is no such panel.
    """
    panel = Panel.objects.select_for_update(no_key=True).filter(pk=panel_id).first()
    if panel is None:
        raise NotFoundError
    return panel


def lock_inbound(inbound_id: int) -> Inbound:
    """Lock an inbound's row and return it as it is now.

    :raises NotFoundError: there is no such inbound.
    """
    # The model's own order joins the panel, whose row would be locked too, and as the second one.
    rows = Inbound.objects.order_by("pk").select_for_update(no_key=True)
    inbound = rows.filter(pk=inbound_id).first()
    if inbound is None:
        raise NotFoundError
    return inbound


def lock_config(config_id: uuid.UUID) -> Config:
    """Lock a config's row and return it as it is now.

    :raises NotFoundError: there is no such config.
    """
    config = Config.objects.select_for_update(no_key=True).filter(pk=config_id).first()
    if config is None:
        raise NotFoundError
    return config


def lock_configs(config_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Config]:
    """Lock configs in ascending order of id and return those that exist by id, as they are now."""
    rows = Config.objects.filter(pk__in=set(config_ids)).select_for_update(no_key=True)
    return {row.pk: row for row in rows.order_by("pk")}


def lock_request(request_id: uuid.UUID) -> Request:
    """Lock a request, with who asked and what for.

    :raises NotFoundError: there is none.
    """
    rows = Request.objects.select_for_update(of=("self",), no_key=True)
    request = rows.select_related("user", "tariff", "config").filter(pk=request_id).first()
    if request is None:
        raise NotFoundError
    return request


def lock_gift(code: str) -> Gift | None:
    """Lock a gift by its code."""
    rows = Gift.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("tariff", "purchase").filter(code=code).first()


def lock_promo_code(code: str) -> PromoCode | None:
    """Lock a promo code: its uses are counted one after the other."""
    return PromoCode.objects.select_for_update(no_key=True).filter(code=code).first()
