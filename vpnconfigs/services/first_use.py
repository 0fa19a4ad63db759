"""Configs whose time begins when they are first used: the panel sees it, and says the end."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime

from django.db import transaction

from vpnconfigs.models import Config, Inbound
from vpnconfigs.services.listing import Listing


@transaction.atomic
def note_first_use(rows: Mapping[int, Inbound], found: Listing) -> list[uuid.UUID]:
    """Take over the ends that a panel has set since; return of which configs.

    Called in the panel's turn, before anything of them is compared or written: until then a
    config wants the panel to hold what it has held (``wanted_expiry_ms``).

    :param rows: our inbounds by the panel's numbers.
    """
    numbers = {row.pk: number for number, row in rows.items()}
    waiting = Config.objects.filter(inbound__in=numbers, first_use_ms__gt=0).exclude(
        state=Config.State.DELETED
    )
    begun = []
    for config in waiting.order_by("pk").select_for_update(no_key=True):
        client = found.find(numbers[config.inbound_id or 0], config.email)
        if client is not None and client.expiry_ms > 0:
            end = datetime.fromtimestamp(client.expiry_ms // 1000, UTC)
            config.valid_to = end.replace(microsecond=client.expiry_ms % 1000 * 1000)
            config.first_use_ms = 0
            begun.append(config)
    Config.objects.bulk_update(begun, ["valid_to", "first_use_ms"], batch_size=1000)
    return [config.pk for config in begun]


def wanted_expiry_ms(config: Config) -> int:
    """Return a config's end as a panel writes it: 0 for none, negative until it is first used."""
    if config.valid_to is not None:
        return round(config.valid_to.timestamp() * 1000)
    return -config.first_use_ms
