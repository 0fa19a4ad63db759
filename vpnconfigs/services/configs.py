"""What a person does with their configs; what staff do to anybody's is in ``upkeep``."""

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services.audit import record_audit
from accounts.services.retries import retry_lock_conflicts
from config.lib.errors import FieldError, InputError, NotFoundError
from vpnconfigs.models import Config, Request, Tariff
from vpnconfigs.selectors.locks import lock_existing_config
from vpnconfigs.selectors.tariffs import default_tariff
from vpnconfigs.services import purchases, requests
from vpnconfigs.services.placing import clean_name, leave


def create_config(
    *,
    user: User,
    protocol: str,
    tariff: Tariff | None = None,
    name: str = "",
    country: str = "",
    promo_code: str = "",
    idempotency_key: str = "",
) -> Config:
    """Give a person a new config, or ask the staff for it where the tariff wants that.

    :param tariff: without one, the first on offer that costs nothing.
    :returns: a config that is being set up; one in state ``requested`` when it was asked for.
    :raises BusinessRuleError: ``tariff_required``, ``trial_used``, ``configs_limit`` or
        ``insufficient_balance``; nothing is made and nothing is paid.
    :raises ConflictError: ``no_room``; ``request_open``: something has been asked for already.
    :raises InputError: the promo code does nothing here.
    """
    wanted = tariff or default_tariff(user)
    if not wanted.is_self_service:
        return requests.ask_for_config(
            user=user, protocol=protocol, tariff=wanted, name=name, country=country
        )
    return purchases.buy_config(
        user=user,
        protocol=protocol,
        tariff=wanted,
        name=name,
        country=country,
        promo_code=promo_code,
        idempotency_key=idempotency_key,
    )


@retry_lock_conflicts
@transaction.atomic
def rename_config(*, actor: User, config: Config, name: str) -> Config:
    """Give a config another name.

    :raises InputError: nothing is left of the name.
    :raises NotFoundError: the config is deleted, or not the actor's.
    """
    locked = lock_existing_config(config.pk)
    if locked.user_id != actor.pk:
        raise NotFoundError
    locked.name = clean_name(name)
    if not locked.name:
        raise InputError(fields=[FieldError("name", "required", _("Enter a name."))])
    locked.save(update_fields=["name"])
    return locked


@retry_lock_conflicts
@transaction.atomic
def delete_config(*, actor: User, config: Config) -> None:
    """Delete a config of the actor's own, or anybody's for staff; its client leaves the panel.

    :raises NotFoundError: it is deleted already, or not the actor's.
    """
    locked = lock_existing_config(config.pk)
    if locked.user_id != actor.pk and not actor.is_staff:
        raise NotFoundError
    remove(locked)
    if locked.user_id != actor.pk:
        record_audit(actor=actor, action="vpn_config.deleted", target=f"vpn_config:{locked.pk}")


def remove(config: Config) -> None:
    """Delete a locked config, for whatever reason, and withdraw what was asked about it."""
    leave(config)
    config.state = Config.State.DELETED
    config.save(update_fields=["state"])
    Config.objects.filter(pk=config.pk).update(deleted_at=Now(), is_online=False)
    Request.objects.filter(config=config, state=Request.State.OPEN).update(
        state=Request.State.WITHDRAWN
    )
