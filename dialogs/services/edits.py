"""Second thoughts of operators: what they edit in Telegram is deleted on Avito and said anew.

Later than Avito's hour the new words go out as a correction. What has not gone out yet is just
replaced, in its place among the messages.
"""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from dialogs.models import Attachment, Message
from dialogs.selectors.places import find_message_at
from dialogs.services import echoes, versions
from dialogs.services.attachments import attach_origins
from dialogs.services.deletions import queue_taking_back
from dialogs.services.messages import NOTE, deliver_part, lock_message, publish_message
from dialogs.services.parts import (
    IMAGE,
    TEXT,
    Part,
    current_picture,
    kind_of,
    parts_of,
    revision_of,
)
from dialogs.services.telegram_content import Said, read_command, read_said
from dialogs.services.topic_notes import tell_topic
from integrations.models import Delivery


def take_edit(*, bot_id: UUID, message: Mapping[str, Any]) -> bool:
    """Take what somebody changed in a message that was relayed, or kept as a note.

    :param message: the Bot API ``Message`` as it is now.
    :returns: whether it was ours: a message of a dialog of this bot.
    """
    found = find_message_at(bot_id, message["chat"]["id"], message["message_id"])
    said = read_said(message)
    if found is None or said is None or found.direction != Message.Direction.TELEGRAM:
        return False
    edit_message(found, said)
    return True


@transaction.atomic
def edit_message(message: Message, said: Said) -> None:
    """Give an operator's message new content, and send that in place of what was sent.

    Locks the message's deliveries, then its dialog. The same content once more changes nothing.
    """
    parts = echoes.lock_parts(message)
    locked = lock_message(message.pk)
    if locked is None or not _is_changed(locked, said):
        return
    refusal = _refusal(locked, said)
    if refusal:
        number = locked.telegram_message_id
        key = f"{refusal}:{locked.pk}:{timezone.now().timestamp()}"
        facts = {"what": said.refused} if said.refused else {}
        tell_topic(locked.dialog, note=refusal, reply_to=number, key=key, facts=facts)
        return
    kinds = _change(locked, said)
    if locked.kind != NOTE:
        _send_anew(locked, parts, kinds)
    publish_message(locked, "message.updated")


def _is_changed(message: Message, said: Said) -> bool:
    if message.kind == NOTE:
        command = read_command(said.text)
        return bool(command and command.words and command.words != message.text)
    return bool(said.refused) or said.text != message.text or _is_other_picture(message, said)


def _is_other_picture(message: Message, said: Said) -> bool:
    if said.picture is None:
        return False
    picture = current_picture(message)
    return picture is None or picture.origin.get("file_unique_id") != said.picture["file_unique_id"]


def _refusal(message: Message, said: Said) -> str:
    """Return the note that says why an edit cannot be followed, empty where it can."""
    if message.deleted_at is not None:
        return "edit_of_deleted"
    if said.refused:
        return "unsupported"
    if message.kind != NOTE and said.picture is None and said.text.startswith("/"):
        return "unknown_command"
    return ""


def _change(message: Message, said: Said) -> Collection[str]:
    """Store the new content; return the kinds of parts that it replaces."""
    command = read_command(said.text) if message.kind == NOTE else None
    has_other_picture = _is_other_picture(message, said)
    message.text = command.words if command else said.text
    message.kind = IMAGE if has_other_picture else message.kind
    message.revision += 1
    message.edited_at = timezone.now()
    message.save(update_fields=["text", "kind", "revision", "edited_at"])
    if has_other_picture and said.picture is not None:
        attach_origins(message, [(Attachment.Kind.PHOTO, said.picture)])
    return (IMAGE, TEXT) if has_other_picture else (TEXT,)


def _send_anew(message: Message, parts: list[Delivery], kinds: Collection[str]) -> None:
    old = [part for part in parts if kind_of(part.payload) in kinds]
    if _are_waiting(old, revision=message.revision - 1):
        # They make room for the new ones themselves, see ``to_avito.prepare_part``.
        return
    if versions.can_be_deleted(message):
        queue_taking_back(message, before=message.revision, kinds=kinds)
        new = parts_of(message, has_image=not versions.has_standing_picture(message))
        message.avito_message_id = _last_id(message, kinds)
    else:
        new = versions.parts_to_send(message)
    _queue(message, new)


def _are_waiting(parts: list[Delivery], *, revision: int) -> bool:
    """Say whether parts are queued of which none can be on its way, now that they are locked.

    :param revision: the version that has been replaced; what was sent of earlier ones is already
        being seen to.
    """
    open_ones = [part for part in parts if part.state in Delivery.OPEN]
    has_gone = any(
        part.state == Delivery.State.SENT and revision_of(part.payload) == revision
        for part in parts
    )
    are_still = all(
        part.dispatched_at is None and part.state != Delivery.State.SENDING for part in open_ones
    )
    return bool(open_ones) and are_still and not has_gone


def _queue(message: Message, new: list[Part]) -> None:
    if new:
        message.status = Message.Status.QUEUED
    message.save(update_fields=["status", "avito_message_id"])
    for part in new:
        deliver_part(message, part)


def _last_id(message: Message, replaced: Collection[str]) -> str | None:
    """Return the id on Avito of the last part that stays."""
    kept = [
        part.payload[echoes.BOUND_ID]
        for part in versions.standing_parts(message)
        if kind_of(part.payload) not in replaced
    ]
    return kept[-1] if kept else None
