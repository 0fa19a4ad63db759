"""How a dialog and a message look to a program: in the API and in live frames alike."""

import uuid
from typing import Any

from django.urls import reverse

from accounts.models import User
from dialogs.models import Attachment, Contact, Dialog, Message


def dialog_document(dialog: Dialog) -> dict[str, Any]:
    """Return a dialog in the shape of the API; ``contact`` and ``assignee`` should be loaded."""
    return {
        "id": dialog.pk,
        "source": dialog.source,
        "title": dialog.title,
        "item": {key: dialog.item.get(key, "") for key in ("title", "price", "url")},
        "contact": _contact(dialog.contact),
        "status": dialog.status,
        "assignee": _person(dialog.assignee),
        "tags": dialog.tags,
        "unread": dialog.unread_count,
        "last_message": dialog.last_message_text,
        "last_message_at": dialog.last_message_at,
        "telegram_chat_id": dialog.telegram_chat_id,
        "telegram_topic_id": dialog.telegram_topic_id,
    }


def message_document(message: Message, *, contact: Contact | None) -> dict[str, Any]:
    """Return a message in the shape of the API; its ``attachments`` should be loaded.

    :param contact: the dialog's, whose name stands at incoming messages.
    """
    name = message.author_name
    if not name and message.is_incoming and contact is not None:
        name = contact.name
    return {
        "id": message.pk,
        "direction": message.direction,
        "is_incoming": message.is_incoming,
        "author": name,
        "kind": message.kind,
        "text": message.text,
        "attachments": [
            _attachment(attachment, dialog_id=message.dialog_id)
            for attachment in message.attachments.all()
        ],
        "reply_to": message.reply_to_id,
        "status": message.status,
        "is_auto_reply": message.is_auto_reply,
        "created_at": message.written_at,
        "edited_at": message.edited_at,
        "deleted_at": message.deleted_at,
    }


def _attachment(attachment: Attachment, *, dialog_id: uuid.UUID) -> dict[str, Any]:
    """Return an attachment; of one whose content is not here there is no more than its state."""
    stored = attachment.file
    url = reverse("dialogs-api:attachment", args=[dialog_id, attachment.pk]) if stored else None
    return {
        "id": attachment.pk,
        "kind": attachment.kind,
        "state": attachment.state,
        "url": url,
        "content_type": stored.content_type if stored else None,
        "size": stored.size if stored else None,
        "width": stored.width if stored else None,
        "height": stored.height if stored else None,
        "duration_seconds": stored.duration_seconds if stored else None,
    }


def _contact(contact: Contact | None) -> dict[str, Any] | None:
    return None if contact is None else {"id": contact.pk, "name": contact.name}


def _person(user: User | None) -> dict[str, Any] | None:
    return None if user is None else {"id": user.pk, "name": user.display_name}
