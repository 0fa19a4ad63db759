"""A message's way to the contact on Avito, part by part: its picture, then its words."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction

from dialogs.models import Attachment, Message
from dialogs.selectors.locks import lock_dialog
from dialogs.services import echoes, recalls
from dialogs.services.avito_content import entries_of
from dialogs.services.messages import TO_AVITO, change_status, lock_message, part_key
from dialogs.services.parts import IMAGE, TEXT, current_picture, kind_of, revision_of
from dialogs.services.topic_notes import tell_topic
from dialogs.services.versions import parts_to_send
from integrations.models import AvitoAccount, Delivery
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
    Wait,
)

UPLOAD = "dialogs.upload_image"
# An upload that nobody sees may be made as often as it takes.
UPLOAD_POLICY = Policy(max_attempts=8)
READ_BACK_LIMIT = 20
# Avito's clock may be behind ours.
CLOCK_SLACK = timedelta(seconds=30)
SWITCHED_OFF_SECONDS = 60.0
# The fetching of a picture wakes its lane; this is for the case that nobody does.
FETCHING_SECONDS = 1.0


def prepare_part(delivery: Delivery) -> Prepared:
    """Say it on Avito, unless it is known to stand there, or what comes before it failed.

    A part that a later version of its message has replaced makes room for that version's parts,
    which so keep its place among the messages.
    """
    message = _message_of(delivery)
    if message is None or message.dialog.avito_account is None:
        return Drop("the message or its account is gone")
    if echoes.bound_id(delivery) is not None:
        return Drop("it is on Avito already")
    if message.deleted_at is not None:
        return Drop("it was deleted before it was sent")
    if recalls.recall(message):
        return Drop("a person has answered before it was sent")
    if _is_replaced(delivery, message):
        return _newer_parts(delivery, message)
    if _has_dead_part(delivery):
        return Drop("an earlier part was refused")
    if message.dialog.avito_account.status == AvitoAccount.Status.INACTIVE:
        return Wait(SWITCHED_OFF_SECONDS, "the account is switched off")
    if kind_of(delivery.payload) == IMAGE:
        return _send_picture(delivery, message)
    where = {"chat_id": message.dialog.external_id}
    return Call("send_text", {**where, "text": delivery.payload["text"]})


def settle_part(delivery: Delivery, outcome: Outcome) -> Again | None:
    """Note the id that Avito gave the part, or tell the topic that it was refused."""
    message = lock_message(delivery.payload["message_id"])
    if message is None:
        return None
    if outcome.status is Status.SENT:
        found = str((outcome.result or {}).get("id") or "")
        echoes.bind(delivery, message.dialog, found or f"{echoes.NO_ID}{delivery.pk}")
    elif outcome.status is Status.PERMANENT:
        echoes.let_go_of_kept(delivery, message.dialog)
        if recalls.recall(message):
            return None
        _give_up(message, delivery, {"code": outcome.code, "text": outcome.text})
    return None


def prepare_upload(delivery: Delivery) -> Prepared:
    attachment = Attachment.objects.filter(pk=delivery.payload["attachment_id"]).first()
    if attachment is None or attachment.file_id is None:
        return Drop("the picture is gone")
    return Call("upload_image", {"stored_file": str(attachment.file_id)})


def settle_upload(delivery: Delivery, outcome: Outcome) -> Again | None:
    """Nothing yet: the part that needs the picture stands behind it and looks for itself."""
    return None


def call_read_back(delivery: Delivery) -> Call:
    """Return the call that lists what was said last in the delivery's chat."""
    message = _message_of(delivery)
    chat_id = message.dialog.external_id if message else ""
    return Call("list_messages", {"chat_id": chat_id, "limit": READ_BACK_LIMIT})


def find_sent(delivery: Delivery, answer: Any) -> dict[str, Any] | None:
    """Return this delivery's own message out of what was said last, or ``None``.

    Its own is an outgoing one with its text, or a picture, said since it was dispatched, that no
    other message of the dialog has claimed; or the one whose event came meanwhile.
    """
    known = echoes.bound_id(delivery)
    if known is not None:
        return {"id": known}
    message = _message_of(delivery)
    dialog = lock_dialog(message.dialog_id) if message else None
    if dialog is None or delivery.dispatched_at is None:
        return None
    since = (delivery.dispatched_at - CLOCK_SLACK).timestamp()
    for entry in sorted(entries_of(answer), key=lambda entry: entry.get("created") or 0):
        if _fits(entry, delivery.payload, since) and not echoes.is_known(
            dialog.pk, str(entry["id"])
        ):
            return dict(entry)
    kept = echoes.first_kept(delivery)
    return {"id": kept} if kept else None


POLICY = Policy(on_ambiguous=ReadBack(call=call_read_back, find=find_sent), max_attempts=None)


def _send_picture(delivery: Delivery, message: Message) -> Prepared:
    """Have the picture fetched and uploaded first; without it the message is given up."""
    picture = Attachment.objects.filter(pk=delivery.payload["attachment_id"]).first()
    if picture is not None and picture.state == Attachment.State.WAITING:
        return Wait(FETCHING_SECONDS, "the picture is being fetched")
    if picture is None or picture.file_id is None:
        return _without_picture(delivery, {"code": "picture_lost"})
    key = f"{UPLOAD}:{delivery.pk}"
    upload = Delivery.objects.filter(idempotency_key=key).first()
    if upload is None:
        payload = {"attachment_id": picture.pk}
        return Ahead([NewDelivery(UPLOAD, delivery.sender, delivery.budget_key, payload, key)])
    if upload.state != Delivery.State.SENT:
        facts = {"code": upload.last_error_code, "text": upload.last_error}
        return _without_picture(delivery, facts)
    image_id = str((upload.result or {}).get("image_id") or "")
    return Call("send_image", {"chat_id": message.dialog.external_id, "image_id": image_id})


@transaction.atomic
def _without_picture(delivery: Delivery, facts: Mapping[str, str]) -> Drop:
    message = lock_message(delivery.payload["message_id"])
    if message is not None:
        _give_up(message, delivery, facts)
    return Drop("its picture cannot be had")


def _give_up(message: Message, delivery: Delivery, facts: Mapping[str, str]) -> None:
    change_status(message, Message.Status.FAILED)
    tell_topic(
        message.dialog,
        note="not_sent",
        reply_to=message.telegram_message_id,
        key=f"{TO_AVITO}:{delivery.pk}",
        facts=facts,
    )


def _is_replaced(delivery: Delivery, message: Message) -> bool:
    """Words belong to their version; a picture to all versions until there is another one."""
    if kind_of(delivery.payload) == TEXT:
        return revision_of(delivery.payload) < message.revision
    picture = current_picture(message)
    return picture is None or picture.pk != delivery.payload["attachment_id"]


def _newer_parts(delivery: Delivery, message: Message) -> Ahead | Drop:
    new = [
        NewDelivery(TO_AVITO, delivery.sender, delivery.budget_key, part, part_key(part))
        for part in parts_to_send(message)
    ]
    known = Delivery.objects.filter(idempotency_key__in=[item.idempotency_key for item in new])
    if not new or known.exists():
        return Drop("a newer version took its place")
    return Ahead(new)


def _fits(entry: Mapping[str, Any], payload: Mapping[str, Any], since: float) -> bool:
    kind = kind_of(payload)
    content = entry.get("content") or {}
    return (
        entry.get("direction") == "out"
        and entry.get("type") == kind
        and (kind == IMAGE or content.get("text") == payload["text"])
        and (entry.get("created") or 0) >= since
    )


def _has_dead_part(delivery: Delivery) -> bool:
    """Say whether a part before this one, of the same version, did not arrive."""
    payload = delivery.payload
    if payload["part"] == 1:
        return False
    lost = Delivery.objects.filter(
        lane=delivery.lane,
        kind=TO_AVITO,
        state__in=(Delivery.State.DEAD, Delivery.State.CANCELLED),
        payload__message_id=payload["message_id"],
        payload__revision=revision_of(payload),
        payload__part__lt=payload["part"],
    )
    return lost.exclude(payload__has_key=echoes.BOUND_ID).exists()


def _message_of(delivery: Delivery) -> Message | None:
    messages = Message.objects.select_related("dialog__avito_account")
    return messages.filter(pk=delivery.payload["message_id"]).first()
