"""What staff do to anybody's configs, one at a time; ``mass_actions`` does it to many.

Every function locks the config, asks for staff to have been checked, and is audited.
"""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services.audit import record_audit
from accounts.services.retries import retry_lock_conflicts
from config.lib.correlation import get_correlation_id
from config.lib.errors import ConflictError, FieldError, InputError, NotFoundError
from vpnconfigs.models import Config, Inbound, Purchase
from vpnconfigs.selectors.inbounds import choose_inbound, flow_for
from vpnconfigs.selectors.locks import lock_existing_config
from vpnconfigs.selectors.settings import get_shop_settings
from vpnconfigs.selectors.states import MOST_DAYS
from vpnconfigs.services import purchases
from vpnconfigs.services.identities import new_email, new_sub_id
from vpnconfigs.services.placing import begin_period, changed, is_endless, leave, let_in, prolong

REASON_LENGTH = 200


@retry_lock_conflicts
@transaction.atomic
def extend_config(
    *, actor: User | None, config: Config, days: int, idempotency_key: str = ""
) -> Config:
    """Give days as a present; limits and usage stay. One that had ended works again.

    :param idempotency_key: a repeat changes nothing.
    :raises ConflictError: ``config_state``: it is only asked for; ``without_end``.
    :raises InputError: not a number of days.
    """
    if not 1 <= days <= MOST_DAYS:
        text = _("From 1 to %(most)s days.") % {"most": MOST_DAYS}
        raise InputError(fields=[FieldError("days", "invalid", text)])
    locked = _lock_placed(config)
    key = purchases.purchase_key("grant", locked.pk, idempotency_key)
    if Purchase.objects.filter(idempotency_key=key).exists():
        return locked
    give_days(locked, days=days)
    if locked.user is not None:
        Purchase.objects.create(
            user=locked.user,
            config=locked,
            tariff=locked.tariff,
            kind=Purchase.Kind.GRANT,
            days=days,
            idempotency_key=key,
            correlation_id=get_correlation_id(),
        )
    return _done(actor, locked, "extended", days=days)


def give_days(config: Config, *, days: int) -> None:
    """Move the end of a locked config and store it; the caller tells the panel.

    :raises ConflictError: ``without_end``.
    """
    if is_endless(config):
        raise ConflictError(_("This config has no end."), code="without_end")
    now = timezone.now()
    prolong(config, days=days, now=now)
    if config.state == Config.State.EXPIRED:
        let_in(config, now)
    config.save(update_fields=["valid_from", "valid_to", "first_use_ms", "state"])


@retry_lock_conflicts
@transaction.atomic
def reset_traffic(*, actor: User | None, config: Config) -> Config:
    """Count a config's traffic from nothing, here and on the panel.

    :raises ConflictError: ``config_state``: it is only asked for.
    """
    locked = _lock_placed(config)
    begin_period(locked)
    if locked.state == Config.State.DEPLETED:
        let_in(locked, timezone.now())
    locked.save()
    return _done(actor, locked, "traffic_reset")


@retry_lock_conflicts
@transaction.atomic
def suspend_config(*, actor: User | None, config: Config, reason: str = "") -> Config:
    """Shut a config out until it is resumed; its time goes on. Doing it again changes nothing.

    :raises ConflictError: ``config_state``: it is only asked for.
    """
    locked = _lock_placed(config)
    if locked.state == Config.State.SUSPENDED:
        return locked
    locked.state = Config.State.SUSPENDED
    locked.suspended_reason = " ".join(reason.replace("\x00", "").split())[:REASON_LENGTH]
    locked.save(update_fields=["state", "suspended_reason"])
    return _done(actor, locked, "suspended", reason=locked.suspended_reason)


@retry_lock_conflicts
@transaction.atomic
def resume_config(*, actor: User | None, config: Config) -> Config:
    """Let a suspended config in again, as far as its time and traffic go.

    :raises ConflictError: ``config_state``: it is not suspended.
    """
    locked = _lock_placed(config)
    if locked.state != Config.State.SUSPENDED:
        raise ConflictError(_("This config is not suspended."), code="config_state")
    let_in(locked, timezone.now())
    locked.suspended_reason = ""
    locked.save(update_fields=["state", "suspended_reason"])
    return _done(actor, locked, "resumed")


@retry_lock_conflicts
@transaction.atomic
def move_config(
    *,
    actor: User | None,
    config: Config,
    inbound: Inbound | None = None,
    country: str = "",
) -> Config:
    """Put a config on another inbound: the same secret, a new name there, its usage kept.

    :param inbound: where to; without one it is chosen as for a new config.
    Locks the new place, then the config.

    :raises ConflictError: ``same_inbound``, ``wrong_inbound``, ``no_room`` or ``config_state``.
    """
    there = inbound or choose_inbound(
        protocol=config.protocol, tariff=config.tariff, country=country
    )
    locked = _lock_placed(config)
    if there.pk == locked.inbound_id:
        raise ConflictError(_("The config stands there already."), code="same_inbound")
    if there.protocol != locked.protocol or there.is_gone:
        text = _("A config of this protocol cannot stand there.")
        raise ConflictError(text, code="wrong_inbound")
    before = locked.inbound_id
    leave(locked)
    _settle_at(locked, there)
    return _done(actor, locked, "moved", before=before, after=there.pk)


def move_own_config(*, actor: User, config: Config, country: str) -> Config:
    """Put a config of the actor's own into another country.

    :raises NotFoundError: it is deleted, or not the actor's.
    :raises ConflictError: as of ``move_config``; ``no_country_choice``: the shop chooses.
    """
    if config.user_id != actor.pk:
        raise NotFoundError
    if not get_shop_settings().has_country_choice:
        raise ConflictError(_("The country cannot be chosen here."), code="no_country_choice")
    return move_config(actor=actor, config=config, country=country)


def _settle_at(config: Config, inbound: Inbound) -> None:
    config.inbound = inbound
    config.email, config.sub_id = new_email(), new_sub_id()
    config.flow = flow_for(inbound, protocol=config.protocol)
    # The new client's counters begin at nothing, and nothing is left to be reset there.
    config.panel_up_bytes = config.panel_down_bytes = 0
    config.done_reset = config.wanted_reset
    config.synced_at, config.is_online = None, False
    if config.state in Config.LIVE:
        config.state = Config.State.PROVISIONING
    config.save()


def _lock_placed(config: Config) -> Config:
    locked = lock_existing_config(config.pk)
    if locked.state not in Config.PLACED:
        raise ConflictError(_("This config is only asked for yet."), code="config_state")
    return locked


def _done(actor: User | None, config: Config, deed: str, **details: object) -> Config:
    record_audit(
        actor=actor,
        action=f"vpn_config.{deed}",
        target=f"vpn_config:{config.pk}",
        details=details,
    )
    return changed(config)
