"""Yandex Messenger's bots and people, and what they do."""

import time
from collections.abc import Callable
from typing import Any

from aiohttp import web

from sandbox.core import Sandbox
from sandbox.yandex.state import Bot, Chat, Message, Person

from .bodies import Body, ControlError

Json = dict[str, Any]


def add_bot(sandbox: Sandbox, body: Body) -> Json:
    """A bot; one of a known ``login`` gets the new token."""
    token, login = body.text("token"), body.text("login", "depesha@example.org")
    name = body.text("display_name", "Depesha")
    body.done()
    bots = sandbox.world.yandex.bots
    known = next((bot for bot in bots.values() if bot.login == login), None)
    if known is not None:
        del bots[known.token]
        known.token, known.display_name = token, name
    bot = bots[token] = known or Bot(token=token, login=login, display_name=name)
    sandbox.changed()
    return {"id": bot.id, "login": bot.login}


def add_user(sandbox: Sandbox, body: Body) -> Json:
    """A person, or what has changed of one: ``is_closed`` keeps bots out."""
    people, login = sandbox.world.yandex.people, body.text("login")
    name = body.text("display_name", None)
    person = people.setdefault(login, Person(login=login, display_name=name or login))
    is_closed = body.flag("is_closed", person.is_closed)
    is_foreign = body.flag("is_foreign", person.is_foreign)
    body.done()
    person.display_name = name or person.display_name
    person.is_closed, person.is_foreign = is_closed, is_foreign
    sandbox.changed()
    return {"id": person.id, "login": login}


def say(sandbox: Sandbox, body: Body) -> Json:
    """A person writes to a bot: an update goes out."""
    bot = _find_bot(sandbox, body.text("bot", None))
    login, text = body.text("login"), body.text("text")
    kind = body.one_of("chat_type", ("private", "group"), "private")
    body.done()
    state = sandbox.world.yandex
    person = state.people.setdefault(login, Person(login=login, display_name=login))
    message = Message(message_id=state.new_message_id(), at=time.time(), is_bot=False, text=text)
    if kind == "private":
        state.obtain_chat(bot, login).messages.append(message)
    bot.pending.append(_update(bot, person, message, kind))
    bot.next_update_id += 2
    sandbox.changed()
    sandbox.yandex_deliveries.start(bot)
    return {"message_id": message.message_id, "update_id": bot.pending[-1]["update_id"]}


def _update(bot: Bot, person: Person, message: Message, kind: str) -> Json:
    place = {"type": kind} if kind == "private" else {"type": kind, "id": "0/0/a-group"}
    return {
        "message_id": message.message_id,
        "timestamp": int(message.at),
        "chat": place,
        "from": {
            "id": person.id,
            "display_name": person.display_name,
            "login": person.login,
            "robot": False,
        },
        "update_id": bot.next_update_id,
        "text": message.text,
    }


def _find_bot(sandbox: Sandbox, reference: str | None) -> Bot:
    """The bot of this token or login; the only one where none is named."""
    bots = list(sandbox.world.yandex.bots.values())
    if reference is None and len(bots) == 1:
        return bots[0]
    found = next((bot for bot in bots if reference in (bot.token, bot.login)), None)
    if found is None:
        raise ControlError("unknown bot", status=404)
    return found


def show_chat(sandbox: Sandbox, request: web.Request) -> Json:
    """What a person and the bot (``?bot=`` where there are several) have said."""
    bot = _find_bot(sandbox, request.query.get("bot"))
    login = request.match_info["login"]
    if login not in sandbox.world.yandex.people:
        raise ControlError("unknown login", status=404)
    return _chat(sandbox.world.yandex.obtain_chat(bot, login))


def _chat(chat: Chat) -> Json:
    return {
        "bot": chat.bot_login,
        "login": chat.login,
        "messages": [
            {"message_id": m.message_id, "from": "bot" if m.is_bot else chat.login, "text": m.text}
            for m in chat.messages
        ],
    }


def state(sandbox: Sandbox) -> Json:
    yandex = sandbox.world.yandex
    names = ("token", "login", "display_name", "id", "webhook_url")
    return {
        "bots": [
            {**{name: getattr(bot, name) for name in names}, "pending": len(bot.pending)}
            for bot in yandex.bots.values()
        ],
        "users": [vars(person) for person in yandex.people.values()],
        "chats": [_chat(chat) for chat in yandex.chats.values()],
    }


ACTIONS = {"yandex/bots": add_bot, "yandex/users": add_user, "yandex/say": say}
VIEWS: dict[str, Callable[[Sandbox, web.Request], Any]] = {"yandex/chats/{login}": show_chat}
