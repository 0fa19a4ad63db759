"""Markdown and MarkdownV2 to plain text with entities, as the Bot API reads them.

Quotations that fold up (``**>``) are not played: they are refused.
"""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .errors import BotApiError, bad_request
from .markup import utf16_length

Json = dict[str, Any]

# What begins an entity; of two that fit, the longer one comes first.
_BEGINNINGS = {
    "```": "pre",
    "||": "spoiler",
    "__": "underline",
    "![": "custom_emoji",
    "*": "bold",
    "_": "italic",
    "~": "strikethrough",
    "`": "code",
    "[": "text_link",
}
_ENDS = {kind: "]" if mark.endswith("[") else mark for mark, kind in _BEGINNINGS.items()}
_RESERVED = frozenset("_*[]()~`>#+-=|{}.!")
_VERBATIM = frozenset(("pre", "code"))
# As refusals name the kinds.
_TITLES = {"text_link": "TextUrl", "custom_emoji": "CustomEmoji", "pre_code": "PreCode"}
_LANGUAGE = re.compile(r"([^\s`]+)(?=\s)")
_NEWLINE = re.compile(r"\r?\n")
_ESCAPED = re.compile(r"\\([\x01-\x7e])")
_OLD_ESCAPED = re.compile(r"\\([_*`\[])")


@dataclass(kw_only=True)
class _Reader:
    """What is read so far: ``plain`` text of ``length`` UTF-16 units, entities open and done."""

    source: str
    position: int = 0
    plain: list[str] = field(default_factory=list)
    length: int = 0
    opened: list[tuple[Json, int]] = field(default_factory=list)
    quotation: Json | None = None
    entities: list[Json] = field(default_factory=list)

    def ahead(self, mark: str) -> bool:
        return self.source.startswith(mark, self.position)

    def take(self, text: str, *, width: int | None = None) -> None:
        """Add ``text`` to what people see, and go on behind ``width`` characters of the source."""
        self.plain.append(text)
        self.length += utf16_length(text)
        self.position += len(text) if width is None else width

    def byte_offset(self, position: int) -> int:
        return len(self.source[:position].encode())

    def open(self, kind: str, *, width: int) -> None:
        entity: Json = {"type": kind, "offset": self.length, "length": 0}
        self.opened.append((entity, self.position))
        self.position += width
        if kind == "pre":
            entity |= self._language()

    def _language(self) -> Json:
        language = _LANGUAGE.match(self.source, self.position)
        if language is not None:
            self.position = language.end()
        newline = _NEWLINE.match(self.source, self.position)
        if newline is not None:
            self.position = newline.end()
        return {"language": language[1]} if language is not None else {}

    def close(self, entity: Json) -> None:
        entity["length"] = self.length - entity["offset"]
        if entity["length"]:
            self.entities.append(entity)

    def address(self) -> str | None:
        """The address in round brackets that follows, if one does.

        :raises BotApiError: the bracket is not closed.
        """
        if not self.ahead("("):
            return None
        end = re.compile(r"(?<!\\)\)").search(self.source, self.position)
        if end is None:
            raise _refusal(f"Can't find end of a URL at byte offset {self._here()}")
        address = self.source[self.position + 1 : end.start()]
        self.position = end.end()
        return _ESCAPED.sub(r"\1", address)

    def _here(self) -> int:
        return self.byte_offset(self.position)

    def result(self) -> tuple[str, list[Json]]:
        ordered = sorted(self.entities, key=lambda e: (e["offset"], -e["length"]))
        return "".join(self.plain), ordered


def _refusal(text: str) -> BotApiError:
    return bad_request(f"can't parse entities: {text}")


def read_markdown_v2(source: str) -> tuple[str, list[Json]]:
    """Plain text and entities of MarkdownV2.

    :raises BotApiError: an entity has no end, or a reserved character is not escaped.
    """
    reader = _Reader(source=source)
    while reader.position < len(source):
        _read_next(reader)
    _end_quotation(reader)
    if reader.opened:
        entity, position = reader.opened[-1]
        kind = "pre_code" if "language" in entity else entity["type"]
        title = _TITLES.get(kind, kind.capitalize())
        at = reader.byte_offset(position)
        raise _refusal(f"Can't find end of {title} entity at byte offset {at}")
    return reader.result()


def _read_next(reader: _Reader) -> None:
    escaped = _ESCAPED.match(reader.source, reader.position)
    if escaped is not None:
        reader.take(escaped[1], width=2)
        return
    innermost = reader.opened[-1][0] if reader.opened else None
    if innermost is not None and _ends(reader, innermost["type"]):
        _close_innermost(reader)
        return
    verbatim = innermost is not None and innermost["type"] in _VERBATIM
    character = reader.source[reader.position]
    if character == "\n" and not reader.source.startswith(">", reader.position + 1):
        _end_quotation(reader)
    if verbatim or character not in _RESERVED:
        reader.take(character)
    elif character == ">" and _is_at_line_start(reader):
        _begin_quotation(reader)
    else:
        _open_next(reader, character)


def _ends(reader: _Reader, kind: str) -> bool:
    # Two underscores are never the end of what is slanted: they are taken greedily.
    return reader.ahead(_ENDS[kind]) and not (kind == "italic" and reader.ahead("__"))


def _close_innermost(reader: _Reader) -> None:
    entity, _ = reader.opened.pop()
    kind = entity["type"]
    reader.position += len(_ENDS[kind])
    if kind in ("text_link", "custom_emoji"):
        address = reader.address()
        if address is None:
            return
        entity |= _linked(kind, address)
    reader.close(entity)


def _linked(kind: str, address: str) -> Json:
    if kind == "text_link":
        return {"url": address}
    ids = parse_qs(urlsplit(address).query).get("id")
    if not address.startswith("tg://emoji") or not ids:
        raise _refusal("Custom emoji URL must have an emoji identifier")
    return {"custom_emoji_id": ids[0]}


def _open_next(reader: _Reader, character: str) -> None:
    mark = next((mark for mark in _BEGINNINGS if reader.ahead(mark)), None)
    if mark is None:
        raise _refusal(
            f"Character '{character}' is reserved and must be escaped with the preceding '\\'"
        )
    reader.open(_BEGINNINGS[mark], width=len(mark))


def _is_at_line_start(reader: _Reader) -> bool:
    return reader.position == 0 or reader.source[reader.position - 1] == "\n"


def _begin_quotation(reader: _Reader) -> None:
    if reader.quotation is None:
        reader.quotation = {"type": "blockquote", "offset": reader.length, "length": 0}
    reader.position += 1


def _end_quotation(reader: _Reader) -> None:
    if reader.quotation is not None:
        reader.close(reader.quotation)
        reader.quotation = None


def read_markdown(source: str) -> tuple[str, list[Json]]:
    """Plain text and entities of the old Markdown, in which nothing stands inside another.

    :raises BotApiError: an entity has no end.
    """
    reader = _Reader(source=source)
    while reader.position < len(source):
        escaped = _OLD_ESCAPED.match(source, reader.position)
        if escaped is not None:
            reader.take(escaped[1], width=2)
        elif source[reader.position] in "_*`[":
            _read_old_entity(reader)
        else:
            reader.take(source[reader.position])
    return reader.result()


def _read_old_entity(reader: _Reader) -> None:
    start = reader.position
    mark = "```" if reader.ahead("```") else reader.source[start]
    kind = _BEGINNINGS[mark]
    reader.open(kind, width=len(mark))
    end = reader.source.find(_ENDS[kind], reader.position)
    if end < 0:
        at = reader.byte_offset(start)
        raise _refusal(f"Can't find end of the entity starting at byte offset {at}")
    reader.take(reader.source[reader.position : end])
    _close_innermost(reader)
