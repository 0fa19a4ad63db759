"""What people write to the bot goes to the staff, once they want that; answers come as notices.

Nothing is remembered between two messages: an answer to a message of the bot's is meant for the
staff, and so is all that is written while a conversation is open. For anything else the bot asks.
"""

from django.utils.translation import gettext as _

from accounts.models import User
from config.lib.errors import NotFoundError
from integrations.models import InboundEvent
from notifications.services.bot_menu import WORDS, Button, Screen, Show, Turn
from notifications.services.bot_screens import menu_button
from vpnconfigs.bot.data import press
from vpnconfigs.models import RequestMessage
from vpnconfigs.selectors.conversations import find_conversation
from vpnconfigs.services import requests

OFFER = "vpn.offer"


def show_prompt(user: User, value: str) -> Screen:
    """Ask for words; Telegram opens the field for an answer to this very message."""
    text = _("Write to the staff in answer to this message. What they say comes here.")
    return Screen(text, prompt=_("What can we help you with?"))


def show_offer(user: User, value: str) -> Screen:
    """Ask whether what was written is meant for the staff."""
    yes = Button(_("Yes, pass it on"), press("tell", value))
    return Screen(_("Shall I pass this on to the staff?"), [[yes], [menu_button()]])


def hear(turn: Turn) -> Show:
    """Take what somebody has written."""
    if not turn.text.strip():
        return Show(WORDS, note=_("Only words can be passed on to the staff. Please write."))
    if turn.is_reply or find_conversation(turn.user) is not None:
        return _tell(turn.user, turn.text)
    return Show(OFFER, str(turn.event_id))


def tell(turn: Turn) -> Show:
    """Pass on what was written before the button was pressed."""
    number = int(turn.value) if turn.value.isdecimal() and len(turn.value) < 19 else 0
    event = InboundEvent.objects.filter(pk=number, account_id=turn.bot.pk).first()
    message = event.payload.get("message", {}) if event else {}
    text = str(message.get("text") or message.get("caption") or "")
    if event is None or message.get("from", {}).get("id") != turn.user.telegram_id or not text:
        raise NotFoundError(_("That message is not here any more. Please write it once more."))
    known = RequestMessage.objects.filter(author=turn.user, created_at__gte=event.received_at)
    if known.filter(text=text.strip()[: requests.TEXT_LENGTH]).exists():
        return _passed_on()
    return _tell(turn.user, text)


def _tell(user: User, text: str) -> Show:
    conversation = find_conversation(user)
    if conversation is None:
        requests.ask(user=user, kind=requests.Kind.SUPPORT, text=text)
    else:
        requests.say(author=user, request=conversation, text=text)
    return _passed_on()


def _passed_on() -> Show:
    return Show(WORDS, note=_("Passed on to the staff. The answer comes here."))
