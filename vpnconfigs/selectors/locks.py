"""The only way to lock a row of the VPN shop.

Order: panel, inbound, configs by ascending id, removals; only then what accounts lists (user,
wallets). ``FOR NO KEY UPDATE``, so that rows which merely refer to a locked one are not held up.
No lock is held across a call of a panel: what serialises those is ``services.turns``.
"""

import uuid
from collections.abc import Iterable

from config.lib.errors import NotFoundError
from vpnconfigs.models import Config, Inbound, Panel


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
