"""What customers have used, and whether they are connected, as panels count it.

A panel's counters begin anew when somebody resets them, and go back when a backup is put in. What
we count only grows: each reading adds what a counter has gained since the last one.
"""

import logging
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import TypeVar

from django.db import connection, transaction
from django.db.models import F

from config.lib.http import OutsideError
from integrations.xui.client import XuiClient
from vpnconfigs.models import Config, Inbound
from vpnconfigs.services.advancing import advance
from vpnconfigs.services.listing import Listing
from vpnconfigs.signals import configs_depleted, usage_crossed

logger = logging.getLogger(__name__)

PERCENTS = (100, 95, 80)
BATCH = 1000
# A panel may say anything; so much fits into a sum of a few.
MOST_BYTES = 2**53
MOST_MS = 253_402_300_799_000

Row = tuple[int, str, int, int]
_Item = TypeVar("_Item")

# Also touched where nothing has moved for ten minutes, to say that the usage is not an old one.
_COUNT = """
WITH gained AS (
    SELECT c.id, v.up, v.down,
        GREATEST(v.up - c.panel_up_bytes, 0) AS up_gain,
        GREATEST(v.down - c.panel_down_bytes, 0) AS down_gain
    FROM vpnconfigs_config AS c
    JOIN unnest(%s::bigint[], %s::text[], %s::bigint[], %s::bigint[])
        AS v (inbound_id, email, up, down)
        ON c.inbound_id = v.inbound_id AND lower(c.email) = v.email AND c.state <> 'deleted'
    WHERE c.panel_up_bytes <> v.up OR c.panel_down_bytes <> v.down
        OR c.usage_read_at IS NULL OR c.usage_read_at < now() - interval '10 minutes'
    ORDER BY c.id
    FOR NO KEY UPDATE OF c
)
UPDATE vpnconfigs_config AS c SET
    used_up_bytes = c.used_up_bytes + gained.up_gain,
    used_down_bytes = c.used_down_bytes + gained.down_gain,
    panel_up_bytes = gained.up,
    panel_down_bytes = gained.down,
    usage_read_at = now()
FROM gained WHERE c.id = gained.id
RETURNING c.id, c.traffic_limit_bytes, c.used_up_bytes + c.used_down_bytes,
    gained.up_gain + gained.down_gain
"""
_SEEN = """
UPDATE vpnconfigs_config AS c SET
    is_online = v.is_online,
    last_online_at = GREATEST(c.last_online_at, v.seen_at),
    first_online_at = COALESCE(c.first_online_at, v.seen_at)
FROM (
    SELECT c.id, v.is_online, v.seen_at
    FROM vpnconfigs_config AS c
    JOIN unnest(%s::bigint[], %s::text[], %s::boolean[], %s::timestamptz[])
        AS v (inbound_id, email, is_online, seen_at)
        ON c.inbound_id = v.inbound_id AND lower(c.email) = v.email AND c.state <> 'deleted'
    WHERE c.is_online <> v.is_online
        OR v.seen_at > c.last_online_at
        OR (v.seen_at IS NOT NULL AND c.last_online_at IS NULL)
    ORDER BY c.id
    FOR NO KEY UPDATE OF c
) AS v WHERE c.id = v.id
"""


def count_traffic(rows: Mapping[int, Inbound], found: Listing) -> None:
    """Add what the panel has counted since the last reading; switch off what is used up.

    Called in the panel's turn, in which ``found`` was read: readings must not overtake each other.
    One statement for each thousand clients; a counter that shrank is taken as it is, and adds
    nothing.

    :param rows: our inbounds by the panel's numbers.
    """
    for batch in _batches(_readings(rows, found)):
        _count(batch)
    deplete_spent(rows)


@transaction.atomic
def _count(batch: Sequence[Row]) -> None:
    crossed: dict[int, list[uuid.UUID]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [list(column) for column in zip(*batch, strict=True)])
        for config_id, limit, used, gain in cursor.fetchall():
            percent = _mark_passed(limit, before=used - gain, after=used)
            if percent:
                crossed.setdefault(percent, []).append(config_id)
    for percent, config_ids in crossed.items():
        usage_crossed.send(sender=Config, config_ids=config_ids, percent=percent)


@transaction.atomic
def deplete_spent(rows: Mapping[int, Inbound]) -> None:
    """Switch off the configs of these inbounds that have used up what they may."""
    spent = Config.objects.filter(
        inbound__in=[row.pk for row in rows.values()],
        state__in=Config.LIVE,
        traffic_limit_bytes__gt=0,
        traffic_limit_bytes__lte=F("used_up_bytes") + F("used_down_bytes"),
    )
    ids = advance(spent, to=Config.State.DEPLETED)
    if ids:
        configs_depleted.send(sender=Config, config_ids=ids)


def read_presence(client: XuiClient, rows: Mapping[int, Inbound], found: Listing) -> None:
    """Note who is connected and when each was last seen; a panel that does not say is let be."""
    try:
        online = {email.lower() for email in client.onlines()}
        # Since 2.6.8 the counters' rows say when; before, only now is known.
        now = datetime.now(UTC)
    except OutsideError as error:
        logger.info("presence not read", extra={"error": str(error)})
        return
    readings = (
        (rows[number].pk, email, email in online, _seen_at(found, email, online, now))
        for number, email, _client in found.clients()
        if number in rows
    )
    for batch in _batches(readings):
        with connection.cursor() as cursor:
            cursor.execute(_SEEN, [list(column) for column in zip(*batch, strict=True)])


def _seen_at(found: Listing, email: str, online: set[str], now: datetime) -> datetime | None:
    traffic = found.traffic(email)
    seen_ms = min(traffic.last_online_ms, MOST_MS) if traffic is not None else 0
    if seen_ms > 0:
        return datetime.fromtimestamp(seen_ms / 1000, UTC)
    return now if email in online else None


def _readings(rows: Mapping[int, Inbound], found: Listing) -> Iterator[Row]:
    for number, email, _client in found.clients():
        traffic = found.traffic(email)
        if number in rows and traffic is not None:
            yield rows[number].pk, email, _fit(traffic.up_bytes), _fit(traffic.down_bytes)


def _fit(count: int) -> int:
    return min(max(count, 0), MOST_BYTES)


def _batches(items: Iterator[_Item]) -> Iterator[Sequence[_Item]]:
    while batch := list(islice(items, BATCH)):
        yield batch


def _mark_passed(limit: int, *, before: int, after: int) -> int:
    """Return the highest mark, in percent of the limit, that lies between two readings."""
    if not limit:
        return 0
    marks = (mark for mark in PERCENTS if before * 100 < mark * limit <= after * 100)
    return next(marks, 0)
