"""Bursts: what a buyer wrote while his first words waited for their allowance leaves with them.

A forum group may hear about twenty messages a minute. So a delivery that was kept waiting takes
the plain texts behind it along, as one message in Telegram; each stays a message of its own here.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models.functions import Coalesce, Now

from dialogs.models import Message
from dialogs.services.messages import TO_TELEGRAM
from dialogs.services.rendering import utf16_length
from dialogs.services.splitting import TELEGRAM_TEXT_LIMIT
from integrations.models import Delivery

MOST = 50
# Room for the lines above the first message.
HEADROOM = 300
SEAM_LENGTH = 2

# In the head's payload: that it was ready once before, and the messages that it takes along.
READY = "ready"
MERGED = "merged"


def gather(delivery: Delivery, message: Message) -> list[Message]:
    """Return the messages that leave with this delivery now, its own first, and note which.

    The first time that is its own alone: only one that comes here again was kept waiting. After
    an unclear outcome it is what it was then, so that the repeat is one.
    """
    if delivery.ambiguous_at is not None:
        return [message, *_load(message, delivery.payload.get(MERGED, ()))]
    followers = _followers(delivery, message) if _is_joinable(message) else []
    if not delivery.payload.get(READY):
        if followers:
            _note(delivery, **{READY: True})
        return [message]
    ids = [follower.pk for follower in followers]
    if ids != delivery.payload.get(MERGED, []):
        _note(delivery, **{MERGED: ids})
    return [message, *followers]


def taken_along(delivery: Delivery, message: Message) -> list[Message]:
    """Return the messages that left with ``message``. The caller holds the dialog's lock."""
    return _load(message, delivery.payload.get(MERGED, ()))


def close_deliveries(delivery: Delivery, messages: Iterable[Message]) -> None:
    """Cancel the deliveries of messages that have left with ``delivery``."""
    ids = [message.pk for message in messages]
    waiting = _waiting(delivery).filter(kind=TO_TELEGRAM, payload__message_id__in=ids)
    waiting.update(state=Delivery.State.CANCELLED, last_error_code="merged", settled_at=Now())


def split(delivery: Delivery) -> None:
    """Let every message leave by itself again."""
    _note(delivery, **{MERGED: []})


def _followers(delivery: Delivery, message: Message) -> list[Message]:
    ids = _waiting_ids(delivery, message)
    room = TELEGRAM_TEXT_LIMIT - HEADROOM - utf16_length(message.text)
    found = []
    for follower in _load(message, ids):
        room -= SEAM_LENGTH + utf16_length(follower.text)
        if room < 0 or not _is_joinable(follower) or follower.telegram_message_id is not None:
            break
        found.append(follower)
    return found


def _waiting_ids(delivery: Delivery, message: Message) -> list[int]:
    """Return the messages whose deliveries come next in the lane, up to one of another kind."""
    rows = _waiting(delivery).order_by(Coalesce("position", "id"), "rank", "id")
    ids = []
    for kind, state, payload in rows.values_list("kind", "state", "payload")[:MOST]:
        if kind != TO_TELEGRAM or state != Delivery.State.QUEUED:
            break
        if payload["message_id"] != message.pk:
            ids.append(payload["message_id"])
    return ids


def _waiting(delivery: Delivery) -> Any:
    rows = Delivery.objects.filter(
        channel=delivery.channel,
        lane=delivery.lane,
        state__in=Delivery.OPEN,
        needs_person=False,
    )
    return rows.exclude(pk=delivery.pk)


def _is_joinable(message: Message) -> bool:
    return (
        message.is_incoming
        and message.kind == "text"
        and message.deleted_at is None
        and message.reply_to_id is None
        and "quote" not in message.facts
    )


def _load(message: Message, ids: Sequence[int]) -> list[Message]:
    if not ids:
        return []
    found = Message.objects.filter(dialog=message.dialog_id).in_bulk(ids)
    messages = [found[number] for number in ids if number in found]
    for other in messages:
        other.dialog = message.dialog
    return messages


def _note(delivery: Delivery, **facts: Any) -> None:
    delivery.payload |= facts
    Delivery.objects.filter(pk=delivery.pk).update(payload=delivery.payload)
