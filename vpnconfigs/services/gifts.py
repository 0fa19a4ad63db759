"""Gifts: days that one person pays and another takes by a code, once.

Locks the taker's subscription link, then the gift, then the place, the config, wallets.
"""

import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services.retries import retry_lock_conflicts
from config.lib.errors import BusinessRuleError, ConflictError, NotFoundError
from vpnconfigs.models import Config, Gift, Purchase, Tariff
from vpnconfigs.selectors.locks import lock_existing_config, lock_gift, lock_subscription
from vpnconfigs.selectors.settings import get_shop_settings
from vpnconfigs.services import purchases
from vpnconfigs.services.placing import build_config
from vpnconfigs.services.promo_codes import clean_code, free_terms, plain_terms
from vpnconfigs.services.subscriptions import subscription_of

VALID_FOR = timedelta(days=365)
# Without those that are taken for one another; sixteen of them are 79 bits.
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


@retry_lock_conflicts
@transaction.atomic
def buy_gift(*, user: User, tariff: Tariff, idempotency_key: str = "") -> Gift:
    """Sell a code by which anybody gets the days of a tariff.

    :param idempotency_key: a repeat returns the first gift and takes nothing.
    :raises BusinessRuleError: ``not_a_gift``: the tariff costs nothing or is not sold to all;
        ``insufficient_balance``. Nothing is paid.
    :raises ConflictError: ``no_gifts``: the shop has none.
    """
    _refuse_switched_off()
    if not (tariff.price_kopecks and tariff.is_visible and tariff.is_self_service):
        raise BusinessRuleError(_("This tariff cannot be given away."), code="not_a_gift")
    key = purchases.purchase_key("gift", user.pk, idempotency_key)
    lock_subscription(subscription_of(user).pk)
    first = Gift.objects.filter(purchase__idempotency_key=key).first()
    if first is not None:
        return first
    purchase = purchases.record(
        user=user, kind=Purchase.Kind.GIFT, terms=plain_terms(tariff), config=None, key=key
    )
    return Gift.objects.create(
        code=_new_code(),
        purchase=purchase,
        tariff=tariff,
        expires_at=timezone.now() + VALID_FOR,
    )


@retry_lock_conflicts
@transaction.atomic
def redeem_gift(
    *,
    user: User,
    code: str,
    config: Config | None = None,
    protocol: str = Config.Protocol.VLESS,
    name: str = "",
    country: str = "",
) -> Config:
    """Take a gift, once: as a new config, or as a renewal of one's own.

    :raises BusinessRuleError: ``gift_unknown``: there is none of this code, it is taken or too
        old; ``configs_limit``.
    :raises ConflictError: ``no_gifts``; ``no_room``; ``config_state``; ``without_end``.
    :raises NotFoundError: the config is deleted, or not the person's.
    """
    _refuse_switched_off()
    link = subscription_of(user)
    lock_subscription(link.pk)
    gift = _lock_open(code)
    if config is not None:
        given = _renew(user, config, gift)
    else:
        purchases.require_room_for_one(user)
        inbound = purchases.choose_place(protocol=protocol, tariff=gift.tariff, country=country)
        fresh = build_config(user=user, link=link, protocol=protocol, name=name, tariff=gift.tariff)
        given = purchases.set_up(fresh, inbound=inbound, terms=free_terms(gift.tariff))
    gift.taken_by, gift.taken_at = user, timezone.now()
    gift.save(update_fields=["taken_by", "taken_at"])
    Purchase.objects.filter(pk=gift.purchase_id).update(config=given)
    return given


def _renew(user: User, config: Config, gift: Gift) -> Config:
    locked = lock_existing_config(config.pk)
    if locked.user_id != user.pk:
        raise NotFoundError
    return purchases.add_period(locked, terms=free_terms(gift.tariff))


def _lock_open(code: str) -> Gift:
    gift = lock_gift(clean_code(code).replace("-", ""))
    if gift is None or gift.taken_at is not None or gift.expires_at <= timezone.now():
        text = _("There is no gift with this code, or somebody has taken it.")
        raise BusinessRuleError(text, code="gift_unknown")
    return gift


def _refuse_switched_off() -> None:
    if not get_shop_settings().has_gifts:
        raise ConflictError(_("There are no gifts here."), code="no_gifts")


def _new_code() -> str:
    return "".join(secrets.choice(_LETTERS) for _number in range(16))
