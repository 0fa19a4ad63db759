"""What people write in the topics of a bot's group."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import User
from dialogs.models import Dialog, Message
from dialogs.selectors.locks import lock_dialog
from dialogs.services.messages import queue_to_avito, store_message
from dialogs.services.topic_notes import tell_topic

# What a person can send; whatever has none of these is a service message.
_CONTENT = (
    "text",
    "animation",
    "audio",
    "checklist",
    "contact",
    "dice",
    "document",
    "game",
    "invoice",
    "live_photo",
    "location",
    "paid_media",
    "photo",
    "poll",
    "rich_message",
    "sticker",
    "story",
    "venue",
    "video",
    "video_note",
    "voice",
)


@transaction.atomic
def take_topic_message(*, bot_id: UUID, message: Mapping[str, Any]) -> bool:
    """Take what somebody wrote in a dialog's topic and send it on to the contact, once.

    Commands and what Avito cannot take are answered in the topic instead.

    :param message: a Bot API ``Message``.
    :returns: whether it was ours: a person's message in the topic of a dialog of this bot.
    """
    if not _is_from_person(message) or not any(key in message for key in _CONTENT):
        return False
    dialog = _find_dialog(bot_id, message)
    if dialog is None:
        return False
    text = str(message.get("text") or "").strip()
    if not text:
        _answer(dialog, message, note="unsupported")
    elif text.startswith("/"):
        _answer(dialog, message, note="unknown_command")
    else:
        _relay(dialog, message, text)
    return True


def _find_dialog(bot_id: UUID, message: Mapping[str, Any]) -> Dialog | None:
    # Outside of forums message_thread_id means a thread of replies.
    if not message.get("is_topic_message"):
        return None
    found = Dialog.objects.filter(
        bot_id=bot_id,
        telegram_chat_id=message["chat"]["id"],
        telegram_topic_id=message.get("message_thread_id"),
    )
    key = found.values_list("pk", flat=True).first()
    return lock_dialog(key) if key else None


def _is_from_person(message: Mapping[str, Any]) -> bool:
    """An anonymous admin writes in the name of the group; Telegram then names a bot as author."""
    sender_chat = message.get("sender_chat")
    if sender_chat is not None:
        return bool(sender_chat.get("id") == message["chat"]["id"])
    author = message.get("from")
    return author is not None and not author.get("is_bot")


def _relay(dialog: Dialog, message: Mapping[str, Any], text: str) -> None:
    number = message["message_id"]
    if dialog.messages.filter(telegram_message_id=number).exists():
        return
    if dialog.avito_account is None:
        _answer(dialog, message, note="no_account")
        return
    stored = store_message(
        Message(
            dialog=dialog,
            direction=Message.Direction.TELEGRAM,
            is_incoming=False,
            author=_author(dialog, message),
            author_name=_author_name(message)[:128],
            text=text,
            telegram_message_id=number,
            written_at=datetime.fromtimestamp(message["date"], tz=UTC),
        )
    )
    queue_to_avito(stored)


def _answer(dialog: Dialog, message: Mapping[str, Any], *, note: str) -> None:
    number = message["message_id"]
    key = f"{dialog.telegram_chat_id}:{number}:{note}"
    tell_topic(dialog, note=note, reply_to=number, key=key)


def _author(dialog: Dialog, message: Mapping[str, Any]) -> User | None:
    if "sender_chat" in message:
        return None
    members = User.objects.filter(memberships__organization=dialog.organization_id)
    return members.filter(telegram_id=message["from"]["id"]).first()


def _author_name(message: Mapping[str, Any]) -> str:
    if "sender_chat" in message:
        return str(message.get("author_signature") or message["sender_chat"].get("title") or "")
    author = message["from"]
    return f"{author.get('first_name', '')} {author.get('last_name', '')}".strip()
