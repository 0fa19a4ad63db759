"""The only way to lock rows of the shop.

Order: request, subscription link (which stands for all that one person has), configs by ascending
id, gift, promo code, referral; then what accounts owns: wallets. ``FOR NO KEY UPDATE`` everywhere.
"""

import uuid
from collections.abc import Iterable

from config.lib.errors import NotFoundError
from vpnconfigs.models import Config, Gift, PromoCode, Request, SubscriptionLink


def lock_subscription(subscription_id: int) -> SubscriptionLink | None:
    """Lock and return a subscription link, or ``None`` if it is gone.

    Without the key: configs that point at it are written meanwhile.
    """
    return (
        SubscriptionLink.objects.select_for_update(no_key=True).filter(pk=subscription_id).first()
    )


def lock_config(config_id: uuid.UUID) -> Config:
    """Lock a config that is not deleted, with its tariff and place.

    :raises NotFoundError: there is none.
    """
    rows = Config.objects.select_for_update(of=("self",), no_key=True)
    rows = rows.exclude(state=Config.State.DELETED)
    config = rows.select_related("tariff", "inbound__panel", "user").filter(pk=config_id).first()
    if config is None:
        raise NotFoundError
    return config


def lock_configs(config_ids: Iterable[uuid.UUID]) -> list[Config]:
    """Lock configs in ascending order of id and return those that are not deleted."""
    rows = Config.objects.select_for_update(no_key=True).filter(pk__in=set(config_ids))
    return list(rows.exclude(state=Config.State.DELETED).order_by("pk"))


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
