"""What a person has written in Telegram, read out of a Bot API ``Message``."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

# What a person can send, and what of it cannot be relayed is called; first match wins: beside an
# animation stands a document, beside a venue a location. Whatever has none of these is a service
# message.
CONTENT = (
    "text",
    "photo",
    "animation",
    "document",
    "audio",
    "checklist",
    "contact",
    "dice",
    "game",
    "invoice",
    "venue",
    "location",
    "live_photo",
    "paid_media",
    "poll",
    "rich_message",
    "sticker",
    "story",
    "video",
    "video_note",
    "voice",
)
_COMMAND = re.compile(r"/([A-Za-z0-9_]+)(?:@([A-Za-z0-9_]+))?(?:\s+|$)(.*)", re.DOTALL)
Picture = dict[str, str]


@dataclass(frozen=True, slots=True)
class Command:
    """``/name@bot words``; ``bot`` is empty where none is named."""

    name: str
    bot: str
    words: str


@dataclass(frozen=True, slots=True)
class Said:
    """The content of one message.

    :param text: its words, with the addresses that Telegram hides under words.
    :param picture: ``file_id`` and ``file_unique_id`` of the picture's largest size.
    :param refused: the field of what cannot be relayed, empty where everything can.
    """

    text: str = ""
    picture: Picture | None = None
    refused: str = ""


def read_said(message: Mapping[str, Any]) -> Said | None:
    """Return what a message says, or ``None`` for a service message."""
    field = next((name for name in CONTENT if name in message), None)
    if field is None:
        return None
    if field == "text":
        return Said(text=_words(message, "text", "entities"))
    picture = _picture(message, field)
    if picture is None:
        return Said(refused=field)
    return Said(text=_words(message, "caption", "caption_entities"), picture=picture)


def read_command(text: str) -> Command | None:
    """Return the command that a text is, if it begins with a slash."""
    matched = _COMMAND.fullmatch(text)
    if matched is None:
        return Command(text[1:2], "", "") if text.startswith("/") else None
    name, bot, words = matched.groups()
    return Command(name.lower(), bot or "", words.strip())


def is_from_person(message: Mapping[str, Any]) -> bool:
    """Say whether a person of the group wrote it.

    An anonymous admin writes in the name of the group; Telegram then names a bot as author.
    """
    sender_chat = message.get("sender_chat")
    if sender_chat is not None:
        return bool(sender_chat.get("id") == message["chat"]["id"])
    author = message.get("from")
    return author is not None and not author.get("is_bot")


def author_name(message: Mapping[str, Any]) -> str:
    """Return how the author is called; of an anonymous admin the title, or the group's."""
    if "sender_chat" in message:
        name = message.get("author_signature") or message["sender_chat"].get("title") or ""
        return str(name)
    author = message["from"]
    return f"{author.get('first_name', '')} {author.get('last_name', '')}".strip()


def written_at(message: Mapping[str, Any]) -> datetime:
    """Return when a message was written, to the second."""
    return datetime.fromtimestamp(message["date"], tz=UTC)


def _picture(message: Mapping[str, Any], field: str) -> Picture | None:
    if field == "photo":
        file = max(message["photo"], key=lambda size: size["width"] * size["height"])
    elif field == "document" and str(message["document"].get("mime_type")).startswith("image/"):
        file = message["document"]
    else:
        return None
    return {"file_id": file["file_id"], "file_unique_id": file.get("file_unique_id", "")}


def _words(message: Mapping[str, Any], field: str, entities: str) -> str:
    """Return a text with each address that lies under words written out behind them."""
    text = str(message.get(field) or "")
    return _with_addresses(text, message.get(entities) or []).strip()


def _with_addresses(text: str, entities: Sequence[Mapping[str, Any]]) -> str:
    links = [entity for entity in entities if entity.get("type") == "text_link"]
    # Offsets count UTF-16 units; from the end on, so that those before stay right.
    units = text.encode("utf-16-le")
    for link in sorted(links, key=lambda entity: entity["offset"], reverse=True):
        start, end = 2 * link["offset"], 2 * (link["offset"] + link["length"])
        covered, address = units[start:end].decode("utf-16-le"), str(link.get("url") or "")
        if address and not _is_same_address(covered, address):
            units = units[:end] + f" ({address})".encode("utf-16-le") + units[end:]
    return units.decode("utf-16-le")


def _is_same_address(words: str, address: str) -> bool:
    shown = address.partition("://")[2].rstrip("/") or address
    return words.strip().rstrip("/") in (address.rstrip("/"), shown)
