"""The words of a notification, in the recipient's language."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape, unescape

from django.conf import settings
from django.utils import translation

from accounts.models import User
from notifications.models import Notification
from notifications.services.kinds import kinds

_TAG = re.compile(r"</?[a-z][^>]*>")
_LINK = re.compile(r'<a href="([^"]*)">(.*?)</a>')


@dataclass(frozen=True, slots=True)
class Rendered:
    """:param html: Telegram's HTML. :param plain: the same without markup, links written out."""

    subject: str
    html: str
    plain: str


def render(notification: Notification) -> Rendered:
    """Return the texts of a notification.

    :raises LookupError: its kind is not registered any more.
    :raises KeyError: its context lacks a value that the texts ask for.
    """
    kind = kinds.get(notification.kind)
    context = notification.context
    with translation.override(language_of(notification.recipient)):
        subject = str(kind.subject) % context
        html = str(kind.text) % _escaped(context)
    return Rendered(subject=" ".join(subject.split()), html=html, plain=_without_markup(html))


def language_of(user: User) -> str:
    """Return the language to address somebody in."""
    return user.lang_code or settings.LANGUAGE_CODE


def _escaped(context: Mapping[str, object]) -> dict[str, object]:
    return {
        name: escape(value) if isinstance(value, str) else value for name, value in context.items()
    }


def _without_markup(html: str) -> str:
    return unescape(_TAG.sub("", _LINK.sub(r"\2 (\1)", html)))
