"""Taking back on Avito what our side has said, part by part, within Avito's hour."""

from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.utils import timezone

from dialogs.models import Message
from dialogs.services import echoes
from dialogs.services.avito_content import entries_of
from dialogs.services.messages import NOTE, lock_message, publish_message
from dialogs.services.parts import IMAGE, TEXT, kind_of, mark_correction
from dialogs.services.receipts import queue_receipt
from dialogs.services.routes import avito_lane, avito_route
from dialogs.services.topic_notes import tell_topic
from dialogs.services.versions import DELETE_PART, can_be_deleted, ids_to_delete
from dialogs.services.withdrawals import show_deletion
from integrations.models import Delivery
from integrations.services.calls import (
    Again,
    Ahead,
    Call,
    Drop,
    NewDelivery,
    Outcome,
    Policy,
    Prepared,
    ReadBack,
    Status,
)
from integrations.services.outbox import deliver

TAKE_BACK = "dialogs.take_back"
# It only puts others ahead of itself.
TAKE_BACK_POLICY = Policy()
# In a deletion's payload: Avito has refused it once, and what stands there was looked at.
LOOKED = "looked"
# As far back as one list reaches: what is deleted may be an hour old.
LOOK_LIMIT = 100


@transaction.atomic
def delete_message(message: Message, *, asked_at: int | None = None) -> bool:
    """Delete on Avito what our side has said, and mark it as deleted here.

    What has not gone out yet never does. Later than Avito's hour nothing is changed, and the
    topic is told so. Locks the message's deliveries, then its dialog.

    :param asked_at: the message in Telegram by which it was asked for, for the answer.
    :returns: whether it is, or will be, deleted.
    """
    echoes.lock_parts(message)
    locked = lock_message(message.pk)
    if locked is None or locked.is_incoming:
        return False
    if locked.deleted_at is not None:
        return True
    if not can_be_deleted(locked):
        _tell(locked, "too_late_to_delete", asked_at)
        return False
    locked.deleted_at = timezone.now()
    locked.save(update_fields=["deleted_at"])
    publish_message(locked, "message.updated")
    queue_receipt(locked)
    if locked.kind != NOTE:
        queue_taking_back(locked, before=locked.revision + 1, kinds=(IMAGE, TEXT))
    if locked.direction != Message.Direction.TELEGRAM:
        show_deletion(locked)
    return True


def queue_taking_back(message: Message, *, before: int, kinds: Collection[str]) -> None:
    """Have the parts of versions before ``before`` deleted, after whatever is on its way.

    The caller holds the dialog's lock.
    """
    dialog = message.dialog
    if dialog.avito_account is None:
        return
    route = avito_route(dialog.avito_account, dialog)
    deliver(
        kind=TAKE_BACK,
        sender=route.sender,
        lane=avito_lane(dialog.pk),
        budget_key=route.budget_key,
        payload={"message_id": message.pk, "before": before, "kinds": list(kinds)},
        idempotency_key=f"{TAKE_BACK}:{message.pk}:{before}:{timezone.now().timestamp()}",
    )


def prepare_taking_back(delivery: Delivery) -> Prepared:
    """Put one deletion ahead for each part; which ones there are is known only now."""
    payload = delivery.payload
    message = _message_of(delivery)
    if message is None:
        return Drop("the message is gone")
    ids = ids_to_delete(message, before=payload["before"], kinds=payload["kinds"])
    if not ids:
        return Drop("nothing of it is left to delete")
    return Ahead(
        [
            NewDelivery(
                kind=DELETE_PART,
                sender=delivery.sender,
                budget_key=delivery.budget_key,
                payload={"message_id": message.pk, echoes.BOUND_ID: found},
                idempotency_key=f"{DELETE_PART}:{message.pk}:{found}",
            )
            for found in ids
        ]
    )


def settle_taking_back(delivery: Delivery, outcome: Outcome) -> Again | None:
    """Never called with anything that matters: this delivery makes no call."""
    return None


def prepare_deletion(delivery: Delivery) -> Prepared:
    message = _message_of(delivery)
    if message is None:
        return Drop("the message is gone")
    if not can_be_deleted(message):
        _note_refusal(delivery)
        return Drop("Avito's hour is over")
    where = {"chat_id": message.dialog.external_id}
    return Call("delete_message", {**where, "message_id": delivery.payload[echoes.BOUND_ID]})


def settle_deletion(delivery: Delivery, outcome: Outcome) -> Again | None:
    """A refused deletion is undone here; where it made room for an edit, that says so itself.

    Avito refuses to delete what is deleted, be it by an earlier try of ours whose answer nobody
    got or in its own app: so a refusal counts only after a look.
    """
    if outcome.status is not Status.PERMANENT or outcome.code == "not_found":
        return None
    if outcome.code == "bad_request" and LOOKED not in delivery.payload:
        delivery.payload[LOOKED] = True
        Delivery.objects.filter(pk=delivery.pk).update(payload=delivery.payload)
        return Again(looks=True)
    _note_refusal(delivery)
    return None


def call_look(delivery: Delivery) -> Call:
    """Return the call that lists what stands in the deletion's chat."""
    message = _message_of(delivery)
    chat_id = message.dialog.external_id if message else ""
    return Call("list_messages", {"chat_id": chat_id, "limit": LOOK_LIMIT})


def find_deleted(delivery: Delivery, answer: Any) -> dict[str, Any] | None:
    """Return the message that was to be deleted, if that is what it is by now."""
    wanted = delivery.payload[echoes.BOUND_ID]
    return next(
        (
            dict(entry)
            for entry in entries_of(answer)
            if str(entry.get("id")) == wanted and entry.get("type") == "deleted"
        ),
        None,
    )


DELETE_POLICY = Policy(on_ambiguous=ReadBack(call=call_look, find=find_deleted), max_attempts=None)


@transaction.atomic
def _note_refusal(delivery: Delivery) -> None:
    message = _message_of(delivery)
    if message is None:
        return
    parts = echoes.lock_parts(message)
    locked = lock_message(message.pk)
    if locked is None:
        return
    if locked.deleted_at is None:
        _turn_into_correction(locked, parts)
        return
    locked.deleted_at = None
    locked.save(update_fields=["deleted_at"])
    publish_message(locked, "message.updated")
    queue_receipt(locked)
    _tell(locked, "not_deleted", locked.telegram_message_id)


def _turn_into_correction(message: Message, parts: list[Delivery]) -> None:
    """Mark the first words of the newest version, which stand behind this in the lane."""
    newest = [part for part in parts if part.payload.get("revision") == message.revision]
    first = next((part for part in newest if kind_of(part.payload) == TEXT), None)
    if first is None or first.dispatched_at is not None or first.payload.get("is_correction"):
        return
    text = mark_correction(message, first.payload["text"])
    payload: dict[str, Any] = {**first.payload, "text": text, "is_correction": True}
    Delivery.objects.filter(pk=first.pk).update(payload=payload)


def _tell(message: Message, note: str, reply_to: int | None) -> None:
    key = f"{note}:{message.pk}:{timezone.now().timestamp()}"
    tell_topic(message.dialog, note=note, reply_to=reply_to, key=key)


def _message_of(delivery: Delivery) -> Message | None:
    messages = Message.objects.select_related("dialog__avito_account")
    return messages.filter(pk=delivery.payload["message_id"]).first()
