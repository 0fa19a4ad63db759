"""The screens of the platform's bot on the wire: made just before they leave, of what is so then.

A press changes the message it was made on; where that cannot be, the screen comes as a new one.
"""

from html import escape
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import User
from config.lib.errors import AppError
from integrations.models import Delivery
from integrations.services.calls import Again, Call, Drop, Outcome, Prepared, Status
from notifications.selectors.people import find_by_telegram, language_for
from notifications.services import bot_menu
from notifications.services.bot_menu import Button, Screen
from notifications.services.bot_replies import forget_text

SCREEN = "notifications.bot_screen"
ANSWER_PRESS = "notifications.bot_press"
# The message is gone, or has no words that could be changed.
_UNCHANGEABLE = frozenset({"message_not_found", "bad_request"})
# What a toast holds (Bot API, answerCallbackQuery).
_TOAST_LENGTH = 200

Json = dict[str, Any]


def prepare_screen(delivery: Delivery) -> Prepared:
    """Make the screen, in place of what the message showed or as a new message."""
    payload = delivery.payload
    user = find_by_telegram(payload["person"]["id"])
    render = bot_menu.screens.find(payload["screen"])
    if user is None or render is None:
        return Drop("the person or the screen is not known any more")
    with translation.override(language_for(payload["person"], user)):
        screen = _render(render, user, payload["value"])
    html = "\n\n".join(filter(None, (escape(payload["note"], quote=False), screen.html)))
    params = {"chat_id": payload["chat_id"], "parse_mode": "HTML", **_markup(screen)}
    if screen.picture:
        return Call("sendPhoto", params | {"photo": screen.picture, "caption": html})
    params |= {"text": html, "link_preview_options": {"is_disabled": True}}
    is_change = payload["message_id"] and delivery.last_error_code not in _UNCHANGEABLE
    if is_change and not screen.prompt:
        return Call("editMessageText", params | {"message_id": payload["message_id"]})
    return Call("sendMessage", params)


def settle_screen(delivery: Delivery, outcome: Outcome) -> Again | None:
    """Send what cannot be shown in an old message as a new one; keep nothing that was shown."""
    if outcome.status is Status.SENT:
        forget_text(delivery, outcome)
    elif outcome.code in _UNCHANGEABLE and delivery.last_error_code not in _UNCHANGEABLE:
        return Again()
    return None


def prepare_press(delivery: Delivery) -> Prepared:
    """Let the button stop turning."""
    params = {"callback_query_id": delivery.payload["query_id"]}
    if toast := delivery.payload["toast"]:
        params["text"] = toast[:_TOAST_LENGTH]
    return Call("answerCallbackQuery", params)


def settle_press(delivery: Delivery, outcome: Outcome) -> Again | None:
    """Nothing hangs on it."""
    return None


def show_menu(user: User, value: str) -> Screen:
    """The way to everything else."""
    return Screen(_("<b>Menu</b>\nWhat would you like to do?"), bot_menu.menu_rows())


def show_words(user: User, value: str) -> Screen:
    """Nothing but what was said, and the way back."""
    return Screen("", [[menu_button()]])


def menu_button() -> Button:
    """The way back to the menu."""
    return Button(_("Menu"), f"{bot_menu.MENU}:")


def _render(render: bot_menu.Render, user: User, value: str) -> Screen:
    try:
        return render(user, value)
    except AppError as error:
        return Screen(escape(str(error.detail), quote=False), [[menu_button()]])


def _markup(screen: Screen) -> Json:
    if screen.prompt:
        field = {"force_reply": True, "input_field_placeholder": screen.prompt[:64]}
        return {"reply_markup": field}
    return (
        {"reply_markup": {"inline_keyboard": bot_menu.keyboard(screen.rows)}} if screen.rows else {}
    )
