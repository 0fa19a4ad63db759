"""Days that are bought, or had for nothing: the money, the config and the record in one piece.

Locks the person's subscription link, then the inbound, then the config, then the promo code, then
wallets.
"""

import hashlib
import uuid

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Transfer, User
from accounts.services.ledger import system_wallet, transfer, wallet_of
from accounts.services.retries import retry_lock_conflicts
from config.lib.correlation import get_correlation_id
from config.lib.errors import BusinessRuleError, ConflictError, NotFoundError
from config.lib.queue import ring_on_commit
from vpnconfigs.models import Config, Inbound, Purchase, Tariff, TrialUse
from vpnconfigs.selectors.inbounds import choose_inbound
from vpnconfigs.selectors.locks import lock_existing_config, lock_subscription
from vpnconfigs.selectors.settings import get_shop_settings
from vpnconfigs.services.placing import (
    begin_period,
    build_config,
    changed,
    is_endless,
    let_in,
    place,
    prolong,
    take_limits,
)
from vpnconfigs.services.promo_codes import Terms, use_promo_code
from vpnconfigs.services.subscriptions import subscription_of

TRANSFER_KIND = "vpn_purchase"
REWARD = "vpnconfigs.reward_referrers"
Kind = Purchase.Kind


@retry_lock_conflicts
@transaction.atomic
def buy_config(
    *,
    user: User,
    protocol: str,
    tariff: Tariff,
    name: str = "",
    country: str = "",
    promo_code: str = "",
    idempotency_key: str = "",
) -> Config:
    """Sell a person a new config of a tariff that is taken without asking.

    :param idempotency_key: a repeat returns the first config and takes nothing.
    :raises BusinessRuleError: ``request_needed``, ``trial_used``, ``configs_limit`` or
        ``insufficient_balance``; nothing is made and nothing is paid.
    :raises ConflictError: ``no_room``: no inbound has a place left.
    :raises InputError: the promo code does nothing here.
    """
    if not tariff.is_self_service:
        raise _request_needed()
    key = purchase_key("new", user.pk, idempotency_key)
    link = subscription_of(user)
    lock_subscription(link.pk)
    first = _bought_before(key)
    if first is not None:
        return first
    require_room_for_one(user)
    inbound = choose_place(protocol=protocol, tariff=tariff, country=country)
    terms = use_promo_code(user=user, code=promo_code, tariff=tariff)
    config = build_config(user=user, link=link, protocol=protocol, name=name, tariff=tariff)
    return provision(config, inbound=inbound, terms=terms, kind=Kind.NEW, key=key)


@retry_lock_conflicts
@transaction.atomic
def renew_config(
    *,
    actor: User,
    config: Config,
    tariff: Tariff | None = None,
    promo_code: str = "",
    idempotency_key: str = "",
) -> Config:
    """Sell the days of a tariff, the config's own by default, to who has the config.

    The days begin at the end of those that are left; limits and usage begin anew.

    :param idempotency_key: a repeat returns the config and takes nothing.
    :raises NotFoundError: the config is deleted, or not the actor's.
    :raises ConflictError: ``config_state``: it is suspended or only asked for; ``without_end``.
    :raises BusinessRuleError: ``tariff_required``, ``request_needed``, ``trial_used`` or
        ``insufficient_balance``; nothing has changed and nothing is paid.
    :raises InputError: the promo code does nothing here.
    """
    locked = lock_existing_config(config.pk)
    if locked.user_id != actor.pk:
        raise NotFoundError
    key = purchase_key("renewal", locked.pk, idempotency_key)
    if Purchase.objects.filter(idempotency_key=key).exists():
        return locked
    wanted = tariff or locked.tariff
    if wanted is None:
        raise BusinessRuleError(_("Choose a tariff."), code="tariff_required")
    if not wanted.is_self_service:
        raise _request_needed()
    terms = use_promo_code(user=actor, code=promo_code, tariff=wanted)
    return renew(locked, terms=terms, kind=Kind.RENEWAL, key=key)


def choose_place(*, protocol: str, tariff: Tariff, country: str) -> Inbound:
    """Return where a new config shall stand, and lock it where its places are counted.

    :param country: counts only where customers may choose.
    :raises ConflictError: ``no_room``.
    """
    wanted = country.upper() if get_shop_settings().has_country_choice else ""
    return choose_inbound(protocol=protocol, tariff=tariff, country=wanted)


def provision(config: Config, *, inbound: Inbound, terms: Terms, kind: Kind, key: str) -> Config:
    """Set a new config up, take the money and write it down; the person's link is locked."""
    placed = set_up(config, inbound=inbound, terms=terms)
    record(user=_owner_of(placed), kind=kind, terms=terms, config=placed, key=key)
    return placed


def renew(config: Config, *, terms: Terms, kind: Kind, key: str) -> Config:
    """Prolong a locked config, take the money and write it down. Refusals as of ``add_period``."""
    longer = add_period(config, terms=terms)
    record(user=_owner_of(longer), kind=kind, terms=terms, config=longer, key=key)
    return longer


def set_up(config: Config, *, inbound: Inbound, terms: Terms) -> Config:
    """Place a new config; nothing is paid.

    :raises BusinessRuleError: ``trial_used``.
    """
    if terms.tariff.is_trial:
        take_trial(_owner_of(config))
    return place(config, inbound=inbound, tariff=terms.tariff, days=terms.days, now=timezone.now())


def add_period(config: Config, *, terms: Terms) -> Config:
    """Prolong a locked config and begin its limits and usage anew; nothing is paid.

    :raises ConflictError: ``config_state``: it is suspended or only asked for; ``without_end``:
        it has no end that the tariff could move.
    :raises BusinessRuleError: ``trial_used``.
    """
    if config.state in (Config.State.SUSPENDED, Config.State.REQUESTED):
        text = _("A config that is suspended or only asked for cannot be renewed.")
        raise ConflictError(text, code="config_state")
    if is_endless(config) and terms.days:
        raise ConflictError(_("This config has no end."), code="without_end")
    if terms.tariff.is_trial:
        take_trial(_owner_of(config))
    now = timezone.now()
    prolong(config, days=terms.days, now=now)
    take_limits(config, terms.tariff)
    begin_period(config)
    config.is_trial = terms.tariff.is_trial
    let_in(config, now)
    config.save()
    return changed(config)


def record(*, user: User, kind: Kind, terms: Terms, config: Config | None, key: str) -> Purchase:
    """Take the money, if it costs any, and write the purchase.

    :raises BusinessRuleError: ``insufficient_balance``.
    """
    paid: Transfer | None = None
    if terms.price_kopecks:
        paid = transfer(
            kind=TRANSFER_KIND,
            debit=wallet_of(user),
            credit=system_wallet("revenue"),
            amount_kopecks=terms.price_kopecks,
            idempotency_key=f"vpn:{key}",
            reference=f"config:{config.pk}" if config else f"tariff:{terms.tariff.pk}",
        )
        ring_on_commit(REWARD)
    return Purchase.objects.create(
        user=user,
        config=config,
        tariff=terms.tariff,
        kind=kind,
        days=terms.days,
        price_kopecks=terms.price_kopecks,
        discount_kopecks=terms.discount_kopecks,
        promo_code=terms.promo_code,
        transfer=paid,
        idempotency_key=key,
        correlation_id=get_correlation_id(),
    )


def purchase_key(what: str, whose: int | uuid.UUID, idempotency_key: str) -> str:
    """Return what a purchase is unique by; without a key of the caller's it is unlike any other."""
    if not idempotency_key:
        return f"{what}:{whose}:{uuid.uuid4().hex}"
    return f"{what}:{whose}:{hashlib.sha256(idempotency_key.encode()).hexdigest()}"


def require_room_for_one(user: User) -> None:
    """Refuse one config too many; the person's link is locked.

    :raises BusinessRuleError: ``configs_limit``.
    """
    most = get_shop_settings().configs_per_person
    held = Config.objects.filter(user=user).exclude(state=Config.State.DELETED).count()
    if held >= most:
        text = _("Nobody has more than %(most)s configs. Delete one first.") % {"most": most}
        raise BusinessRuleError(text, code="configs_limit", most=most)


def take_trial(user: User) -> None:
    """Use a person's one trial up.

    :raises BusinessRuleError: ``trial_used``.
    """
    _use, is_new = TrialUse.objects.get_or_create(user=user)
    if not is_new:
        raise trial_used()


def trial_used() -> BusinessRuleError:
    return BusinessRuleError(_("You have had your trial already."), code="trial_used")


def _request_needed() -> BusinessRuleError:
    text = _("This tariff is given by the staff: send a request.")
    return BusinessRuleError(text, code="request_needed")


def _bought_before(key: str) -> Config | None:
    first = Purchase.objects.select_related("config").filter(idempotency_key=key).first()
    return first.config if first else None


def _owner_of(config: Config) -> User:
    if config.user is None:
        text = _("This config belongs to nobody yet.")
        raise ConflictError(text, code="no_owner")
    return config.user
