"""Messages that are taken back on Avito: struck out in Telegram, and marked here."""

from typing import Any

from django.utils import timezone

from dialogs.models import Dialog, Message
from dialogs.services.messages import TO_AVITO, publish_message
from dialogs.services.rendering import caption_of, words_of
from dialogs.services.routes import avito_lane, find_place, telegram_lane, telegram_route
from dialogs.services.topic_notes import tell_topic
from integrations.models import Delivery
from integrations.services.calls import Again, Call, Drop, Outcome, Policy, Prepared, Status
from integrations.services.outbox import deliver

STRIKE = "dialogs.strike_out"
STRIKE_POLICY = Policy(max_attempts=8)


def find_message(dialog: Dialog, avito_message_id: str) -> Message | None:
    """Return the message that has this id on Avito, be it a part of one of ours."""
    known = dialog.messages.filter(avito_message_id=avito_message_id).first()
    if known is not None:
        return known
    parts = Delivery.objects.filter(
        lane=avito_lane(dialog.pk), kind=TO_AVITO, payload__avito_message_id=avito_message_id
    )
    number = parts.values_list("payload__message_id", flat=True).first()
    return dialog.messages.filter(pk=number).first() if number else None


def note_deletion(message: Message) -> None:
    """Note that a message was deleted on Avito, and have that shown in Telegram, once.

    The caller holds the dialog's lock. What stands in Telegram is edited after whatever is still
    on its way there; what does not stand there yet arrives struck out.
    """
    if message.deleted_at is not None or _is_our_doing(message):
        return
    message.deleted_at = timezone.now()
    message.save(update_fields=["deleted_at"])
    publish_message(message, "message.updated")
    show_deletion(message)


def show_deletion(message: Message) -> None:
    """Have a message struck out in Telegram, once."""
    route = telegram_route(message.dialog)
    deliver(
        kind=STRIKE,
        sender=route.sender,
        lane=telegram_lane(message.dialog_id),
        budget_key=route.budget_key,
        payload={"message_id": message.pk},
        idempotency_key=f"{STRIKE}:{message.pk}",
    )


def prepare_strike(delivery: Delivery) -> Prepared:
    """Edit what the relay wrote; to what a person wrote in Telegram only an answer can be given."""
    message = _message_of(delivery)
    place = find_place(message.dialog) if message else None
    if message is None or place is None or message.telegram_message_id is None:
        return Drop("it does not stand in Telegram")
    if message.direction == Message.Direction.TELEGRAM:
        _tell(message)
        return Drop("it is a person's own")
    params: dict[str, Any] = {
        "chat_id": place.chat_id,
        "message_id": message.telegram_message_id,
    }
    if any(attachment.telegram_file_id for attachment in message.attachments.all()):
        return Call("editMessageCaption", {**params, **caption_of(message, place)})
    return Call("editMessageText", {**params, **words_of(_sharing(message), place)})


def settle_strike(delivery: Delivery, outcome: Outcome) -> Again | None:
    """Say it in an answer where it could not be shown in the message itself."""
    if outcome.status is not Status.PERMANENT:
        return None
    message = _message_of(delivery)
    if message is not None:
        _tell(message)
    return None


def _tell(message: Message) -> None:
    tell_topic(
        message.dialog,
        note="buyer_deleted" if message.is_incoming else "deleted_on_avito",
        reply_to=message.telegram_message_id,
        key=f"{STRIKE}:{message.pk}",
    )


def _sharing(message: Message) -> list[Message]:
    """Return the messages that stand in the same message in Telegram, in their order."""
    rows = Message.objects.filter(
        dialog=message.dialog_id, telegram_message_id=message.telegram_message_id
    )
    found = list(rows.select_related("reply_to").order_by("pk"))
    for other in found:
        other.dialog = message.dialog
    return found


def _is_our_doing(message: Message) -> bool:
    """Say whether the relay itself has deleted it, at a person's wish or to send it anew."""
    if message.direction == Message.Direction.AVITO:
        return False
    ours = Delivery.objects.filter(lane=avito_lane(message.dialog_id)).exclude(kind=TO_AVITO)
    return ours.filter(payload__avito_message_id=message.avito_message_id).exists()


def _message_of(delivery: Delivery) -> Message | None:
    messages = Message.objects.select_related(
        "dialog__organization", "dialog__avito_account__bot", "dialog__contact", "reply_to"
    )
    return messages.filter(pk=delivery.payload["message_id"]).first()
