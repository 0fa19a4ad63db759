"""How many pumps work on a channel at once: each holds a turn, as long as its connection lives."""

from django.db import connection

from config.lib.advisory import lock_key
from integrations.services.calls import Channel


def take_turn(channel: Channel) -> int | None:
    """Take one of the channel's turns, kept as long as this connection; ``None``: all are taken."""
    with connection.cursor() as cursor:
        for number in range(channel.pumps or 0):
            key = lock_key(f"pump-turn:{channel.name}:{number}")
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
            if cursor.fetchone()[0]:
                return key
    return None


def end_turn(turn: int) -> None:
    """Give a turn back."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s)", [turn])
