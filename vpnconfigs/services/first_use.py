"""Configs whose time begins when they are first used: the panel sees it, and says the end."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from vpnconfigs.models import Config, Inbound
from vpnconfigs.services.listing import Listing

# The end of the year 2999: what lies behind it is no moment that anybody means.
MOST_MS = 32_503_679_999_000


@transaction.atomic
def note_first_use(rows: Mapping[int, Inbound], found: Listing) -> list[uuid.UUID]:
    """Take over the ends that a panel has set since; return of which configs.

    Called in the panel's turn, before anything of them is compared or written: until then a
    config wants the panel to hold what it has held (``wanted_expiry_ms``).

    :param rows: our inbounds by the panel's numbers.
    """
    numbers = {row.pk: number for number, row in rows.items()}
    waiting = Config.objects.filter(inbound__in=numbers, first_use_ms__gt=0)
    waiting = waiting.exclude(state=Config.State.DELETED).order_by("pk")
    begun = []
    for config in waiting.select_for_update(no_key=True):
        client = found.find(numbers[config.inbound_id or 0], config.email)
        end = end_of(client.expiry_ms) if client is not None else None
        if end is not None:
            config.valid_to = end if config.is_synced else max(end, _end_from_now(config))
            config.first_use_ms = 0
            begun.append(config)
    Config.objects.bulk_update(begun, ["valid_to", "first_use_ms"], batch_size=1000)
    return [config.pk for config in begun]


def wanted_expiry_ms(config: Config) -> int:
    """Return a config's end as a panel writes it: 0 for none, negative until it is first used."""
    if config.valid_to is not None:
        return round(config.valid_to.timestamp() * 1000)
    return -config.first_use_ms


def end_of(expiry_ms: int) -> datetime | None:
    """Return the end that a panel writes, to the millisecond; ``None`` where it has none yet."""
    if expiry_ms <= 0:
        return None
    seconds, ms = divmod(min(expiry_ms, MOST_MS), 1000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=ms * 1000)


def _end_from_now(config: Config) -> datetime:
    """The end of what was prolonged while the panel had not heard of it: it has just begun."""
    return timezone.now() + timedelta(milliseconds=min(config.first_use_ms, MOST_MS))
