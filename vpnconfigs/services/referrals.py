"""Who brought whom, and the days that this is worth once the newcomer pays."""

import secrets
from contextlib import suppress

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from config.lib.correlation import get_correlation_id
from config.lib.errors import AppError, BusinessRuleError, ConflictError, FieldError, InputError
from vpnconfigs.models import Config, Purchase, Referral, ReferralCode
from vpnconfigs.selectors.locks import lock_configs
from vpnconfigs.selectors.settings import get_shop_settings
from vpnconfigs.services.desired import mark_changed
from vpnconfigs.services.promo_codes import clean_code
from vpnconfigs.services.upkeep import give_days

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_LENGTH = 8


def referral_code_of(user: User) -> ReferralCode:
    """Return what a person gives on to bring others; the first call makes it."""
    code = "".join(secrets.choice(_LETTERS) for _number in range(_LENGTH))
    return ReferralCode.objects.get_or_create(user=user, defaults={"code": code})[0]


def note_referral(*, newcomer: User, code: str) -> Referral:
    """Note who brought a person, before they have anything here; once and for all.

    :raises ConflictError: ``no_referrals``: the shop rewards nobody; ``brought_already``.
    :raises BusinessRuleError: ``not_new``: they have had a config, or brought the other one.
    :raises InputError: nobody has this code, or it is their own.
    """
    if not get_shop_settings().has_referrals:
        raise ConflictError(_("Nobody is rewarded here."), code="no_referrals")
    found = ReferralCode.objects.select_related("user").filter(code=clean_code(code)).first()
    if found is None or found.user_id == newcomer.pk:
        text = _("Nobody has this code.")
        raise InputError(fields=[FieldError("code", "does_not_exist", text)])
    brought = Referral.objects.filter(referrer=newcomer, newcomer=found.user)
    if Purchase.objects.filter(user=newcomer).exists() or brought.exists():
        raise BusinessRuleError(_("Only newcomers can be brought."), code="not_new")
    try:
        with transaction.atomic():
            return Referral.objects.create(referrer=found.user, newcomer=newcomer)
    except IntegrityError:
        raise ConflictError(
            _("Somebody has brought you already."), code="brought_already"
        ) from None


def come_by(*, newcomer: User, code: str) -> Referral:
    """Note who brought a person, or return that this very one has. Refusals as of the first."""
    known = Referral.objects.filter(
        newcomer=newcomer, referrer__vpn_referral_code__code=clean_code(code)
    )
    return known.select_related("referrer").first() or note_referral(newcomer=newcomer, code=code)


def note_arrival(newcomer: User, code: str) -> None:
    """Note who brought a person who has just registered; a code that does nothing is passed by."""
    with suppress(AppError):
        note_referral(newcomer=newcomer, code=code)


def reward_due() -> int:
    """Give the days to everybody whose newcomer has paid; return how many were rewarded.

    Never for what was had for nothing. Who has no config that works gets them with the next one.
    Any number may run at once: each referral is rewarded by one of them.
    """
    if not get_shop_settings().has_referrals:
        return 0
    paid = Purchase.objects.filter(user=OuterRef("newcomer"), transfer__isnull=False)
    working = Config.objects.filter(
        user=OuterRef("referrer"), state__in=Config.LIVE, valid_to__isnull=False
    )
    due = Referral.objects.filter(Exists(paid), Exists(working), rewarded_at=None)
    return sum(_reward(pk) for pk in due.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _reward(referral_id: int) -> int:
    rows = Referral.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
    referral = rows.filter(pk=referral_id, rewarded_at=None).first()
    if referral is None:
        return 0
    theirs = Config.objects.filter(user=referral.referrer_id, state__in=Config.LIVE)
    ids = list(theirs.exclude(valid_to=None).values_list("pk", flat=True))
    days = get_shop_settings().referral_days
    given = [config for config in lock_configs(ids).values() if _may_have_more(config)]
    for config in given:
        _give(referral, config, days)
    if given:
        mark_changed(Config.objects.filter(pk__in=[config.pk for config in given]))
        Referral.objects.filter(pk=referral.pk).update(rewarded_at=Now())
    return int(bool(given))


def _may_have_more(config: Config) -> bool:
    return config.state in Config.LIVE and config.valid_to is not None


def _give(referral: Referral, config: Config, days: int) -> None:
    give_days(config, days=days)
    Purchase.objects.create(
        user_id=referral.referrer_id,
        config=config,
        tariff_id=config.tariff_id,
        kind=Purchase.Kind.REWARD,
        days=days,
        idempotency_key=f"reward:{referral.pk}:{config.pk}",
        correlation_id=get_correlation_id(),
    )
