"""Configs, as far as the asker may see them."""

import uuid

from django.db.models import QuerySet

from accounts.models import User
from config.lib.errors import NotFoundError
from vpnconfigs.models import Config

# The key of pages.
NEWEST_FIRST = ("-created_at", "id")


def configs_of(user: User) -> QuerySet[Config]:
    """Return what a person has, with all that is shown of one; deleted ones are gone."""
    rows = Config.objects.filter(user=user).exclude(state=Config.State.DELETED)
    return rows.select_related("tariff", "inbound__panel", "subscription")


def get_config_for(actor: User, config_id: uuid.UUID | str) -> Config:
    """Return a config of the actor's own.

    :raises NotFoundError: there is none, it is deleted, or it belongs to somebody else.
    """
    return _get(configs_of(actor), config_id)


def get_config(config_id: uuid.UUID | str) -> Config:
    """Return anybody's config, deleted or not; for staff.

    :raises NotFoundError: there is none.
    """
    rows = Config.objects.select_related("user", "tariff", "inbound__panel", "subscription")
    return _get(rows, config_id)


def _get(rows: QuerySet[Config], config_id: uuid.UUID | str) -> Config:
    try:
        config = rows.filter(pk=uuid.UUID(str(config_id))).first()
    except ValueError:
        config = None
    if config is None:
        raise NotFoundError
    return config
