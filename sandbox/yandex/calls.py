"""The methods of the Bot API, one function each: a bot and a checked body in, the answer out."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sandbox.core import Sandbox

from .errors import YandexError, invalid
from .state import Bot, Message, Person

Json = dict[str, Any]

MAX_TEXT = 6000
MAX_UPDATES = 1000
DEFAULT_UPDATES = 100


@dataclass(frozen=True)
class Method:
    """``params`` says of which type each parameter is; any other parameter is refused."""

    name: str
    path: str
    verbs: tuple[str, ...]
    params: dict[str, type]
    handler: Callable[[Sandbox, Bot, Json], Json]


def check(method: Method, body: Json) -> None:
    """Refuse what the method does not know, or of another type. ``null`` counts as left out."""
    for name, value in body.items():
        kind = method.params.get(name)
        if kind is None:
            raise YandexError(400, f"Unknown parameter {name}")
        is_flag = isinstance(value, bool)
        if value is not None and (not isinstance(value, kind) or (is_flag and kind is not bool)):
            raise invalid(name, f"must be of type {kind.__name__}")


def send_text(sandbox: Sandbox, bot: Bot, body: Json) -> Json:
    """Write to a person; a ``payload_id`` that came before answers as it did then."""
    text = body.get("text")
    if not text:
        raise invalid("text", "is required")
    if len(text) > MAX_TEXT:
        raise invalid("text", f"is longer than {MAX_TEXT}")
    if body.get("chat_id"):
        raise YandexError(403, "Bot is not a member of the chat")
    person = _reachable(sandbox, body.get("login"))
    state, payload_id = sandbox.world.yandex, body.get("payload_id")
    known = state.payload_ids.get(f"{bot.login} {payload_id}") if payload_id else None
    if known is not None:
        return {"ok": True, "message_id": known}
    message = Message(
        message_id=state.new_message_id(),
        at=time.time(),
        is_bot=True,
        text=text,
        payload_id=payload_id,
        disable_notification=bool(body.get("disable_notification")),
    )
    state.obtain_chat(bot, person.login).messages.append(message)
    if payload_id:
        state.payload_ids[f"{bot.login} {payload_id}"] = message.message_id
    sandbox.changed()
    return {"ok": True, "message_id": message.message_id}


def _reachable(sandbox: Sandbox, login: str | None) -> Person:
    if not login:
        raise YandexError(400, "Either chat_id or login is required")
    person = sandbox.world.yandex.people.get(login)
    if person is None:
        raise YandexError(404, "User not found")
    if person.is_foreign:
        raise YandexError(403, "User belongs to another organization")
    if person.is_closed:
        raise YandexError(403, "Sending messages to user restricted by privacy settings")
    return person


def get_updates(sandbox: Sandbox, bot: Bot, body: Json) -> Json:
    """Forget what is below ``offset``, return the next."""
    offset: int = body.get("offset") or 0
    asked: int | None = body.get("limit")
    limit = DEFAULT_UPDATES if asked is None else asked
    if offset < 0:
        raise invalid("offset", "must not be negative")
    if not 1 <= limit <= MAX_UPDATES:
        raise invalid("limit", f"must be from 1 to {MAX_UPDATES}")
    if bot.webhook_url is not None:
        raise YandexError(409, "Webhook is set")
    bot.pending = [update for update in bot.pending if update["update_id"] >= offset]
    sandbox.changed()
    return {"ok": True, "updates": bot.pending[:limit]}


def update_self(sandbox: Sandbox, bot: Bot, body: Json) -> Json:
    """Set the webhook's address, or with ``null`` take it away."""
    if "webhook_url" in body:
        url = body["webhook_url"]
        if url is not None and urlsplit(url).scheme not in ("http", "https"):
            raise invalid("webhook_url", "must be an address")
        bot.webhook_url = url
        sandbox.yandex_deliveries.start(bot)
        sandbox.changed()
    return {
        "ok": True,
        "id": bot.id,
        "display_name": bot.display_name,
        "webhook_url": bot.webhook_url,
        "organizations": [567890],
        "login": bot.login,
    }


METHODS = (
    Method(
        name="sendText",
        path="/messages/sendText/",
        verbs=("POST",),
        params={
            "chat_id": str,
            "login": str,
            "text": str,
            "payload_id": str,
            "reply_message_id": int,
            "disable_notification": bool,
            "important": bool,
            "disable_web_page_preview": bool,
            "thread_id": int,
            "inline_keyboard": list,
        },
        handler=send_text,
    ),
    Method(
        name="getUpdates",
        path="/messages/getUpdates/",
        verbs=("GET", "POST"),
        params={"limit": int, "offset": int},
        handler=get_updates,
    ),
    Method(
        name="selfUpdate",
        path="/self/update/",
        verbs=("POST",),
        params={"webhook_url": str},
        handler=update_self,
    ),
)
