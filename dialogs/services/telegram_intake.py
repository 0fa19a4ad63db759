"""What people write in a bot's group: to a contact, to the relay, or among themselves."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import User
from dialogs.models import Attachment, Dialog, Message
from dialogs.selectors.locks import lock_dialog
from dialogs.selectors.places import find_answered, find_message_at, find_topic_dialog
from dialogs.services import commands, single_chat
from dialogs.services.attachments import attach_origins
from dialogs.services.deletions import delete_message
from dialogs.services.messages import queue_to_avito, store_message
from dialogs.services.parts import IMAGE, TEXT
from dialogs.services.telegram_content import (
    Said,
    author_name,
    is_from_person,
    read_command,
    read_said,
    written_at,
)
from dialogs.services.topic_notes import tell_topic

DELETING_REACTION = "👎"


@transaction.atomic
def take_topic_message(*, bot_id: UUID, message: Mapping[str, Any]) -> bool:
    """Take what somebody wrote in a dialog's topic and send it on to the contact, once.

    Where a bot has one chat for all dialogs, an answer to a relayed message is meant. Commands
    and what Avito cannot take are answered there instead.

    :param message: a Bot API ``Message``.
    :returns: whether it was ours: a person's message to a dialog of this bot.
    """
    said = read_said(message)
    if said is None or not is_from_person(message):
        return False
    dialog_id = find_topic_dialog(bot_id, message)
    if dialog_id is None and not message.get("is_topic_message"):
        if not single_chat.is_meant(bot_id, message, said):
            return False
        answered = find_answered(bot_id, message)
        dialog_id = answered.dialog_id if answered else None
        if dialog_id is None:
            single_chat.hint(bot_id, message)
            return True
    if dialog_id is None:
        return False
    return _take(bot_id, dialog_id, message, said)


@transaction.atomic
def take_reaction(*, bot_id: UUID, reaction: Mapping[str, Any]) -> bool:
    """Take 👎 on something that our side has said as the wish to delete it on Avito.

    :param reaction: a Bot API ``MessageReactionUpdated``.
    :returns: whether it was ours: on a message of a dialog of this bot.
    """
    found = find_message_at(bot_id, reaction["chat"]["id"], reaction["message_id"])
    if found is None:
        return False
    is_new = _has_thumb_down(reaction, "new_reaction") and not _has_thumb_down(
        reaction, "old_reaction"
    )
    if is_new and not (reaction.get("user") or {}).get("is_bot"):
        delete_message(found, asked_at=found.telegram_message_id)
    return True


def _take(bot_id: UUID, dialog_id: UUID, message: Mapping[str, Any], said: Said) -> bool:
    command = read_command(said.text) if said.picture is None else None
    if command is not None:
        answered = find_answered(bot_id, message)
        return commands.run(dialog_id, command, message, answered=answered)
    dialog = lock_dialog(dialog_id)
    if dialog is None:
        return False
    note = _refusal(dialog, said)
    if note:
        _answer(dialog, message, note=note, what=said.refused)
    else:
        _relay(dialog, message, said, reply_to=find_answered(bot_id, message))
    return True


def _refusal(dialog: Dialog, said: Said) -> str:
    """Return the note that says why something is not relayed, empty where it is."""
    if dialog.avito_account is None:
        return "no_account"
    if dialog.status == Dialog.Status.BANNED:
        return "banned"
    if said.refused or not (said.text or said.picture):
        return "unsupported"
    return ""


def _relay(
    dialog: Dialog, message: Mapping[str, Any], said: Said, *, reply_to: Message | None
) -> None:
    number = message["message_id"]
    own = dialog.messages.filter(direction=Message.Direction.TELEGRAM)
    if own.filter(telegram_message_id=number).exists():
        return
    stored = store_message(
        Message(
            dialog=dialog,
            direction=Message.Direction.TELEGRAM,
            is_incoming=False,
            author=author_of(dialog, message),
            author_name=author_name(message)[:128],
            kind=IMAGE if said.picture else TEXT,
            text=said.text,
            reply_to=reply_to if reply_to and reply_to.dialog_id == dialog.pk else None,
            telegram_message_id=number,
            written_at=written_at(message),
        )
    )
    if said.picture is not None:
        attach_origins(stored, [(Attachment.Kind.PHOTO, said.picture)])
    queue_to_avito(stored)


def _answer(dialog: Dialog, message: Mapping[str, Any], *, note: str, what: str) -> None:
    """Say once for a message, or for a whole album, why it was not relayed."""
    number = message["message_id"]
    group = message.get("media_group_id") or number
    tell_topic(
        dialog,
        note=note,
        reply_to=number,
        key=f"{message['chat']['id']}:{group}:{note}",
        facts={"what": what} if what else {},
    )


def author_of(dialog: Dialog, message: Mapping[str, Any]) -> User | None:
    """Return the organization's member who wrote a message, if it was one."""
    if "sender_chat" in message:
        return None
    members = User.objects.filter(memberships__organization=dialog.organization_id)
    return members.filter(telegram_id=message["from"]["id"]).first()


def _has_thumb_down(reaction: Mapping[str, Any], name: str) -> bool:
    return any(entry.get("emoji") == DELETING_REACTION for entry in reaction.get(name) or [])
