"""Holds: a pause that the outside asked for. They are rows, so a flushed Redis forgets none."""

import random
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Value
from django.db.models.functions import Now

from config.lib.queue import ring_on_commit
from integrations.models import Hold

# So many refused chats of one sender at once mean that the sender itself is too fast.
REFUSED_CHATS = 3
REFUSED_WITHIN_SECONDS = 10
JITTER = 0.2


def place_hold(*, key: str, seconds: float, reason: str) -> None:
    """Stop everything under ``key`` for ``seconds`` and a little more; never shortens a hold."""
    spread = seconds * (1 + random.uniform(0, JITTER))  # noqa: S311  jitter is not a secret
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO integrations_hold (key, until, reason, created_at)"
            " VALUES (%s, clock_timestamp() + %s * interval '1 second', %s, clock_timestamp())"
            " ON CONFLICT (key) DO UPDATE SET reason = excluded.reason,"
            " created_at = excluded.created_at,"
            " until = GREATEST(integrations_hold.until, excluded.until)",
            [key, spread, reason[:64]],
        )


def hold_refused(*, sender: str, budget_key: str, seconds: float, reason: str) -> None:
    """Hold one allowance; the whole sender when several of its chats are refused at once."""
    place_hold(key=budget_key, seconds=seconds, reason=reason)
    since = Now() - Value(timedelta(seconds=REFUSED_WITHIN_SECONDS))
    others = Hold.objects.filter(
        key__startswith=f"{sender}:", until__gt=Now(), created_at__gt=since, reason=reason[:64]
    )
    if others.count() >= REFUSED_CHATS:
        place_hold(key=sender, seconds=seconds, reason=reason)


@transaction.atomic
def release_hold(*, key: str, task: str, reason: str = "") -> None:
    """Let everything under ``key`` go on at once; ``task`` is the bell of its channel.

    :param reason: take away only a hold that was placed for it.
    """
    held = Hold.objects.filter(key=key)
    (held.filter(reason=reason) if reason else held).delete()
    ring_on_commit(task)
