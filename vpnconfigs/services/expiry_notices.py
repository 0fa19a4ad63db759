"""People hear that their configs end, have ended, or wait for a first connection.

One statement finds who is still to be told, another writes the notices; nothing is asked for each
config. Each notice is told once for one end of one config, so a renewal arms it again.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import timezone

from config.lib.advisory import try_advisory_lock
from notifications.services import notify_many

ENDS_SOON = "vpnconfigs.ends_soon"
ENDED = "vpnconfigs.ended"
NOT_CONNECTED = "vpnconfigs.not_connected"

# What ended longer ago is no news.
ENDED_LATELY = timedelta(days=2)
NOT_CONNECTED_AFTER = timedelta(days=2)
# A week later nobody waits for it any more.
NOT_CONNECTED_UNTIL = timedelta(days=9)
CHUNK = 5_000

_DUE = """
SELECT config.id, config.user_id, config.name, due.key
  FROM vpnconfigs_config AS config
  JOIN accounts_user AS person ON person.id = config.user_id AND person.is_active
 CROSS JOIN LATERAL (SELECT {key} AS key) AS due
 WHERE {condition} AND config.id > %(after)s
   AND NOT EXISTS (SELECT 1 FROM notifications_notification AS told WHERE told.dedup_key = due.key)
 ORDER BY config.id
 LIMIT %(chunk)s
"""
_END = "floor(extract(epoch FROM config.valid_to))::bigint"
# Whose whole time is shorter than the threshold have just been told by having it.
_ENDS_SOON = """
config.state IN ('provisioning', 'active', 'expiring')
   AND config.valid_to > %(from)s AND config.valid_to <= %(to)s
   AND config.valid_to - config.valid_from > %(span)s
"""
_ENDED = """
config.state IN ('provisioning', 'active', 'expiring', 'expired')
   AND config.valid_to > %(from)s AND config.valid_to <= %(to)s
"""
_NOT_CONNECTED = """
config.state IN ('active', 'expiring') AND config.first_online_at IS NULL
   AND NOT config.is_adopted AND config.synced_at > %(from)s AND config.synced_at <= %(to)s
"""
_FIRST = "00000000-0000-0000-0000-000000000000"


def plan_expiry_notices() -> int:
    """Write what is due to be told now; return how much that was.

    One of several at once does it, the others leave it be; and would they not, each notice is
    unique.
    """
    with try_advisory_lock("vpnconfigs.plan_expiry_notices") as is_held:
        return _plan_all(timezone.now()) if is_held else 0


def _plan_all(now: datetime) -> int:
    return _plan_ends_soon(now) + _plan_ended(now) + _plan_not_connected(now)


def _plan_ends_soon(now: datetime) -> int:
    """Tell of the nearest threshold alone: who has been told of none hears of one."""
    total, nearer = 0, 0
    for hours in sorted(set(settings.CONFIG_EXPIRY_NOTIF_HOURS)):
        span = timedelta(hours=hours)
        total += _plan(
            ENDS_SOON,
            condition=_ENDS_SOON,
            key=f"'vpn_ends_soon:' || config.id || ':' || {_END} || ':{hours}'",
            parameters={"from": now + timedelta(hours=nearer), "to": now + span, "span": span},
            context={"hours": hours},
        )
        nearer = hours
    return total


def _plan_ended(now: datetime) -> int:
    return _plan(
        ENDED,
        condition=_ENDED,
        key=f"'vpn_ended:' || config.id || ':' || {_END}",
        parameters={"from": now - ENDED_LATELY, "to": now},
    )


def _plan_not_connected(now: datetime) -> int:
    return _plan(
        NOT_CONNECTED,
        condition=_NOT_CONNECTED,
        key="'vpn_not_connected:' || config.id",
        parameters={"from": now - NOT_CONNECTED_UNTIL, "to": now - NOT_CONNECTED_AFTER},
    )


def _plan(
    kind: str,
    *,
    condition: str,
    key: str,
    parameters: dict[str, Any],
    context: dict[str, object] | None = None,
) -> int:
    total = 0
    for rows in _due(_DUE.format(condition=condition, key=key), parameters):
        notices = (
            (user_id, _context(pk, name) | (context or {}), dedup_key)
            for pk, user_id, name, dedup_key in rows
        )
        total += notify_many(kind=kind, rows=notices)
    return total


def _context(config_id: UUID, name: str) -> dict[str, object]:
    return {"name": name, "config": str(config_id), "path": f"/configs/{config_id}"}


def _due(statement: str, parameters: dict[str, Any]) -> Iterator[list[Any]]:
    """Yield the rows of a statement, a chunk at a time, each chunk told before the next is read."""
    after: Any = _FIRST
    while True:
        with connection.cursor() as cursor:
            cursor.execute(statement, {**parameters, "after": after, "chunk": CHUNK})
            rows = cursor.fetchall()
        if rows:
            yield rows
        if len(rows) < CHUNK:
            return
        after = rows[-1][0]
