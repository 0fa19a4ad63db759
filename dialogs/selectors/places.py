"""Whose dialog a message in a Telegram chat belongs to."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.db.models import Q, QuerySet

from dialogs.models import Dialog, Message
from integrations.models import Bot


def find_topic_dialog(bot_id: uuid.UUID, message: Mapping[str, Any]) -> uuid.UUID | None:
    """Return the dialog whose topic a message was written in.

    Outside of forums ``message_thread_id`` means a thread of replies.
    """
    if not message.get("is_topic_message"):
        return None
    found = Dialog.objects.filter(
        bot_id=bot_id,
        telegram_chat_id=message["chat"]["id"],
        telegram_topic_id=message.get("message_thread_id"),
    )
    return found.values_list("pk", flat=True).first()


def find_answered(bot_id: uuid.UUID, message: Mapping[str, Any]) -> Message | None:
    """Return the relayed message that a message in Telegram answers, newest first of a burst."""
    answered = message.get("reply_to_message") or {}
    number = answered.get("message_id")
    return find_message_at(bot_id, message["chat"]["id"], number) if number else None


def find_message_at(bot_id: uuid.UUID, chat_id: int, number: int) -> Message | None:
    """Return the message that stands as ``number`` in a chat of this bot."""
    found = Message.objects.filter(telegram_message_id=number).filter(
        dialog__in=_in(bot_id, chat_id)
    )
    return found.select_related("dialog").order_by("-pk").first()


def is_single_chat(bot_id: uuid.UUID, chat_id: int) -> bool:
    """Say whether all dialogs of a bot are relayed to this one chat, without topics."""
    bots = Bot.objects.filter(pk=bot_id, group_chat_id=chat_id, topic_mode=False)
    return bots.filter(avito_accounts__isnull=False).exists()


def _in(bot_id: uuid.UUID, chat_id: int) -> QuerySet[Dialog]:
    """Return the dialogs mirrored in a chat; in one without topics they do not know it."""
    in_topics = Q(bot_id=bot_id, telegram_chat_id=chat_id)
    together = Q(
        avito_account__bot_id=bot_id,
        avito_account__bot__group_chat_id=chat_id,
        avito_account__bot__topic_mode=False,
        telegram_chat_id__isnull=True,
    )
    return Dialog.objects.filter(in_topics | together)
