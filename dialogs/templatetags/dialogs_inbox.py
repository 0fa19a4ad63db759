import math
import re
from typing import Any

from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from accounts.models import Membership
from dialogs.models import Dialog, Message
from dialogs.selectors.overview import count_unread
from dialogs.services.wording import avito_chat_url, kind_name, message_line

register = template.Library()

# What begins the number of a supergroup in the Bot API, and is left out of its links.
_SUPERGROUP = "-100"
_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
_AFTER_ADDRESSES = ".,:;!?'»”)]"


@register.simple_tag(takes_context=True)
def unread_dialogs(context: dict[str, Any]) -> int:
    """Return how many dialogs of the page's organization hold something unread."""
    known = context.get("unread_total")
    if known is not None:
        return int(known)
    membership: Membership | None = context.get("membership")
    return count_unread(membership.organization) if membership is not None else 0


@register.filter
def linked(text: str) -> SafeString:
    """Return text with its addresses as links; all else in it is text and nothing more."""
    pieces, end = [], 0
    for found in _ADDRESS.finditer(text):
        address = _without_punctuation(found[0])
        pieces += [escape(text[end : found.start()]), _link_to(address)]
        end = found.start() + len(address)
    return mark_safe("".join([*pieces, escape(text[end:])]))  # noqa: S308  each piece is escaped


def _link_to(address: str) -> SafeString:
    return format_html(
        '<a href="{0}" target="_blank" rel="nofollow noopener noreferrer">{0}</a>', address
    )


def _without_punctuation(address: str) -> str:
    """Return an address without what belongs to the sentence around it."""
    while address[-1] in _AFTER_ADDRESSES:
        if address[-1] == ")" and address.count("(") >= address.count(")"):
            break
        address = address[:-1]
    return address


@register.filter
def line_of(message: Message) -> str:
    """Return a message in one line."""
    return message_line(message)


@register.filter
def kind_of(message: Message) -> str:
    """Return what a message without words is called."""
    return kind_name(message.kind)


@register.filter
def avito_address(dialog: Dialog) -> str:
    """Return the address of a dialog's chat on Avito."""
    return avito_chat_url(dialog.external_id)


@register.filter
def topic_address(dialog: Dialog) -> str:
    """Return the address of a dialog's topic in Telegram, or an empty string without one."""
    group = str(dialog.telegram_chat_id or "")
    if not group.startswith(_SUPERGROUP) or not dialog.telegram_topic_id:
        return ""
    return f"https://t.me/c/{group.removeprefix(_SUPERGROUP)}/{dialog.telegram_topic_id}"


@register.filter
def clock(seconds: float | None) -> str:
    """Return a length of time as ``1:05``; empty where it is unknown."""
    if seconds is None:
        return ""
    minutes, rest = divmod(math.ceil(seconds), 60)
    return f"{minutes}:{rest:02}"
