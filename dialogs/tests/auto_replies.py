"""What the tests of the auto-reply begin with."""

from datetime import UTC, datetime, timedelta

import time_machine
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from dialogs.models import AutoReply, AutoReplySettings, Dialog, Message
from dialogs.selectors.locks import lock_dialog
from dialogs.services.messages import store_message

TEXT = "We are back at nine."


def switch_on(organization, **fields):
    """Let an organization answer by itself, at any time unless ``fields`` say otherwise."""
    given = {"enabled": True, "timezone": "Europe/Berlin", "text": TEXT, **fields}
    return AutoReplySettings.objects.create(organization=organization, **given)


def make_due(*, minutes_ago=0):
    """Let what waits be due: by the database's clock, which no test can turn."""
    waiting = AutoReply.objects.filter(state="waiting")
    waiting.update(due_at=Now() - timedelta(minutes=minutes_ago))


def say(dialog, text="Is it still there?", *, at=None, heard_at=None, incoming=True, **fields):
    """Store a message as the intake does, written ``at`` and heard of at once or ``heard_at``.

    Both are UTC; by default now.
    """
    written_at = moment(at) if at else timezone.now()
    clock = moment(heard_at) if heard_at else written_at
    with time_machine.travel(clock, tick=False), transaction.atomic():
        return store_message(
            Message(
                dialog=lock_dialog(dialog.pk),
                direction="avito",
                is_incoming=incoming,
                text=text,
                written_at=written_at,
                **fields,
            )
        )


def moment(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def states(dialog: Dialog):
    """Return window's sort, state and reason of a dialog's auto-replies, the first one first."""
    rows = dialog.auto_replies.order_by("pk").values_list("window", "state", "reason")
    return [(window.partition(":")[0], state, reason) for window, state, reason in rows]
