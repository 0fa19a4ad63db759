"""What people do to groups: topics, a bot's place and rights, a move to another id."""

import secrets
from typing import Any

from sandbox.core import Sandbox
from sandbox.telegram.calls.topics import ICON_COLORS, remove_topic
from sandbox.telegram.permissions import PERMISSIONS
from sandbox.telegram.posting import announce, change_status, post
from sandbox.telegram.state import Bot, Chat, Membership, Topic, User
from sandbox.telegram.wire import RIGHTS

from .bodies import Body, ControlError
from .lookups import find_actor, find_bot, find_chat, find_topic

Json = dict[str, Any]

NAME_MAX = 128


def read_rights(value: Any, *, known: tuple[str, ...] = RIGHTS) -> dict[str, bool]:
    """Rights as ``{name: bool}`` (the others are given) or a list of those given."""
    if isinstance(value, list):
        value = {right: right in value for right in {*known, *map(str, value)}}
    if not isinstance(value, dict):
        raise ControlError("rights must be an object or a list")
    for name, given in value.items():
        if name not in known or not isinstance(given, bool):
            raise ControlError(f"rights: {name} is unknown or not true or false")
    return value


def _membership_call(sandbox: Sandbox, body: Body) -> tuple[Chat, Bot, User]:
    bot = find_bot(sandbox, body.raw("bot"))
    chat = find_chat(sandbox, body.integer("chat_id"))
    actor = find_actor(sandbox, body, chat)
    if bot.id not in chat.bots:
        raise ControlError("the bot is not in this group", status=409)
    return chat, bot, actor


def kick(sandbox: Sandbox, body: Body) -> Json:
    """The bot is thrown out of a group."""
    chat, bot, actor = _membership_call(sandbox, body)
    body.done()
    change_status(sandbox, chat, bot, status="kicked", actor=actor.as_user())
    return {"ok": True}


def let_return(sandbox: Sandbox, body: Body) -> Json:
    """A bot that was thrown out or left is added again as administrator, with ``rights``."""
    chat, bot, actor = _membership_call(sandbox, body)
    rights = read_rights(body.raw("rights", chat.bots[bot.id].rights))
    body.done()
    change_status(sandbox, chat, bot, status="administrator", actor=actor.as_user(), rights=rights)
    return {"ok": True}


def set_rights(sandbox: Sandbox, body: Body) -> Json:
    """The bot's ``rights`` in a group become others; with ``status`` its place does too.

    ``administrator`` (the default) has all rights that are not refused, ``member`` none, and
    ``restricted`` only the permissions that are given.
    """
    chat, bot, actor = _membership_call(sandbox, body)
    places = ("administrator", "member", "restricted")
    status = body.one_of("status", places, "administrator")
    known = PERMISSIONS if status == "restricted" else RIGHTS
    rights = read_rights(body.raw("rights", {}), known=known)
    body.done()
    change_status(sandbox, chat, bot, status=status, actor=actor.as_user(), rights=rights)
    return {"ok": True}


def create_topic(sandbox: Sandbox, body: Body) -> Json:
    """A person makes a topic of its own."""
    body.raw("bot", None)
    chat = find_chat(sandbox, body.integer("chat_id"))
    name, user = _topic_name(body), find_actor(sandbox, body, chat)
    body.done()
    if not chat.is_forum:
        raise ControlError("the group has no topics", status=409)
    topic = Topic(
        id=chat.last_message_id + 1, name=name, icon_color=ICON_COLORS[0], creator_id=user.id
    )
    chat.topics[topic.id] = topic
    created = {"name": name, "icon_color": topic.icon_color}
    _note(sandbox, chat, topic, user, service="forum_topic_created", body=created)
    return {"thread_id": topic.id}


def _topic_name(body: Body) -> str:
    name: str = body.text("name")
    if len(name) > NAME_MAX:
        raise ControlError(f"name must be at most {NAME_MAX} characters long")
    return name


def _topic_call(sandbox: Sandbox, body: Body) -> tuple[Chat, Topic, User]:
    body.raw("bot", None)
    chat = find_chat(sandbox, body.integer("chat_id"))
    topic = find_topic(chat, body.integer("thread_id"))
    return chat, topic, find_actor(sandbox, body, chat)


def _note(
    sandbox: Sandbox, chat: Chat, topic: Topic, user: User, *, service: str, body: Json
) -> None:
    message = post(
        sandbox,
        chat,
        sender=user.as_user(),
        content={service: body},
        thread_id=topic.id,
        service=service,
    )
    announce(sandbox, chat, message)


def close_topic(sandbox: Sandbox, body: Body) -> Json:
    return _set_closed(sandbox, body, closed=True)


def reopen_topic(sandbox: Sandbox, body: Body) -> Json:
    return _set_closed(sandbox, body, closed=False)


def _set_closed(sandbox: Sandbox, body: Body, *, closed: bool) -> Json:
    chat, topic, user = _topic_call(sandbox, body)
    body.done()
    if topic.closed != closed:
        topic.closed = closed
        service = "forum_topic_closed" if closed else "forum_topic_reopened"
        _note(sandbox, chat, topic, user, service=service, body={})
    return {"ok": True}


def rename_topic(sandbox: Sandbox, body: Body) -> Json:
    chat, topic, user = _topic_call(sandbox, body)
    name = _topic_name(body)
    body.done()
    if topic.name != name:
        topic.name = name
        _note(sandbox, chat, topic, user, service="forum_topic_edited", body={"name": name})
    return {"ok": True}


def delete_topic(sandbox: Sandbox, body: Body) -> Json:
    """A topic goes with all that stands in it; Telegram tells bots nothing."""
    chat, topic, _ = _topic_call(sandbox, body)
    body.done()
    remove_topic(chat, topic)
    sandbox.changed()
    return {"ok": True}


def migrate(sandbox: Sandbox, body: Body) -> Json:
    """The group becomes a (or another) supergroup under a new id; the old id only points there."""
    body.raw("bot", None)
    chat = find_chat(sandbox, body.integer("chat_id"))
    actor = find_actor(sandbox, body, chat).as_user()
    body.done()
    if chat.type == "private" or chat.migrated_to is not None:
        raise ControlError("this chat cannot move", status=409)
    new = Chat(
        id=-1_000_000_000_000 - 1_000_000_000 - secrets.randbelow(2_000_000_000),
        type="supergroup",
        title=chat.title,
        is_forum=chat.is_forum,
        owner_id=chat.owner_id,
        bots={i: Membership(status=m.status, rights=dict(m.rights)) for i, m in chat.bots.items()},
    )
    sandbox.world.telegram.chats[new.id] = new
    for place, note in (
        (chat, {"migrate_to_chat_id": new.id}),
        (new, {"migrate_from_chat_id": chat.id}),
    ):
        message = post(sandbox, place, sender=actor, content=note, service=next(iter(note)))
        announce(sandbox, place, message)
    chat.migrated_to = new.id
    return {"chat_id": new.id}


ACTIONS = {
    "kick": kick,
    "return": let_return,
    "rights": set_rights,
    "create_topic": create_topic,
    "close_topic": close_topic,
    "reopen_topic": reopen_topic,
    "rename_topic": rename_topic,
    "delete_topic": delete_topic,
    "migrate": migrate,
}
