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
from integrations.services.bot_commands import list_commands
from integrations.services.calls import (
    Again,
    Ambiguity,
    Call,
    Outcome,
    Policy,
    Prepared,
    Status,
)
from notifications.selectors.people import find_by_telegram, language_for
from notifications.services.bot_menu import keyboard, menu_rows
from notifications.services.telegram_channel import app_button

REPLY = "notifications.bot_reply"
POLICY = Policy(on_ambiguous=Ambiguity.AT_LEAST_ONCE, max_attempts=5)
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
        content = _without_links(content)
    params = {"chat_id": payload["chat_id"], "parse_mode": "HTML", **content}
    if payload["thread_id"] is not None:
        params["message_thread_id"] = payload["thread_id"]
    return Call("sendMessage", params)


def settle_reply(delivery: Delivery, outcome: Outcome) -> Again | None:
    """Forget the text that was sent; send once more without buttons that Telegram refuses.

    It does so on a machine whose own address is no name of the web.
    """
    if outcome.status is Status.SENT:
        forget_text(delivery, outcome)
    elif outcome.code == _REFUSED_BUTTONS and delivery.last_error_code != _REFUSED_BUTTONS:
        return Again()
    return None


def _start(payload: Json, user: User | None) -> Json:
    # Whoever opens the link reads its content as Telegram's description of a person.
    link = make_link(purpose=LinkToken.Purpose.SIGN_IN, user=user, data={**payload["person"]})
    name = escape(user.display_name if user else payload["person"].get("first_name", ""))
    lines = [
        _("Hello, <b>%(name)s</b>!") % {"name": name},
        *([escape(said)] if (said := payload.get("text", "")) else []),
        _("Here you reach everything of yours, and here we tell you what is new."),
        _("The last button signs you in on the site. It works once, for fifteen minutes: give"
          " it to nobody."),
        _("/settings: language and notices. /help: what else I can do."),
    ]  # fmt: skip
    buttons = [
        *keyboard(menu_rows()),
        [app_button(_("Open the app"), settings.WEB_APP_URL)],
        [{"text": _("Sign in"), "url": link.url}],
    ]
    return {"text": "\n\n".join(lines), "reply_markup": {"inline_keyboard": buttons}}


def _help(payload: Json, user: User | None) -> Json:
    lines = [f"/{name}: {escape(words)}" for name, words in list_commands()]
    lines.append(_("/getid: the number of this chat and topic; works in groups too"))
    return {"text": "\n".join(lines)}


def _getid(payload: Json, user: User | None) -> Json:
    text = _("Chat id: <code>%(id)s</code>") % {"id": payload["chat_id"]}
    if payload["thread_id"] is not None:
        topic = _("Thread ID: <code>%(id)s</code>") % {"id": payload["thread_id"]}
        text = f"{text}\n{topic}"
    reply = {"message_id": payload["message_id"], "allow_sending_without_reply": True}
    return {"text": text, "reply_parameters": reply}


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
    "said": _said,
}


def _without_links(content: Json) -> Json:
    """Write addresses out where their buttons are refused; what only says something stays."""
    rows = content.get("reply_markup", {}).get("inline_keyboard", [])
    kept = [row for row in rows if all("callback_data" in button for button in row)]
    links = [
        f"{button['text']}: {button.get('url') or button['web_app']['url']}"
        for row in rows
        for button in row
        if "url" in button or "web_app" in button
    ]
    text = "\n".join([content["text"], *map(escape, links)])
    plain = {name: value for name, value in content.items() if name != "reply_markup"}
    markup = {"reply_markup": {"inline_keyboard": kept}} if kept else {}
    return plain | {"text": text} | markup


def forget_text(delivery: Delivery, outcome: Outcome) -> None:
    """What Telegram repeats in its answer holds the sign-in link."""
    sent = outcome.result if isinstance(outcome.result, Mapping) else {}
    kept = {"message_id": sent.get("message_id")}
    Delivery.objects.filter(pk=delivery.pk).update(result=kept)
