"""Promo codes: what one does to a price, and who may use it how often."""

from dataclasses import dataclass

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from config.lib.errors import FieldError, InputError
from vpnconfigs.models import PromoCode, Purchase, Tariff
from vpnconfigs.selectors.locks import lock_promo_code
from vpnconfigs.selectors.settings import get_shop_settings


@dataclass(frozen=True, slots=True)
class Terms:
    """What somebody gets of a tariff, and for how much."""

    tariff: Tariff
    price_kopecks: int
    days: int
    discount_kopecks: int = 0
    promo_code: PromoCode | None = None


def plain_terms(tariff: Tariff) -> Terms:
    return Terms(tariff, tariff.price_kopecks, tariff.days)


def free_terms(tariff: Tariff) -> Terms:
    """Return the terms of what is given for nothing."""
    return Terms(tariff, 0, tariff.days)


def check_promo_code(*, user: User, code: str, tariff: Tariff) -> Terms:
    """Return what a tariff costs with a code; nothing is used up.

    :raises InputError: the code does nothing for this person and tariff.
    """
    return _apply(PromoCode.objects.filter(code=clean_code(code)).first(), user, tariff)


def use_promo_code(*, user: User, code: str, tariff: Tariff) -> Terms:
    """Return the terms and count one use of the code, if there is one.

    Call it in the transaction of the purchase. Locks the promo code, so its uses are counted one
    after the other.

    :raises InputError: the code does nothing for this person and tariff; nothing is counted.
    """
    if not code.strip():
        return plain_terms(tariff)
    terms = _apply(lock_promo_code(clean_code(code)), user, tariff)
    used = PromoCode.objects.filter(pk=terms.promo_code.pk) if terms.promo_code else None
    if used is not None:
        used.update(used_count=F("used_count") + 1)
    return terms


def clean_code(code: str) -> str:
    """Return a code as it is stored: upper case, without spaces."""
    return "".join(code.replace("\x00", "").split()).upper()


def _apply(promo: PromoCode | None, user: User, tariff: Tariff) -> Terms:
    if promo is None or not get_shop_settings().has_promo_codes or not _is_open(promo):
        raise _refusal("unknown", _("There is no such promo code."))
    if promo.tariffs.exists() and not promo.tariffs.filter(pk=tariff.pk).exists():
        raise _refusal("other_tariff", _("This promo code is for another tariff."))
    if promo.most_uses is not None and promo.used_count >= promo.most_uses:
        raise _refusal("used_up", _("This promo code has been used up."))
    if Purchase.objects.filter(user=user, promo_code=promo).count() >= promo.uses_per_person:
        raise _refusal("used_already", _("You have used this promo code already."))
    return _terms(promo, tariff)


def _is_open(promo: PromoCode) -> bool:
    now = timezone.now()
    has_begun = promo.starts_at is None or promo.starts_at <= now
    return promo.is_active and has_begun and (promo.ends_at is None or now < promo.ends_at)


def _terms(promo: PromoCode, tariff: Tariff) -> Terms:
    price = tariff.price_kopecks
    discount = {
        PromoCode.Effect.PERCENT: price * promo.value // 100,
        PromoCode.Effect.AMOUNT: min(price, promo.value),
    }.get(PromoCode.Effect(promo.effect), 0)
    more = promo.value if promo.effect == PromoCode.Effect.DAYS and tariff.days else 0
    return Terms(tariff, price - discount, tariff.days + more, discount, promo)


def _refusal(code: str, text: object) -> InputError:
    return InputError(fields=[FieldError("promo_code", code, str(text))])
