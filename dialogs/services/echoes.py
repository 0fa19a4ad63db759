"""Our own messages, which Avito tells us of as if they were news.

An event of our own side is one of three: a message whose sending we know of, one whose sending
we are still unsure of (then the event is the proof), or one written in the Avito app. While the
call itself is in the air nobody can tell which: the event is kept with the delivery until the
call's answer names the message, and whatever turns out to be another's is taken in then.
"""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Q, QuerySet

from dialogs.models import Dialog, Message
from dialogs.services.messages import TO_AVITO, change_status
from dialogs.services.parts import IMAGE, TEXT, kind_of, revision_of
from dialogs.services.routes import avito_lane
from integrations.models import Delivery
from integrations.services.inbox import receive
from integrations.services.webhooks import AVITO
from integrations.services.webhooks import avito_lane as inbox_lane

# The keys in a delivery's payload under which are kept: the id that Avito gave it, and the events
# that may be of it.
BOUND_ID = "avito_message_id"
KEPT = "kept_events"
# The id of an answer that named none.
NO_ID = "unknown-"
# The errors after which a send may have happened, though a look has not found it yet.
_UNCLEAR = ("answer_lost", "worker_lost", "bad_answer")

_UNSETTLED = Q(
    state__in=(
        Delivery.State.SENDING,
        Delivery.State.AMBIGUOUS,
        Delivery.State.RETRY,
        Delivery.State.QUEUED,
    ),
    dispatched_at__isnull=False,
)


def lock_unsettled(dialog_id: uuid.UUID) -> list[Delivery]:
    """Return the sends of a dialog that are under way, after waiting for one being settled.

    Must come before the dialog's lock: whoever settles locks the delivery first.
    """
    rows = _sends(dialog_id).filter(_UNSETTLED).select_for_update(no_key=True)
    return list(rows.order_by("pk"))


def lock_parts(message: Message) -> list[Delivery]:
    """Return all parts of a message, locked, in order. Must come before the dialog's lock."""
    rows = parts_sent_of(message).select_for_update(no_key=True)
    return list(rows.order_by("pk"))


def parts_sent_of(message: Message) -> QuerySet[Delivery]:
    """Return the parts of all versions of a message, whatever became of them."""
    return _sends(message.dialog_id).filter(payload__message_id=message.pk)


def claim_echo(dialog: Dialog, under_way: Iterable[Delivery], value: Mapping[str, Any]) -> bool:
    """Say whether a message of our side went out, or may have gone out, through us.

    If its sending was unclear, it no longer is. The caller holds the dialog's lock.

    :param under_way: what ``lock_unsettled`` returned.
    :param value: the message, as ``take_message`` has it.
    """
    found = str(value["id"])
    if _sends(dialog.pk).filter(**{f"payload__{BOUND_ID}": found}).exists():
        return True
    for delivery in under_way:
        if BOUND_ID in delivery.payload or not _may_be(value, delivery):
            continue
        if delivery.state == Delivery.State.SENDING:
            _keep_event(delivery, value)
        else:
            bind(delivery, dialog, found)
        return True
    return False


def bind(delivery: Delivery, dialog: Dialog, avito_message_id: str) -> None:
    """Note under which id a part of a message stands on Avito; with the last one it is sent.

    The caller holds the locks of the delivery and of its dialog.
    """
    kept = _kept(delivery)
    delivery.payload = {name: fact for name, fact in delivery.payload.items() if name != KEPT}
    delivery.payload[BOUND_ID] = avito_message_id
    Delivery.objects.filter(pk=delivery.pk).update(payload=delivery.payload)
    _let_go(dialog, [value for value in kept if str(value["id"]) != avito_message_id])
    # Had Avito changed the words on their way, their event was taken for a message of the app.
    strays = dialog.messages.filter(avito_message_id=avito_message_id)
    strays.exclude(pk=delivery.payload["message_id"]).delete()
    message = dialog.messages.filter(pk=delivery.payload["message_id"]).first()
    if message is None or has_more_to_come(message, delivery):
        return
    message.dialog = dialog
    message.avito_message_id = avito_message_id
    message.delivery = delivery
    message.save(update_fields=["delivery"])
    change_status(message, Message.Status.SENT)


def has_more_to_come(message: Message, delivery: Delivery) -> bool:
    """Say whether other parts of a message are still to go, or did not arrive.

    What is open of an older version makes room for the current one, which then stands before it.
    """
    unbound = parts_sent_of(message).exclude(pk=delivery.pk).exclude(payload__has_key=BOUND_ID)
    to_come = Q(payload__revision=message.revision)
    if revision_of(delivery.payload) < message.revision:
        to_come |= Q(state__in=Delivery.OPEN)
    return unbound.filter(to_come).exists()


def let_go_of_kept(delivery: Delivery, dialog: Dialog) -> None:
    """Take in, as others', the events that were kept for a delivery which was refused."""
    _let_go(dialog, _kept(delivery))


def first_kept(delivery: Delivery) -> str | None:
    """Return the id of the first message that may be what the delivery has sent."""
    return next((str(value["id"]) for value in _kept(delivery)), None)


def bound_id(delivery: Delivery) -> str | None:
    """Return the id that the delivery's part has on Avito, as far as it is known by now."""
    return _payload_now(delivery).get(BOUND_ID)


def is_known(dialog_id: uuid.UUID, avito_message_id: str) -> bool:
    """Say whether a message on Avito is one that we have stored, or a part of one."""
    if Message.objects.filter(dialog_id=dialog_id, avito_message_id=avito_message_id).exists():
        return True
    return _sends(dialog_id).filter(**{f"payload__{BOUND_ID}": avito_message_id}).exists()


def _may_be(value: Mapping[str, Any], delivery: Delivery) -> bool:
    """Compare words; of pictures Avito tells nothing by which they could be compared."""
    payload = delivery.payload
    if kind_of(payload) == IMAGE:
        return value.get("type") == IMAGE and _may_have_gone(delivery)
    content = value.get("content")
    text = content.get("text") if isinstance(content, Mapping) else None
    return value.get("type") == TEXT and payload["text"] == str(text or "").strip()


def _may_have_gone(delivery: Delivery) -> bool:
    is_open = delivery.state in (Delivery.State.SENDING, Delivery.State.AMBIGUOUS)
    return is_open or delivery.last_error_code in _UNCLEAR


def _keep_event(delivery: Delivery, value: Mapping[str, Any]) -> None:
    kept = delivery.payload.setdefault(KEPT, [])
    if all(other["id"] != value["id"] for other in kept):
        kept.append(dict(value))
        Delivery.objects.filter(pk=delivery.pk).update(payload=delivery.payload)


def _kept(delivery: Delivery) -> list[dict[str, Any]]:
    """Return what was kept since the delivery was read for its call."""
    return list(_payload_now(delivery).get(KEPT, []))


def _payload_now(delivery: Delivery) -> dict[str, Any]:
    found = Delivery.objects.filter(pk=delivery.pk).values_list("payload", flat=True).first()
    return dict(found or {})


def _let_go(dialog: Dialog, values: Iterable[Mapping[str, Any]]) -> None:
    """Have events taken in anew, now that it is known that they are not the delivery's."""
    if dialog.avito_account_id is None:
        return
    for value in values:
        receive(
            source=AVITO,
            account_id=dialog.avito_account_id,
            external_id=f"{value['id']}:again",
            lane=inbox_lane(dialog.avito_account_id, dialog.external_id),
            payload={"type": "message", "value": value},
        )


def _sends(dialog_id: uuid.UUID) -> QuerySet[Delivery]:
    return Delivery.objects.filter(lane=avito_lane(dialog_id), kind=TO_AVITO)
