"""The words of a notification, in the recipient's language."""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape, unescape

from django.conf import settings
from django.utils import translation
from django.utils.translation import ngettext

from accounts.models import User
from notifications.models import Notification
from notifications.services.digests import DIGEST, MOST_LINES, items_of
from notifications.services.kinds import NotificationKind, kinds
from notifications.services.templates import Words, find_words

logger = logging.getLogger(__name__)

_TAG = re.compile(r"</?[a-z][^>]*>", re.IGNORECASE)
# Everything that a percent sign may begin.
_NAMED = re.compile(r"%(?:%|\(\w+\)s)")
_LINK = re.compile(r'<a href="([^"]*)">(.*?)</a>', re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rendered:
    """:param html: Telegram's HTML. :param plain: the same without markup, links written out."""

    subject: str
    html: str
    plain: str


def render(notification: Notification, channel: str = "") -> Rendered:
    """Return the texts of a notification, as staff has changed them.

    :param channel: over which it is told; empty for the site itself.
    :raises LookupError: its kind is not registered any more.
    :raises KeyError: its context lacks a value that the texts ask for.
    """
    kind = kinds.get(notification.kind)
    with translation.override(language_of(notification.recipient)):
        if notification.kind == DIGEST:
            return _fill(_registered(kind, channel), {"lines": Markup(_lines(notification))})
        return _filled(notification, kind, channel)


class Markup(str):
    """A value that is HTML already."""

    __slots__ = ()


def fill(words: Words, context: Mapping[str, object]) -> Rendered:
    """Return words with a context's values in them.

    :raises KeyError, ValueError, TypeError: the words ask for what is not there, or are not made
        to be filled.
    """
    if any("%" in _NAMED.sub("", part) for part in (words.subject, words.text)):
        raise ValueError("a percent sign that stands for no value")
    return _fill(words, context)


def language_of(user: User) -> str:
    """Return the language to address somebody in."""
    return user.lang_code or settings.LANGUAGE_CODE


def _filled(notification: Notification, kind: NotificationKind, channel: str) -> Rendered:
    changed = find_words(notification.kind, translation.get_language(), channel)
    if changed is not None:
        try:
            return fill(changed, notification.context)
        except (LookupError, ValueError, TypeError):
            logger.exception("changed words cannot be used", extra={"kind": notification.kind})
    return _fill(_registered(kind, channel), notification.context)


def _registered(kind: NotificationKind, channel: str) -> Words:
    return Words(str(kind.subject), str(kind.channel_texts.get(channel, kind.text)))


def _fill(words: Words, context: Mapping[str, object]) -> Rendered:
    subject = words.subject % context
    html = words.text % _escaped(context)
    return Rendered(subject=" ".join(subject.split()), html=html, plain=_without_markup(html))


def _lines(digest: Notification) -> str:
    """Return a line for each notice of a digest; what cannot be told is left out."""
    items = items_of(digest)
    lines = [line for item in items[:MOST_LINES] if (line := _line(item))]
    if len(items) > MOST_LINES:
        rest = len(items) - MOST_LINES
        lines.append(ngettext("and %(count)s more", "and %(count)s more", rest) % {"count": rest})
    return "\n".join(lines)


def _line(item: Notification) -> str:
    kind = kinds.find(item.kind)
    if kind is None:
        return ""
    try:
        subject = _filled(item, kind, "").subject
    except (LookupError, ValueError, TypeError):
        logger.exception("notice left out of a digest", extra={"notification": item.pk})
        return ""
    return f"• {escape(subject)}"


def _escaped(context: Mapping[str, object]) -> dict[str, object]:
    return {
        name: escape(value) if isinstance(value, str) and not isinstance(value, Markup) else value
        for name, value in context.items()
    }


def _without_markup(html: str) -> str:
    return unescape(_TAG.sub("", _LINK.sub(r"\2 (\1)", html)))
