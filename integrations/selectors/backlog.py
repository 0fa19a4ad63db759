"""How much waits, and how long the oldest of it has been waiting."""

from dataclasses import dataclass

from django.db import connection

from integrations.models import BeatTick

_OUTBOX = """
    SELECT channel, count(*),
        GREATEST(0, extract(epoch FROM clock_timestamp() - min(not_before)))
    FROM integrations_delivery
    WHERE state IN ('queued', 'retry', 'ambiguous') AND NOT needs_person
    AND not_before <= clock_timestamp()
    GROUP BY channel
"""
_INBOX = """
    SELECT count(*), GREATEST(0, extract(epoch FROM clock_timestamp() - min(not_before)))
    FROM integrations_inboundevent WHERE state = 'new' AND not_before <= clock_timestamp()
"""
_UNSETTLED = """
    SELECT count(*) FILTER (WHERE state = 'dead' AND settled_at > now() - interval '15 min'),
        count(*) FILTER (WHERE state = 'ambiguous' AND needs_person)
    FROM integrations_delivery WHERE state IN ('dead', 'ambiguous')
"""
_BEAT = (
    "SELECT extract(epoch FROM clock_timestamp() - at) FROM integrations_beattick WHERE name = %s"
)


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is due and not done.

    :param oldest_seconds: how long the oldest of it has been due; 0 when nothing is.
    """

    count: int
    oldest_seconds: float


def outbox_backlog() -> dict[str, Backlog]:
    """Return the due deliveries of each channel that has any."""
    with connection.cursor() as cursor:
        cursor.execute(_OUTBOX)
        return {row[0]: Backlog(row[1], float(row[2])) for row in cursor.fetchall()}


def inbox_backlog() -> Backlog:
    """Return the due events."""
    with connection.cursor() as cursor:
        cursor.execute(_INBOX)
        count, oldest = cursor.fetchone()
    return Backlog(count, float(oldest or 0))


def unsettled_counts() -> tuple[int, int]:
    """Return how many deliveries died in the last 15 minutes, and how many wait for a person."""
    with connection.cursor() as cursor:
        cursor.execute(_UNSETTLED)
        dead, needs_person = cursor.fetchone()
    return dead, needs_person


def beat_age_seconds(name: str = "beat") -> float | None:
    """Return how long ago a periodic process was last alive; ``None`` if it never was."""
    with connection.cursor() as cursor:
        cursor.execute(_BEAT, [name])
        row = cursor.fetchone()
    return None if row is None else float(row[0])


def last_tick(name: str = "beat") -> float:
    """Return the time of a process's last sign of life in seconds since 1970; 0 if none."""
    tick = BeatTick.objects.filter(name=name).first()
    return tick.at.timestamp() if tick else 0.0
