"""What the relay says in words of its own, in the language of the organization's owner."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Membership, Organization
from dialogs.models import Dialog, Message

# What stands for a message that has no words.
_NAMES = {
    "image": gettext_lazy("A picture"),
    "voice": gettext_lazy("A voice message"),
    "call": gettext_lazy("A missed call"),
    "appCall": gettext_lazy("A call over Avito"),
    "deleted": gettext_lazy("A message that was deleted"),
    "file": gettext_lazy("A file"),
    "video": gettext_lazy("A video"),
    "link": gettext_lazy("A link"),
    "system": gettext_lazy("A notice from Avito"),
}
AVITO_CHAT_URL = "https://www.avito.ru/profile/messenger/channel/{}"
MAP_URL = "https://yandex.ru/maps/?pt={lon},{lat}&z=16&l=map"
_QUOTED_LENGTH = 120


def language_of(organization: Organization) -> str:
    """Return the language of the organization's first owner, else the site's."""
    owner = (
        Membership.objects.filter(organization=organization, role=Membership.Role.OWNER)
        .order_by("pk")
        .values_list("user__lang_code", flat=True)
        .first()
    )
    return owner or settings.LANGUAGE_CODE


def avito_chat_url(chat_id: str) -> str:
    """Return the address of a chat on Avito's own site."""
    return AVITO_CHAT_URL.format(quote(chat_id, safe=""))


def kind_name(kind: str) -> str:
    """Return what a message of Avito's type ``kind`` is called, in the active language."""
    return str(_NAMES.get(kind) or _("A message that can only be seen on Avito"))


def placeholder(kind: str, *, chat_id: str) -> str:
    """Return what is shown in place of what cannot be had, and where it can: two lines.

    In the active language.
    """
    return f"{kind_name(kind)}\n{avito_chat_url(chat_id)}"


def describe_content(kind: str, content: Mapping[str, Any], *, chat_id: str) -> str:
    """Return what an Avito message says as text, in the active language.

    Where its type or its content give nothing to read, that is a placeholder.
    """
    inner = content.get(kind)
    parts: Mapping[str, Any] = inner if isinstance(inner, Mapping) else {}
    return _describe(kind, content, parts) or placeholder(kind, chat_id=chat_id)


def _describe(kind: str, content: Mapping[str, Any], parts: Mapping[str, Any]) -> str:
    match kind:
        case "text" | "system":
            words = str(content.get("text") or "")
            return words if words.strip() else ""
        case "link":
            return _link(parts)
        case "item":
            facts = _joined(parts.get("title"), parts.get("price_string"), parts.get("item_url"))
            return _("An item: %(facts)s") % {"facts": facts} if facts else ""
        case "location":
            return _place(parts)
        case "call":
            return kind_name(kind)
        case _:
            return ""


def _link(parts: Mapping[str, Any]) -> str:
    text, url = str(parts.get("text") or ""), str(parts.get("url") or "")
    preview = parts.get("preview")
    title = preview.get("title") if isinstance(preview, Mapping) else ""
    return _joined(text, "" if url in text else url, title)


def _place(parts: Mapping[str, Any]) -> str:
    lat, lon = parts.get("lat"), parts.get("lon")
    has_point = lat is not None and lon is not None
    name = parts.get("text") or parts.get("title") or (f"{lat}, {lon}" if has_point else "")
    if not name:
        return ""
    line = _("A place: %(place)s") % {"place": name}
    return _joined(line, MAP_URL.format(lat=lat, lon=lon) if has_point else "")


def message_line(message: Message) -> str:
    """Return a message in one line, for lists and quotes, in the active language."""
    words = " ".join(message.text.split())
    return words or kind_name(message.kind)


def quoted_line(message: Message) -> str:
    """Return the line that shows which message is answered, or an empty one.

    In the active language.
    """
    if message.reply_to is not None:
        words = message_line(message.reply_to)
    else:
        words = str(message.facts.get("quote") or "")
    if not words:
        return ""
    return f"> {shortened(words, _QUOTED_LENGTH)}"


def shortened(text: str, length: int) -> str:
    """Return ``text``, cut to ``length`` characters with an ellipsis where it is longer."""
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def telegram_text(message: Message, dialog: Dialog, *, is_alone: bool) -> str:
    """Return a message as it stands in Telegram: the contact's own words as they are.

    In the active language.

    :param is_alone: the chat is the dialog's own topic, so nobody need ask who is speaking.
    """
    head = heading(message, dialog, is_alone=is_alone)
    return f"{head}\n{message.text}" if head else message.text


def heading(message: Message, dialog: Dialog, *, is_alone: bool) -> str:
    """Return the line above a message that says who is speaking; empty where that is plain.

    In the active language. ``is_alone`` as in ``telegram_text``.
    """
    if message.is_incoming:
        name = dialog.contact.name if dialog.contact else ""
        return "" if is_alone else f"{_joined(name, dialog.title, by=' · ')}:"
    if message.is_auto_reply:
        return _("Auto-reply:")
    if message.direction == Message.Direction.WEB:
        return _("%(name)s (site):") % {"name": message.author_name}
    return _("You on Avito:")


def deletion_notice(message: Message) -> str:
    """Return the line that tells of a message's deletion on Avito, in the active language."""
    if message.is_incoming:
        return _("The buyer has deleted this message.")
    return _("This message was deleted on Avito.")


def card_text(dialog: Dialog) -> str:
    """Return the item's card: title, price, address; of an unknown item the chat's address."""
    item = dialog.item
    facts = (item.get("title") or dialog.title, item.get("price"), item.get("url"))
    return _joined(*facts) or avito_chat_url(dialog.external_id)


def topic_name(dialog: Dialog) -> str:
    """Return the name of a dialog's topic, 1 to 128 characters: who asks about what."""
    name = dialog.contact.name if dialog.contact else ""
    return (_joined(name, dialog.title, by=" · ") or dialog.external_id)[:128].strip()


def _joined(*parts: object, by: str = "\n") -> str:
    return by.join(str(part).strip() for part in parts if part)
