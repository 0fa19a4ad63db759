"""Words that staff has put in place of those that came with a kind.

Every process keeps them for a few seconds: they are asked for with each notice and change with
the seasons. Whoever changes them sees it at once, the other processes soon after.
"""

import time
from dataclasses import dataclass, field

from notifications.models import NotificationTemplate

KEPT_SECONDS = 5.0

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Words:
    """Both with ``%(name)s``: a line without markup, and Telegram's HTML."""

    subject: str
    text: str


@dataclass(slots=True)
class _Kept:
    words: dict[Key, Words] = field(default_factory=dict)
    until: float = 0.0


_kept = _Kept()


def find_words(kind: str, language: str | None, channel: str) -> Words | None:
    """Return what staff says instead over a channel, else over all; ``None``: nothing."""
    words = _all()
    language = language or ""
    return words.get((kind, language, channel)) or words.get((kind, language, ""))


def forget() -> None:
    """Read the words anew when they are asked for next."""
    _kept.until = 0.0


def _all() -> dict[Key, Words]:
    if time.monotonic() >= _kept.until:
        rows = NotificationTemplate.objects.all()
        _kept.words = {
            (row.kind, row.language, row.channel): Words(row.subject, row.text) for row in rows
        }
        _kept.until = time.monotonic() + KEPT_SECONDS
    return _kept.words
