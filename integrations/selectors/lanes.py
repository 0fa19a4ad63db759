"""Which lanes have something at their head. Both queries hop from lane to lane along an index,
so a lane of ten thousand rows costs as much as one of ten.
"""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from integrations.models import Delivery

_OPEN = "state IN ('queued', 'sending', 'retry', 'ambiguous') AND NOT needs_person"
_KEY = "coalesce(position, id), rank, id"
_HEADS = f"""
    WITH RECURSIVE head AS (
        (SELECT id, lane, sender, budget_key, state, not_before
         FROM integrations_delivery WHERE channel = %(channel)s AND {_OPEN}
         ORDER BY channel, lane, {_KEY} LIMIT 1)
        UNION ALL
        SELECT next.* FROM head CROSS JOIN LATERAL (
            SELECT id, lane, sender, budget_key, state, not_before
            FROM integrations_delivery
            WHERE channel = %(channel)s AND {_OPEN} AND lane > head.lane
            ORDER BY channel, lane, {_KEY} LIMIT 1) AS next
    )
"""  # noqa: S608  built from the constants above
_FREE = """
    head.state <> 'sending'
    AND NOT EXISTS (SELECT 1 FROM integrations_hold AS hold
                    WHERE hold.key IN (head.budget_key, head.sender)
                    AND hold.until > clock_timestamp())
"""
# The lane that was served longest ago comes first: a noisy dialog does not starve the others.
# Whoever gives a delivery back changes its ``not_before``: if another pump had it between our look
# and our lock, something may have been put ahead of it that we do not see.
_CLAIM = f"""
    {_HEADS}, ranked AS (
        SELECT head.id, head.not_before, row_number() OVER (
            PARTITION BY head.budget_key ORDER BY served.at NULLS FIRST, head.id) AS turn
        FROM head LEFT JOIN LATERAL (
            SELECT past.dispatched_at AS at FROM integrations_delivery AS past
            WHERE past.lane = head.lane AND past.dispatched_at IS NOT NULL
            ORDER BY past.dispatched_at DESC LIMIT 1) AS served ON true
        WHERE {_FREE} AND head.not_before <= clock_timestamp()
        AND NOT EXISTS (SELECT 1 FROM integrations_delivery AS flying
                        WHERE flying.budget_key = head.budget_key AND flying.state = 'sending')
    ), chosen AS (
        SELECT delivery.id FROM integrations_delivery AS delivery
        JOIN ranked ON ranked.id = delivery.id AND ranked.turn = 1
        WHERE delivery.state IN ('queued', 'retry', 'ambiguous')
        AND delivery.not_before = ranked.not_before
        ORDER BY delivery.id LIMIT %(most)s
        FOR UPDATE OF delivery SKIP LOCKED
    )
    UPDATE integrations_delivery AS delivery
    SET state = 'sending', lease_token = %(token)s, leased_at = clock_timestamp()
    FROM chosen WHERE delivery.id = chosen.id
    RETURNING delivery.*
"""  # noqa: S608  built from the constants above
_NEXT_DUE = f"""
    {_HEADS}
    SELECT extract(epoch FROM min(GREATEST(head.not_before, held.until)) - clock_timestamp())
    FROM head LEFT JOIN LATERAL (
        SELECT max(hold.until) AS until FROM integrations_hold AS hold
        WHERE hold.key IN (head.budget_key, head.sender)) AS held ON true
    WHERE head.state <> 'sending'
"""  # noqa: S608  built from the constants above
_WAITING = """
    WITH RECURSIVE head AS (
        (SELECT id, lane, not_before FROM integrations_inboundevent
         WHERE state = 'new' ORDER BY lane, id LIMIT 1)
        UNION ALL
        SELECT next.* FROM head CROSS JOIN LATERAL (
            SELECT id, lane, not_before FROM integrations_inboundevent
            WHERE state = 'new' AND lane > head.lane ORDER BY lane, id LIMIT 1) AS next
    )
    SELECT id FROM head WHERE not_before <= clock_timestamp() ORDER BY id LIMIT %s
"""


def claim_heads(*, channel: str, token: UUID, most: int) -> list[Delivery]:
    """Take up to ``most`` due lane heads, at most one for each allowance, in one statement.

    Held allowances and those with a call in the air are passed over. The rows are ``sending``
    and leased to ``token`` when this returns.
    """
    return list(Delivery.objects.raw(_CLAIM, {"channel": channel, "token": token, "most": most}))


def seconds_until_due(*, channel: str) -> float | None:
    """Return how long until some lane's head may be claimed; ``None`` when nothing waits."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_DUE, {"channel": channel})
        row = cursor.fetchone()
    return None if row is None or row[0] is None else max(0.0, float(row[0]))


def waiting_events(*, most: int) -> Sequence[int]:
    """Return the ids of due inbox events, each the first of its lane, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, [most])
        return [row[0] for row in cursor.fetchall()]
