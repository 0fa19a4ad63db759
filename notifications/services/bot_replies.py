"""What the bots answer, made just before it leaves: in the language of that moment, and with a
sign-in link that stands nowhere else. Of a message that was sent only its number is kept.
"""

from collections.abc import Mapping
from html import escape
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import LinkToken, User
from accounts.services.links import make_link
from integrations.models import Delivery
from integrations.services.calls import (
    Again,
    Ambiguity,
    Call,
    Drop,
    Outcome,
    Policy,
    Prepared,
    Status,
)
from notifications.models import ChannelAddress
from notifications.selectors.people import find_by_telegram, language_for
from notifications.services.preferences import is_wanted
from notifications.services.telegram_channel import app_button

REPLY = "notifications.bot_reply"
EDIT_SETTINGS = "notifications.bot_settings"
ANSWER_PRESS = "notifications.bot_press"
POLICY = Policy(on_ambiguous=Ambiguity.AT_LEAST_ONCE, max_attempts=5)
# What the data of the settings' buttons begins with.
LANGUAGE = "language"
NOTICES = "notices"
_REFUSED_BUTTONS = "bad_request"

Json = dict[str, Any]


def prepare_reply(delivery: Delivery) -> Prepared:
    """Make the answer to a command."""
    payload = delivery.payload
    person = payload["person"]
    user = find_by_telegram(person["id"]) if "id" in person else None
    with translation.override(language_for(person, user)):
        content = _CONTENT[payload["reply"]](payload, user)
    if delivery.last_error_code == _REFUSED_BUTTONS:
        content = _without_buttons(content)
    params = {"chat_id": payload["chat_id"], "parse_mode": "HTML", **content}
    if payload["thread_id"] is not None:
        params["message_thread_id"] = payload["thread_id"]
    return Call("sendMessage", params)


def settle_reply(delivery: Delivery, outcome: Outcome) -> Again | None:
    """Forget the text that was sent; send once more without buttons that Telegram refuses.

    It does so on a machine whose own address is no name of the web.
    """
    if outcome.status is Status.SENT:
        _forget_text(delivery, outcome)
    elif outcome.code == _REFUSED_BUTTONS and delivery.last_error_code != _REFUSED_BUTTONS:
        return Again()
    return None


def prepare_settings(delivery: Delivery) -> Prepared:
    """Show the settings as they are now, in place of what the message showed."""
    payload = delivery.payload
    user = find_by_telegram(payload["person"]["id"])
    if user is None:
        return Drop("the person is not known any more")
    with translation.override(language_for(payload["person"], user)):
        content = _settings(payload, user)
    where = {"chat_id": payload["chat_id"], "message_id": payload["message_id"]}
    return Call("editMessageText", {**where, "parse_mode": "HTML", **content})


def prepare_press(delivery: Delivery) -> Prepared:
    """Let the button stop turning."""
    person = delivery.payload["person"]
    with translation.override(language_for(person, find_by_telegram(person["id"]))):
        return Call(
            "answerCallbackQuery",
            {"callback_query_id": delivery.payload["query_id"], "text": _("Saved.")},
        )


def settle_quietly(delivery: Delivery, outcome: Outcome) -> Again | None:
    """Nothing hangs on it; of what was sent only the number is kept."""
    if outcome.status is Status.SENT:
        _forget_text(delivery, outcome)
    return None


def _start(payload: Json, user: User | None) -> Json:
    # Whoever opens the link reads its content as Telegram's description of a person.
    link = make_link(purpose=LinkToken.Purpose.SIGN_IN, user=user, data={**payload["person"]})
    name = escape(user.display_name if user else payload["person"].get("first_name", ""))
    lines = [
        _("Hello, <b>%(name)s</b>!") % {"name": name},
        _("Here you reach everything of yours, and here we tell you what is new."),
        _("The second button signs you in on the site. It works once, for fifteen minutes: give"
          " it to nobody."),
        _("/settings: language and notices. /help: what else I can do."),
    ]  # fmt: skip
    buttons = [
        [app_button(_("Open the app"), settings.WEB_APP_URL)],
        [{"text": _("Sign in"), "url": link.url}],
    ]
    return {"text": "\n\n".join(lines), "reply_markup": {"inline_keyboard": buttons}}


def _help(payload: Json, user: User | None) -> Json:
    lines = [
        _("/start: open the app or sign in on the site"),
        _("/settings: language and notices"),
        _("/getid: the number of this chat and topic; works in groups too"),
        _("/help: this list"),
    ]
    return {"text": "\n".join(lines)}


def _getid(payload: Json, user: User | None) -> Json:
    text = _("Chat id: <code>%(id)s</code>") % {"id": payload["chat_id"]}
    if payload["thread_id"] is not None:
        topic = _("Thread ID: <code>%(id)s</code>") % {"id": payload["thread_id"]}
        text = f"{text}\n{topic}"
    reply = {"message_id": payload["message_id"], "allow_sending_without_reply": True}
    return {"text": text, "reply_parameters": reply}


def _settings(payload: Json, user: User | None) -> Json:
    if user is None:
        return {"text": _("You are not known here yet. Send /start and sign in first.")}
    current = translation.get_language()
    languages = [
        {"text": _marked(name, is_on=code == current), "callback_data": f"{LANGUAGE}:{code}"}
        for code, name in (("ru", "Русский"), ("en", "English"))
    ]
    is_on = is_wanted(user, ChannelAddress.Channel.TELEGRAM)
    notices = [
        {"text": _marked(_("Notices on"), is_on=is_on), "callback_data": f"{NOTICES}:on"},
        {"text": _marked(_("Notices off"), is_on=not is_on), "callback_data": f"{NOTICES}:off"},
    ]
    text = _("<b>Settings</b>\nWhat concerns the safety of your account is told in any case.")
    return {"text": text, "reply_markup": {"inline_keyboard": [languages, notices]}}


def _said(payload: Json, user: User | None) -> Json:
    content: Json = {"text": escape(payload["text"])}
    if payload["button"]:
        button = {"text": payload["button"], "url": payload["url"]}
        content["reply_markup"] = {"inline_keyboard": [[button]]}
    return content


_CONTENT = {
    "start": _start,
    "help": _help,
    "getid": _getid,
    "settings": _settings,
    "said": _said,
}


def _marked(text: str, *, is_on: bool) -> str:
    return f"✓ {text}" if is_on else text


def _without_buttons(content: Json) -> Json:
    """Write addresses out where their buttons are refused."""
    rows = content.get("reply_markup", {}).get("inline_keyboard", [])
    links = [
        f"{button['text']}: {button.get('url') or button['web_app']['url']}"
        for row in rows
        for button in row
        if "url" in button or "web_app" in button
    ]
    text = "\n".join([content["text"], *map(escape, links)])
    return {name: value for name, value in content.items() if name != "reply_markup"} | {
        "text": text
    }


def _forget_text(delivery: Delivery, outcome: Outcome) -> None:
    """What Telegram repeats in its answer holds the sign-in link."""
    sent = outcome.result if isinstance(outcome.result, Mapping) else {}
    kept = {"message_id": sent.get("message_id")}
    Delivery.objects.filter(pk=delivery.pk).update(result=kept)
