"""Formatted text as a bot sends it, in any of the modes that the Bot API reads."""

from typing import Any

from .errors import bad_request
from .markdown import read_markdown, read_markdown_v2
from .markup import read_html, utf16_length

Json = dict[str, Any]

_READERS = {"html": read_html, "markdown": read_markdown, "markdownv2": read_markdown_v2}


def format_text(text: str, *, parse_mode: str | None, entities: list[Json] | None) -> Json:
    """``{text, entities?}`` of a text as a bot sent it, trimmed.

    :raises BotApiError: the mode is unknown or the text is not well-formed in it.
    """
    if not parse_mode:
        plain, found = text, [_checked(entity) for entity in entities or []]
    elif parse_mode.lower() in _READERS:
        plain, found = _READERS[parse_mode.lower()](text)
    else:
        raise bad_request("unsupported parse_mode")
    trimmed = plain.strip()
    lead = len(plain) - len(plain.lstrip())
    moved = [_moved(entity, lead=lead, end=utf16_length(trimmed)) for entity in found]
    result: Json = {"text": trimmed}
    if kept := [entity for entity in moved if entity["length"] > 0]:
        result["entities"] = kept
    return result


def _checked(entity: Json) -> Json:
    types = {"type": str, "offset": int, "length": int}
    if not all(isinstance(entity.get(name), kind) for name, kind in types.items()):
        raise bad_request("can't parse MessageEntity: type, offset and length are required")
    return entity


def _moved(entity: Json, *, lead: int, end: int) -> Json:
    """``entity`` where it stands once ``lead`` characters before and all behind ``end`` are cut."""
    first = max(0, entity["offset"] - lead)
    last = min(end, entity["offset"] + entity["length"] - lead)
    return {**entity, "offset": first, "length": last - first}
