"""What the relay says in words of its own, in the language of the organization's owner."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Membership, Organization
from dialogs.models import Dialog, Message

# Types of which Avito's API gives nothing that could be read.
_BARE_KINDS = {
    "image": gettext_lazy("A picture"),
    "voice": gettext_lazy("A voice message"),
    "call": gettext_lazy("A missed call"),
    "deleted": gettext_lazy("A message that was deleted"),
    "file": gettext_lazy("A file"),
    "video": gettext_lazy("A video"),
}
AVITO_CHAT_URL = "https://www.avito.ru/profile/messenger/channel/{}"


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


def describe_content(kind: str, content: Mapping[str, Any], *, chat_id: str) -> str:
    """Return a line that stands for what an Avito message shows, and the address of its chat.

    In the active language.
    """
    line = _describe(kind, content)
    return f"{line}\n{avito_chat_url(chat_id)}"


def _describe(kind: str, content: Mapping[str, Any]) -> str:
    inner = content.get(kind)
    parts: Mapping[str, Any] = inner if isinstance(inner, Mapping) else {}
    match kind:
        case "link":
            return _joined(parts.get("text"), parts.get("url")) or _("A link")
        case "item":
            facts = (parts.get("title"), parts.get("price_string"), parts.get("item_url"))
            return _("An item: %(facts)s") % {"facts": _joined(*facts, by=", ")}
        case "location":
            place = parts.get("title") or parts.get("text") or _coordinates(parts)
            return _("A place: %(place)s") % {"place": place}
        case "system":
            return str(content.get("text") or _("A notice from Avito"))
        case _:
            return str(_BARE_KINDS.get(kind, _("A message that can only be seen on Avito")))


def telegram_text(message: Message, dialog: Dialog, *, is_alone: bool) -> str:
    """Return a message as it stands in Telegram: the contact's own words as they are.

    In the active language.

    :param is_alone: the chat is the dialog's own topic, so nobody need ask who is speaking.
    """
    head = _head(message, dialog, is_alone=is_alone)
    return f"{head}\n{message.text}" if head else message.text


def _head(message: Message, dialog: Dialog, *, is_alone: bool) -> str:
    if message.is_incoming:
        name = dialog.contact.name if dialog.contact else ""
        return "" if is_alone else f"{_joined(name, dialog.title, by=' · ')}:"
    if message.direction == Message.Direction.WEB:
        return _("%(name)s (site):") % {"name": message.author_name}
    return _("You on Avito:")


def card_text(dialog: Dialog) -> str:
    """Return the item's card: title, price, address; of an unknown item the chat's address."""
    item = dialog.item
    facts = (item.get("title") or dialog.title, item.get("price"), item.get("url"))
    return _joined(*facts) or avito_chat_url(dialog.external_id)


def topic_name(dialog: Dialog) -> str:
    """Return the name of a dialog's topic, 1 to 128 characters: who asks about what."""
    name = dialog.contact.name if dialog.contact else ""
    return (_joined(name, dialog.title, by=" · ") or dialog.external_id)[:128].strip()


def _coordinates(parts: Mapping[str, Any]) -> str:
    return _joined(parts.get("lat"), parts.get("lon"), by=", ")


def _joined(*parts: object, by: str = "\n") -> str:
    return by.join(str(part).strip() for part in parts if part)


def note_text(note: str, facts: Mapping[str, Any]) -> str:
    """Return what is told in a topic besides the conversation, in the active language."""
    match note:
        case "unsupported":
            return _("This cannot be sent to Avito, only text can. The buyer has not seen it.")
        case "unknown_command":
            return _(
                "There is no such command. Whatever you write here without a slash at its"
                " beginning goes to the buyer on Avito."
            )
        case "no_account":
            return _("The Avito account of this dialog is no longer connected.")
        case "not_sent":
            return _("Not sent to Avito: %(reason)s The buyer has not seen it.") % {
                "reason": _reason(str(facts.get("code", "")), str(facts.get("text", "")))
            }
        case _:
            raise ValueError(note)


def _reason(code: str, text: str) -> str:
    match code:
        case "not_found":
            return _("the chat no longer exists there.")
        case "sender_gone":
            return _("the account is no longer connected.")
        case _:
            return text or _("Avito refused it.")
