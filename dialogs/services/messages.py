"""Messages: how one is stored, told to whoever watches, and put on its way."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from config.lib.correlation import get_correlation_id
from config.lib.errors import BusinessRuleError, FieldError, InputError
from config.lib.live import publish_on_commit
from dialogs.models import Attachment, Dialog, Message
from dialogs.selectors.documents import message_document
from dialogs.selectors.locks import lock_dialog
from dialogs.services import auto_reply
from dialogs.services.auto_reply_windows import LATEST
from dialogs.services.ordering import deliver_in_order
from dialogs.services.parts import parts_of
from dialogs.services.receipts import queue_receipt
from dialogs.services.routes import (
    avito_lane,
    avito_route,
    telegram_lane,
    telegram_route,
)
from dialogs.services.topic_states import queue_topic_state
from integrations.models import StoredFile
from integrations.services.calls import NewDelivery
from integrations.services.outbox import deliver

MAX_TEXT = 4000
# The kind of what stays inside.
NOTE = "note"
TO_AVITO = "dialogs.to_avito"
TO_TELEGRAM = "dialogs.to_telegram"
_OPENED_BY_CONTACT = (Dialog.Status.CLOSED, Dialog.Status.HELD)


@transaction.atomic
def send_message(
    *, actor: User, dialog: Dialog, text: str, image: StoredFile | None = None
) -> Message:
    """Say something to the contact from the site; the dialog's topic shows it too.

    :param text: up to 4,000 characters, at least one where there is no picture; more than Avito's
        1,000 go out as several messages.
    :param image: a picture that is kept already; it goes out before the text.
    :returns: the message, queued.
    :raises InputError: the text is empty or too long; nothing is stored.
    :raises BusinessRuleError: ``no_account``: the Avito account is gone, or ``banned``: the
        contact is banned; nothing is stored.
    """
    text = text.strip()
    if len(text) > MAX_TEXT or not (text or image):
        refusal = _("From 1 to %(most)s characters.") % {"most": MAX_TEXT}
        raise InputError(fields=[FieldError("text", "invalid", refusal)])
    locked = _lock_answerable(dialog)
    message = store_message(
        Message(
            dialog=locked,
            direction=Message.Direction.WEB,
            is_incoming=False,
            author=actor,
            author_name=actor.display_name[:128],
            kind="image" if image else "text",
            text=text,
            written_at=timezone.now(),
        )
    )
    if image is not None:
        stored = Attachment.State.STORED
        message.attachments.create(kind=Attachment.Kind.PHOTO, state=stored, file=image)
    queue_to_avito(message)
    queue_to_telegram(message)
    return message


def _lock_answerable(dialog: Dialog) -> Dialog:
    locked = lock_dialog(dialog.pk)
    if locked is None or locked.avito_account is None:
        raise BusinessRuleError(
            _("The Avito account of this dialog is no longer connected."), code="no_account"
        )
    if locked.status == Dialog.Status.BANNED:
        raise BusinessRuleError(
            _("This contact is banned. Open the dialog to answer."), code="banned"
        )
    return locked


def store_message(message: Message) -> Message:
    """Save a new message and bring its dialog up to date. The caller holds the dialog's lock.

    An incoming message adds to the unread ones and opens a dialog that was closed or held;
    whoever answers has read them. A note changes nothing of the dialog. The auto-reply is planned
    or called off with it.
    """
    message.correlation_id = get_correlation_id()
    message.save(force_insert=True)
    if message.kind != NOTE:
        _bring_up_to_date(message)
        auto_reply.follow(message)
    publish_message(message, "message.created")
    return message


def _bring_up_to_date(message: Message) -> None:
    dialog = message.dialog
    if not message.is_auto_reply:
        dialog.unread_count = dialog.unread_count + 1 if message.is_incoming else 0
    was_closed = dialog.status == Dialog.Status.CLOSED
    if message.is_incoming and dialog.status in _OPENED_BY_CONTACT:
        dialog.status = Dialog.Status.OPEN
    if message.written_at >= dialog.last_message_at:
        dialog.last_message_at = message.written_at
        dialog.last_message_text = message.text[:200]
    dialog.save(update_fields=["unread_count", "status", "last_message_at", "last_message_text"])
    if was_closed and dialog.status == Dialog.Status.OPEN:
        queue_topic_state(dialog)


def publish_message(message: Message, event: str) -> None:
    """Tell the dialog's room of a message: ``message.created`` or ``message.updated``."""
    document = message_document(message, contact=message.dialog.contact)
    publish_on_commit(f"dialog:{message.dialog_id}", event, document)


def queue_to_telegram(message: Message) -> None:
    """Put a message on its way to the dialog's topic."""
    dialog = message.dialog
    route = telegram_route(dialog)
    new = NewDelivery(
        kind=TO_TELEGRAM,
        sender=route.sender,
        budget_key=route.budget_key,
        payload={"message_id": message.pk},
        idempotency_key=f"{TO_TELEGRAM}:{message.pk}",
    )
    delivery = deliver_in_order(message, new, lane=telegram_lane(dialog.pk))
    if message.direction == Message.Direction.AVITO:
        message.delivery = delivery
        message.save(update_fields=["delivery"])


def queue_to_avito(message: Message) -> None:
    """Put a message on its way to the contact, its picture first, then its words.

    In as many parts as Avito's limit asks for; its ``delivery`` is the one of the last part.
    Parts that are on their way already are left as they are.
    """
    for payload in parts_of(message):
        deliver_part(message, payload)


def deliver_part(message: Message, payload: Mapping[str, Any]) -> None:
    """Put one part of a message at the end of its dialog's lane; see ``parts``."""
    dialog = message.dialog
    if dialog.avito_account is None:
        raise ValueError("A dialog without an account leads nowhere.")
    route = avito_route(dialog.avito_account, dialog)
    message.delivery = deliver(
        kind=TO_AVITO,
        sender=route.sender,
        lane=avito_lane(dialog.pk),
        budget_key=route.budget_key,
        payload=payload,
        idempotency_key=part_key(payload),
        expires_at=message.written_at + LATEST if message.is_auto_reply else None,
    )
    message.save(update_fields=["delivery"])


def part_key(payload: Mapping[str, Any]) -> str:
    """Return the idempotency key of a part's delivery."""
    return f"{TO_AVITO}:{payload['message_id']}:{payload['revision']}:{payload['part']}"


def change_status(message: Message, status: Message.Status) -> None:
    """Store and publish what became of a message."""
    message.status = status
    message.save(update_fields=["status", "avito_message_id", "telegram_message_id"])
    publish_message(message, "message.updated")
    queue_receipt(message)


def lock_message(message_id: int) -> Message | None:
    """Return a message with its dialog, which is locked, or ``None`` if it is gone."""
    found = Message.objects.filter(pk=message_id).values_list("dialog_id", flat=True).first()
    dialog = lock_dialog(found) if found else None
    if dialog is None:
        return None
    message = Message.objects.filter(pk=message_id).first()
    if message is not None:
        message.dialog = dialog
    return message
