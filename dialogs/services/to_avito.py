"""A message's way to the contact on Avito, in one part or several."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from dialogs.models import Message
from dialogs.selectors.locks import lock_dialog
from dialogs.services import echoes
from dialogs.services.messages import TO_AVITO, change_status, lock_message
from dialogs.services.topic_notes import tell_topic
from integrations.models import AvitoAccount, Delivery
from integrations.services.calls import (
    Again,
    Call,
    Drop,
    Outcome,
    Policy,
    Prepared,
    ReadBack,
    Status,
    Wait,
)

READ_BACK_LIMIT = 20
# Avito's clock may be behind ours.
CLOCK_SLACK = timedelta(seconds=30)
SWITCHED_OFF_SECONDS = 60.0


def prepare_part(delivery: Delivery) -> Prepared:
    """Say it on Avito, unless it is known to stand there, or what comes before it failed."""
    message = _message_of(delivery)
    if message is None or message.dialog.avito_account is None:
        return Drop("the message or its account is gone")
    if echoes.bound_id(delivery) is not None:
        return Drop("it is on Avito already")
    if _has_dead_part(delivery):
        return Drop("an earlier part was refused")
    if message.dialog.avito_account.status == AvitoAccount.Status.INACTIVE:
        return Wait(SWITCHED_OFF_SECONDS, "the account is switched off")
    return Call(
        "send_text",
        {"chat_id": message.dialog.external_id, "text": delivery.payload["text"]},
    )


def settle_part(delivery: Delivery, outcome: Outcome) -> Again | None:
    """Note the id that Avito gave the part, or tell the topic that it was refused."""
    message = lock_message(delivery.payload["message_id"])
    if message is None:
        return None
    if outcome.status is Status.SENT:
        found = str((outcome.result or {}).get("id") or "")
        echoes.bind(delivery, message.dialog, found or f"unknown-{delivery.pk}")
    elif outcome.status is Status.PERMANENT:
        change_status(message, Message.Status.FAILED)
        tell_topic(
            message.dialog,
            note="not_sent",
            reply_to=message.telegram_message_id,
            key=f"{TO_AVITO}:{delivery.pk}",
            facts={"code": outcome.code, "text": outcome.text},
        )
    return None


def call_read_back(delivery: Delivery) -> Call:
    """Return the call that lists what was said last in the delivery's chat."""
    message = _message_of(delivery)
    chat_id = message.dialog.external_id if message else ""
    return Call("list_messages", {"chat_id": chat_id, "limit": READ_BACK_LIMIT})


def find_sent(delivery: Delivery, answer: Any) -> dict[str, Any] | None:
    """Return this delivery's own message out of what was said last, or ``None``.

    Its own is an outgoing one with its text, said since it was dispatched, that no other message
    of the dialog has claimed; or the one whose event came meanwhile.
    """
    known = echoes.bound_id(delivery)
    if known is not None:
        return {"id": known}
    message = _message_of(delivery)
    dialog = lock_dialog(message.dialog_id) if message else None
    if dialog is None or delivery.dispatched_at is None:
        return None
    since = (delivery.dispatched_at - CLOCK_SLACK).timestamp()
    for entry in sorted(_entries(answer), key=lambda entry: entry.get("created") or 0):
        if _fits(entry, delivery.payload["text"], since) and not echoes.is_known(
            dialog.pk, str(entry["id"])
        ):
            return dict(entry)
    return None


POLICY = Policy(on_ambiguous=ReadBack(call=call_read_back, find=find_sent), max_attempts=None)


def _fits(entry: Mapping[str, Any], text: str, since: float) -> bool:
    content = entry.get("content") or {}
    return (
        entry.get("direction") == "out"
        and entry.get("type") == "text"
        and content.get("text") == text
        and (entry.get("created") or 0) >= since
    )


def _entries(answer: Any) -> Iterable[Mapping[str, Any]]:
    """Return the messages of an answer; Avito has answered with a bare list and with an object."""
    return answer.get("messages") or [] if isinstance(answer, Mapping) else answer or []


def _has_dead_part(delivery: Delivery) -> bool:
    if delivery.payload["part"] == 1:
        return False
    return Delivery.objects.filter(
        lane=delivery.lane,
        kind=TO_AVITO,
        state=Delivery.State.DEAD,
        payload__message_id=delivery.payload["message_id"],
    ).exists()


def _message_of(delivery: Delivery) -> Message | None:
    messages = Message.objects.select_related("dialog__avito_account")
    return messages.filter(pk=delivery.payload["message_id"]).first()
