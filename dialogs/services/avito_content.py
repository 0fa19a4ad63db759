"""What an Avito message holds, read with care: Avito documents its types, but not their gaps."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dialogs.models import Attachment
from dialogs.services.wording import describe_content

Origin = tuple[Attachment.Kind, Mapping[str, Any]]

# What of a type is worth keeping besides its words.
_FACTS = {
    "link": ("url", "preview"),
    "item": ("title", "price_string", "item_url", "image_url"),
    "location": ("kind", "lat", "lon", "text", "title"),
    "call": ("status",),
}


def entries_of(answer: Any) -> Iterable[Mapping[str, Any]]:
    """Return the messages of a list; Avito has answered with a bare list and with an object."""
    return answer.get("messages") or [] if isinstance(answer, Mapping) else answer or []


def content_of(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the content of a message, empty where there is none."""
    content = value.get("content")
    return content if isinstance(content, Mapping) else {}


def origins_of(kind: str, content: Mapping[str, Any]) -> Sequence[Origin]:
    """Return where the content's picture (its largest size) or voice can be fetched."""
    parts = _inner(kind, content)
    if kind == "image" and (url := largest(parts.get("sizes"))):
        return [(Attachment.Kind.PHOTO, {"url": url})]
    if kind == "voice" and parts.get("voice_id"):
        return [(Attachment.Kind.VOICE, {"voice_id": str(parts["voice_id"])})]
    return []


def facts_of(kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a message of this type says besides words, in Avito's own names."""
    parts = _inner(kind, content)
    return {name: parts[name] for name in _FACTS.get(kind, ()) if parts.get(name) is not None}


def quoted_words(quote: Mapping[str, Any], *, chat_id: str) -> str:
    """Return the first line of a message that is quoted, in the active language."""
    words = describe_content(str(quote.get("type") or ""), content_of(quote), chat_id=chat_id)
    return words.strip().partition("\n")[0]


def largest(sizes: object) -> str:
    """Return the address of the largest of ``{"WxH": address}``, or an empty string."""
    if not isinstance(sizes, Mapping) or not sizes:
        return ""
    return str(sizes[max(sizes, key=_pixels)] or "")


def _pixels(size: object) -> int:
    width, _, height = str(size).partition("x")
    return int(width) * int(height) if width.isdecimal() and height.isdecimal() else 0


def _inner(kind: str, content: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = content.get(kind)
    return inner if isinstance(inner, Mapping) else {}
