"""People hear that their configs end, have ended, or wait for a first connection.

One statement finds who is still to be told and writes the notices; no config leaves the database
for it. Each notice is told once for one end of one config, so a renewal arms it again.
"""

import json
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from config.lib.advisory import try_advisory_lock
from notifications.services import notify_selected

ENDS_SOON = "vpnconfigs.ends_soon"
ENDED = "vpnconfigs.ended"
NOT_CONNECTED = "vpnconfigs.not_connected"

# What ended longer ago is no news.
ENDED_LATELY = timedelta(days=2)
NOT_CONNECTED_AFTER = timedelta(days=2)
# A week later nobody waits for it any more.
NOT_CONNECTED_UNTIL = timedelta(days=9)
# So many to a transaction.
CHUNK = 100_000

_DUE = """
SELECT config.user_id AS recipient_id, due.key AS dedup_key,
       jsonb_build_object(
           'name', config.name, 'config', config.id, 'path', '/configs/' || config.id
       )
       || %(context)s::jsonb AS context
  FROM vpnconfigs_config AS config
  JOIN accounts_user AS person ON person.id = config.user_id AND person.is_active
 CROSS JOIN LATERAL (SELECT {key} AS key) AS due
 WHERE {condition}
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
            expires_at=now + span,
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
        expires_at=now + ENDED_LATELY,
    )


def _plan_not_connected(now: datetime) -> int:
    return _plan(
        NOT_CONNECTED,
        condition=_NOT_CONNECTED,
        key="'vpn_not_connected:' || config.id",
        parameters={"from": now - NOT_CONNECTED_UNTIL, "to": now - NOT_CONNECTED_AFTER},
        expires_at=now + NOT_CONNECTED_UNTIL,
    )


def _plan(
    kind: str,
    *,
    condition: str,
    key: str,
    parameters: dict[str, Any],
    expires_at: datetime,
    context: dict[str, object] | None = None,
) -> int:
    select = _DUE.format(condition=condition, key=key)
    given = {**parameters, "context": json.dumps(context or {}), "chunk": CHUNK}
    total = 0
    # Where a rival has told some of a chunk at the same moment, it is the one that goes on.
    while count := notify_selected(
        kind=kind, select=select, parameters=given, expires_at=expires_at
    ):
        total += count
        if count < CHUNK:
            break
    return total
