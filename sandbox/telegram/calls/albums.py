"""Albums, copies, and media put in the place of others."""

import secrets
from typing import Any

from sandbox.telegram.errors import bad_request
from sandbox.telegram.keyboards import check_markup
from sandbox.telegram.media import KINDS, Kind
from sandbox.telegram.params import parse_object
from sandbox.telegram.permissions import require_sending
from sandbox.telegram.posting import edit
from sandbox.telegram.state import Message
from sandbox.telegram.wire import message_json

from .call import Call, Handler, find_chat, find_message, own_message
from .sending import caption_content, medium_content, open_target, send

Json = dict[str, Any]

LEAST, MOST = 2, 10
# Kinds that stand in an album only with their like.
APART = ("audio", "document")
REPLACEABLE = frozenset(("animation", "audio", "document", "photo", "video"))
# What a copy does not take along: whose it was, where it stood and what it answered.
OWN_FIELDS = frozenset(
    (
        "message_id",
        "from",
        "sender_chat",
        "author_signature",
        "chat",
        "date",
        "edit_date",
        "message_thread_id",
        "is_topic_message",
        "is_automatic_forward",
        "media_group_id",
        "reply_to_message_id",
        "reply_markup",
    )
)


async def send_album(call: Call) -> list[Json]:
    """One message for each item, all of one ``media_group_id``; all of them or none."""
    chat = open_target(call)
    items = call.params["media"]
    if len(items) < LEAST:
        raise bad_request("too few messages to send as an album")
    if len(items) > MOST:
        raise bad_request("too many messages to send as an album")
    kinds = [_kind_of(item, allowed=REPLACEABLE - {"animation"}) for item in items]
    read = [_read(kind, item) for kind, item in zip(kinds, items, strict=True)]
    for apart in APART:
        if apart in {kind.field for kind in kinds} and len(set(kinds)) > 1:
            raise bad_request(f"{apart} can't be mixed with other media types")
    contents = [
        await medium_content(call, kind, item) for kind, item in zip(kinds, read, strict=True)
    ]
    for content in contents:
        require_sending(chat, call.bot.id, content)
    group = {"media_group_id": str(secrets.randbelow(10**17) + 10**16)}
    return [send(call, chat, content | group) for content in contents]


def _kind_of(item: Json, *, allowed: frozenset[str]) -> Kind:
    name = item.get("type")
    if not isinstance(name, str) or name not in allowed:
        raise bad_request("can't parse InputMedia: wrong type of the media specified")
    return KINDS[name]


def _read(kind: Kind, item: Json) -> Json:
    return parse_object(f"InputMedia{kind.field.capitalize()}", item)


async def copy_message(call: Call) -> Json:
    """The MessageId of a message with the same content, as if the bot had written it."""
    target = open_target(call)
    source = find_chat(call, field="from_chat_id")
    message = find_message(call, source, missing="message to copy not found")
    if message.service:
        raise bad_request("the message can't be copied")
    content = {name: value for name, value in message.body.items() if name not in OWN_FIELDS}
    if "caption" in call.params and "text" not in content:
        content = {k: v for k, v in content.items() if k not in ("caption", "caption_entities")}
        content |= caption_content(call.params)
    return {"message_id": send(call, target, content)["message_id"]}


async def edit_media(call: Call) -> Json:
    """Another medium (or a first one, instead of a text) in a message of the bot's own."""
    chat, message = own_message(call)
    kind = _kind_of(call.params["media"], allowed=REPLACEABLE)
    item = _read(kind, call.params["media"])
    _check_replaceable(message, kind)
    old = ("text", "entities", "caption", "caption_entities", "reply_markup", *REPLACEABLE)
    content = {
        **dict.fromkeys(old),
        **await medium_content(call, kind, item),
        **check_markup(call.params.get("reply_markup")),
    }
    edit(call.sandbox, chat, message, content=content)
    return message_json(chat, message)


def _check_replaceable(message: Message, kind: Kind) -> None:
    if "text" not in message.body and not REPLACEABLE & message.body.keys():
        raise bad_request("message can't be edited")
    if "media_group_id" in message.body and _album_of(message) != _album_name(kind.field):
        raise bad_request("wrong type of the media specified for a message of an album")


def _album_of(message: Message) -> str:
    return _album_name(next(field for field in REPLACEABLE if field in message.body))


def _album_name(field: str) -> str:
    return field if field in APART else "pictures"


HANDLERS: dict[str, Handler] = {
    "sendMediaGroup": send_album,
    "copyMessage": copy_message,
    "editMessageMedia": edit_media,
}
