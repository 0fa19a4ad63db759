"""How messages look in Telegram: which call shows them, and what stands in it."""

from collections.abc import Sequence
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from dialogs.models import Attachment, Message
from dialogs.services.routes import Place
from dialogs.services.splitting import TELEGRAM_TEXT_LIMIT
from dialogs.services.wording import (
    deletion_notice,
    heading,
    language_of,
    message_line,
    placeholder,
    quoted_line,
    shortened,
)
from integrations.services.calls import Call

CAPTION_LIMIT = 1024
Entity = dict[str, Any]

_MEDIA_METHODS = {
    Attachment.Kind.PHOTO: ("sendPhoto", "photo"),
    Attachment.Kind.VOICE: ("sendVoice", "voice"),
}


def utf16_length(text: str) -> int:
    """Return the length of ``text`` as Telegram counts it."""
    return len(text.encode("utf-16-le")) // 2


def call_of(messages: Sequence[Message], place: Place, *, is_plain: bool = False) -> Call:
    """Return the call that shows a message, or several of one burst, in their dialog's place.

    :param messages: one dialog's, in order; more than one only of those that ``bursts`` joins.
    :param is_plain: as nothing but text, after Telegram has refused it in its own form.
    """
    message = messages[0]
    if is_plain:
        return Call("sendMessage", {**where(place), **words_of(messages, place)})
    aim = {**where(place), **_answering(message)}
    media = _stored_media(message)
    if media is not None and message.deleted_at is None:
        return media_call(media, place, aim)
    if point := _point(message, place):
        return Call("sendVenue" if "title" in point else "sendLocation", {**aim, **point})
    return Call("sendMessage", {**aim, **words_of(messages, place)})


def media_call(media: Attachment, place: Place, aim: dict[str, Any]) -> Call:
    """Return the call that sends a stored picture or voice, by Telegram's own name if it has one.

    :param aim: the parameters that say where to, see ``where``.
    """
    method, name = _MEDIA_METHODS[Attachment.Kind(media.kind)]
    content = media.telegram_file_id or {"stored_file": str(media.file_id)}
    return Call(method, {**aim, name: content, **caption_of(media.message, place)})


def where(place: Place) -> dict[str, Any]:
    """Return the parameters that lead a call into a dialog's topic, or to the one chat."""
    topic = {} if place.topic_id is None else {"message_thread_id": place.topic_id}
    return {"chat_id": place.chat_id, **topic}


def words_of(messages: Sequence[Message], place: Place) -> dict[str, Any]:
    """Return ``text`` and, where something in it is struck out, ``entities``.

    What was deleted on Avito stays readable, struck out, and it is said that it is deleted.
    """
    with translation.override(language_of(messages[0].dialog.organization)):
        text, entities = _compose(messages, place)
    if len(text) > TELEGRAM_TEXT_LIMIT:
        return {"text": shortened(text, TELEGRAM_TEXT_LIMIT)}
    return {"text": text, **({"entities": entities} if entities else {})}


def caption_of(message: Message, place: Place) -> dict[str, str]:
    """Return ``caption``: who is speaking where that is not plain, and the words if any.

    Words beyond Telegram's 1,024 characters are cut: only our own side writes them, on the site,
    where they stand in full.
    """
    with translation.override(language_of(message.dialog.organization)):
        lines = [*_opening(message, place), message.text]
        if message.deleted_at is not None:
            lines.append(deletion_notice(message))
    caption = "\n".join(filter(None, lines))
    return {"caption": shortened(caption, CAPTION_LIMIT)} if caption else {}


def _compose(messages: Sequence[Message], place: Place) -> tuple[str, list[Entity]]:
    entities: list[Entity] = []
    text = "".join(f"{line}\n" for line in _opening(messages[0], place))
    for number, message in enumerate(messages):
        text += "\n\n" if number else ""
        body = _body(message)
        if message.deleted_at is not None and message.kind != "deleted":
            entities.append(
                {
                    "type": "strikethrough",
                    "offset": utf16_length(text),
                    "length": utf16_length(body),
                }
            )
            body += f"\n{deletion_notice(message)}"
        text += body
    return text, entities


def _opening(message: Message, place: Place) -> list[str]:
    """Return the lines above a message: who is speaking, and to what that is an answer."""
    head = heading(message, message.dialog, is_alone=place.has_topics)
    quoted = "" if _answering(message) else quoted_line(message)
    return [line for line in (head, quoted) if line]


def _body(message: Message) -> str:
    if message.deleted_at is not None:
        return message.text or message_line(message)
    if message.kind not in ("image", "voice"):
        return message.text or _("(no text)")
    stand_in = placeholder(message.kind, chat_id=message.dialog.external_id)
    if not message.attachments.all():
        # Without anything to fetch, the description of it is its text already.
        return message.text or stand_in
    return f"{stand_in}\n{message.text}".strip()


def _answering(message: Message) -> dict[str, Any]:
    """Return ``reply_parameters`` if the answered message stands where this one goes.

    A topic has the id of its first message, so what is older stood in another one.
    """
    answered = message.reply_to
    number = answered.telegram_message_id if answered else None
    if number is None or number < (message.dialog.telegram_topic_id or 0):
        return {}
    return {"reply_parameters": {"message_id": number, "allow_sending_without_reply": True}}


def _stored_media(message: Message) -> Attachment | None:
    stored = [
        attachment
        for attachment in message.attachments.all()
        if attachment.state == Attachment.State.STORED
    ]
    if not stored:
        return None
    stored[0].message = message
    return stored[0]


def _point(message: Message, place: Place) -> dict[str, Any]:
    """Return the parameters of a place on the map; empty where a heading has to stand above."""
    facts = message.facts
    lat, lon = facts.get("lat"), facts.get("lon")
    is_bare = place.has_topics and message.is_incoming and message.deleted_at is None
    if message.kind != "location" or not is_bare or _is_quoted(message):
        return {}
    if not isinstance(lat, int | float) or not isinstance(lon, int | float):
        return {}
    point = {"latitude": lat, "longitude": lon}
    name, address = facts.get("title") or facts.get("text"), facts.get("text")
    return {**point, "title": name, "address": address or name} if name else point


def _is_quoted(message: Message) -> bool:
    """Say whether an answered message has to be quoted in words, for it cannot be answered to."""
    return not _answering(message) and bool(message.reply_to or message.facts.get("quote"))
