"""What the contact has read: told by Avito's lists of messages, and by an answer."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from dialogs.models import Dialog, Message
from dialogs.selectors.locks import lock_dialog
from dialogs.services.messages import NOTE, change_status

# Avito names times in whole seconds.
TICK = timedelta(seconds=1)


def on_messages_read(
    sender: object,
    account_id: UUID,
    chat_id: str,
    message_ids: Sequence[str],
    **_kwargs: Any,
) -> None:
    """Note what Avito's lists show as read; see ``integrations.signals.avito_messages_read``."""
    dialog = Dialog.objects.filter(avito_account_id=account_id, external_id=chat_id).first()
    if dialog is None or not _unread(dialog).filter(avito_message_id__in=message_ids).exists():
        return
    known = _unread(dialog).filter(avito_message_id__in=message_ids).order_by("pk").last()
    if known is not None and known.avito_message_id is not None:
        mark_read_up_to(dialog, known.avito_message_id)


@transaction.atomic
def mark_read_up_to(dialog: Dialog, avito_message_id: str) -> None:
    """Note that the contact has read a message of ours, and so all that was sent before it."""
    locked = lock_dialog(dialog.pk)
    if locked is None:
        return
    newest = locked.messages.filter(avito_message_id=avito_message_id).first()
    if newest is not None:
        _mark(locked, _unread(locked).filter(pk__lte=newest.pk))


def mark_read_by_answer(answer: Message) -> None:
    """Note that whoever answers has read what stood there. The caller holds the dialog's lock."""
    if answer.kind == "system":
        return
    before = _unread(answer.dialog).filter(
        delivery__settled_at__lt=answer.written_at + TICK, pk__lt=answer.pk
    )
    _mark(answer.dialog, before)


def _mark(dialog: Dialog, messages: QuerySet[Message]) -> None:
    for message in messages.order_by("pk"):
        message.dialog = dialog
        change_status(message, Message.Status.READ)


def _unread(dialog: Dialog) -> QuerySet[Message]:
    """Return what our side has sent and nobody is known to have read."""
    sent = dialog.messages.filter(is_incoming=False, status=Message.Status.SENT)
    return sent.filter(avito_message_id__isnull=False).exclude(kind=NOTE)
