"""HTML to plain text with entities, as the Bot API reads it."""

import html
import re
from typing import Any

from .errors import bad_request

Json = dict[str, Any]

_TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "code": "code",
    "pre": "pre",
    "a": "text_link",
    "blockquote": "blockquote",
    "tg-spoiler": "spoiler",
    "tg-emoji": "custom_emoji",
}
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)((?:\s[^<>]*)?)>")
_ATTRIBUTE = re.compile(r"""([a-zA-Z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_SPECIAL = re.compile(r"<|&(?:lt|gt|amp|quot|#[0-9]+|#x[0-9a-fA-F]+);")


def utf16_length(text: str) -> int:
    """The length in UTF-16 code units, in which entities are counted."""
    return len(text.encode("utf-16-le")) // 2


def read_html(source: str) -> tuple[str, list[Json]]:
    """Plain text and entities of HTML.

    :raises BotApiError: a tag is unknown, or one of a pair is missing.
    """
    plain: list[str] = []
    length = position = 0
    open_tags: list[tuple[str, Json]] = []
    entities: list[Json] = []
    while position < len(source):
        special = _SPECIAL.search(source, position)
        end = special.start() if special else len(source)
        plain.append(source[position:end])
        length += utf16_length(source[position:end])
        position = end
        if special is None:
            break
        if special[0] == "<":
            position = _read_tag(source, position, length, open_tags, entities)
        else:
            plain.append(html.unescape(special[0]))
            length += utf16_length(plain[-1])
            position = special.end()
    if open_tags:
        raise bad_request(
            f"can't parse entities: Can't find end tag corresponding to start tag "
            f'"{open_tags[-1][0]}"'
        )
    return "".join(plain), [entity for entity in entities if entity["length"]]


def _read_tag(
    source: str,
    position: int,
    offset: int,
    open_tags: list[tuple[str, Json]],
    entities: list[Json],
) -> int:
    at = len(source[:position].encode())
    tag = _TAG.match(source, position)
    if tag is None:
        raise bad_request(f"can't parse entities: Unexpected end of name token at byte offset {at}")
    closing, name, attributes = tag[1], tag[2].lower(), tag[3]
    if closing:
        if not open_tags or open_tags[-1][0] != name:
            raise bad_request(f"can't parse entities: Unexpected end tag at byte offset {at}")
        entity = open_tags.pop()[1]
        entity["length"] = offset - entity["offset"]
        return tag.end()
    if name not in _TAGS and name != "span":
        raise bad_request(
            f'can\'t parse entities: Unsupported start tag "{name}" at byte offset {at}'
        )
    entity = _entity(name, attributes, offset)
    open_tags.append((name, entity))
    entities.append(entity)
    return tag.end()


def _entity(name: str, attributes: str, offset: int) -> Json:
    values = {m[1].lower(): m[2] or m[3] or "" for m in _ATTRIBUTE.finditer(attributes)}
    entity: Json = {"type": _TAGS.get(name, "spoiler"), "offset": offset, "length": 0}
    if name == "a":
        entity["url"] = html.unescape(values.get("href", ""))
    if name == "tg-emoji":
        entity["custom_emoji_id"] = values.get("emoji-id", "")
    return entity
