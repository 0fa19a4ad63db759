"""Telegram's bots, groups and people, and what people do there."""

import re
import secrets
from collections.abc import Callable
from typing import Any

from aiohttp import web

from sandbox.core import Sandbox
from sandbox.telegram.calls.updates import webhook_info
from sandbox.telegram.posting import announce_membership, post
from sandbox.telegram.state import Bot, Chat, Membership, Message, User
from sandbox.telegram.wire import bot_member

from . import telegram_groups as groups
from . import telegram_people as people
from .bodies import Body, ControlError
from .lookups import find_bot, obtain_user, show_chat_of
from .queries import whole_number
from .signing import init_data, third_party_key, widget

Json = dict[str, Any]

TOKEN = re.compile(r"([1-9][0-9]{2,15}):[A-Za-z0-9_-]{3,100}")
USERNAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{2,63}")
OWNER_ID = 777_000_001
# An animation has a document beside it and a venue a location: the kind itself comes first.
MEDIA = (
    *("photo", "voice", "audio", "video", "animation", "video_note", "sticker", "document"),
    *("venue", "location", "contact", "poll", "dice"),
)
SHOWN = (*MEDIA, "entities", "caption_entities", "media_group_id", "sender_chat")


def add_bot(sandbox: Sandbox, body: Body) -> Json:
    token, username = body.text("token"), body.text("username", None)
    first_name = body.text("first_name", None)
    body.done()
    matched = TOKEN.fullmatch(token)
    if matched is None:
        raise ControlError("token must look like 123456:letters_and_digits")
    state = sandbox.world.telegram
    if token not in state.bots:
        bot_id = int(matched[1])
        if any(bot.id == bot_id for bot in state.bots.values()):
            raise ControlError("another bot has this id (the number before the colon)", status=409)
        username = _checked_username(username or f"sandbox{bot_id}_bot")
        state.bots[token] = Bot(
            id=bot_id, token=token, username=username, first_name=first_name or username
        )
        sandbox.changed()
    bot = state.bots[token]
    return {"id": bot.id, "token": token, "username": bot.username}


def _checked_username(username: str) -> str:
    username = username.removeprefix("@")
    if not USERNAME.fullmatch(username):
        raise ControlError("username must be 3-64 letters, digits and underscores")
    return username


def add_user(sandbox: Sandbox, body: Body) -> Json:
    """A person; one of a known id gets the new fields."""
    user_id = body.integer("id", None, least=1) or 1_000_000_000 + secrets.randbelow(10**9)
    fields: Json = {"first_name": body.text("first_name", f"User {user_id}")}
    for name in ("last_name", "username", "language_code"):
        if name in body:
            fields[name] = body.text(name)
    fields["is_premium"] = body.flag("is_premium", None)
    body.done()
    user = sandbox.world.telegram.users.setdefault(user_id, User(id=user_id, first_name=""))
    for name, value in fields.items():
        setattr(user, name, value)
    sandbox.changed()
    return user.as_user()


def add_group(sandbox: Sandbox, body: Body) -> Json:
    state = sandbox.world.telegram
    title = body.text("title")
    bots = [find_bot(sandbox, token) for token in body.items("bots", [])]
    is_forum, rights = body.flag("is_forum", False), groups.read_rights(body.raw("rights", {}))
    kind = body.one_of("type", ("supergroup", "group"), "supergroup")
    chat_id = body.integer("chat_id", None)
    owner = obtain_user(sandbox, body.raw("owner", None) or _owner(sandbox))
    body.done()
    if chat_id is not None and chat_id >= 0:
        raise ControlError("chat_id of a group is below zero")
    if is_forum and kind != "supergroup":
        raise ControlError("only a supergroup is a forum")
    chat = state.chats.get(chat_id) if chat_id is not None else None
    if chat is None:
        chat_id = chat_id or _new_group_id(kind)
        chat = Chat(id=chat_id, type=kind, title=title, is_forum=is_forum, owner_id=owner.id)
        state.chats[chat_id] = chat
        # Message 1 of a group: no topic may get its id, which is the General topic's.
        created = {f"{kind}_chat_created": True}
        post(sandbox, chat, sender=owner.as_user(), content=created, service="chat_created")
    for bot in bots:
        if bot.id not in chat.bots or chat.bots[bot.id].status != "administrator":
            _admit(sandbox, chat, bot, rights=rights, owner=owner)
    sandbox.changed()
    return {"chat_id": chat.id}


def _owner(sandbox: Sandbox) -> Json | int:
    """The first person known, else one made up."""
    return next(iter(sandbox.world.telegram.users), None) or {
        "id": OWNER_ID,
        "first_name": "Owner",
    }


def _new_group_id(kind: str) -> int:
    number = 1_000_000_000 + secrets.randbelow(2_000_000_000)
    return -1_000_000_000_000 - number if kind == "supergroup" else -number


def _admit(sandbox: Sandbox, chat: Chat, bot: Bot, *, rights: dict[str, bool], owner: User) -> None:
    old = {"user": bot.as_user(), "status": "left"}
    chat.bots[bot.id] = Membership(rights=dict(rights))
    new = bot_member(bot, chat.bots[bot.id])
    announce_membership(sandbox, chat, bot, actor=owner.as_user(), old=old, new=new)


def show_chat(sandbox: Sandbox, request: web.Request) -> Json:
    """Topics and messages of a chat, service messages left out.

    ``after`` leaves only what changed since that revision; ``bot`` only what stands in that bot's
    private chat with the person.
    """
    chat = show_chat_of(sandbox, request.match_info["chat_id"])
    after = whole_number(request, "after", 0) or 0
    reference = request.query.get("bot")
    bot = find_bot(sandbox, reference) if reference else None
    changed: list[Message] = []
    for message in reversed(chat.messages.values()):
        if message.revision <= after:
            break
        if not message.service and (bot is None or message.bot_id in (None, bot.id)):
            changed.append(message)
    changed.sort(key=lambda message: message.id)
    names = ("id", "name", "closed", "deleted", "pinned", "icon_color")
    return {
        **_chat_summary(chat),
        "topics": [{n: getattr(topic, n) for n in names} for topic in chat.topics.values()],
        "pinned": chat.pinned,
        "messages": [_message(message) for message in changed],
    }


def show_file(sandbox: Sandbox, request: web.Request) -> web.Response:
    """The content of a file in a chat, by ``file_id``."""
    stored = sandbox.world.telegram.files.get(request.match_info["file_id"])
    content = sandbox.files.get(stored.unique_id) if stored is not None else None
    if stored is None or content is None:
        raise ControlError("unknown file_id", status=404)
    headers = {"Cache-Control": "max-age=3600"}
    return web.Response(body=content, content_type=stored.content_type, headers=headers)


def _message(message: Message) -> Json:
    body = message.body
    shown: Json = {
        "message_id": message.id,
        "thread_id": message.thread_id,
        "from": body["from"],
        "text": body.get("text") or body.get("caption") or "",
        "date": body["date"],
    }
    for name in SHOWN:
        if name in body:
            shown[name] = body[name]
    media = next((name for name in MEDIA if name in body), None)
    if media is not None:
        shown["media"] = media
    if "reply_markup" in body:
        shown["buttons"] = body["reply_markup"]["inline_keyboard"]
    if "reply_to_message_id" in body:
        shown["reply_to"] = body["reply_to_message_id"]
    if message.bot_id is not None:
        shown["bot_id"] = message.bot_id
    reactions = [r.get("emoji") for actor in message.reactions.values() for r in actor]
    flags = {"deleted": message.deleted, "edited": message.edited, "reactions": reactions}
    return shown | {name: value for name, value in flags.items() if value}


def _chat_summary(chat: Chat) -> Json:
    return {
        "chat_id": chat.id,
        "type": chat.type,
        "title": chat.title,
        "is_forum": chat.is_forum,
        "revision": chat.revision,
        "last_message_id": chat.last_message_id,
        "migrated_to": chat.migrated_to,
    }


def _bot_summary(bot: Bot) -> Json:
    return {
        "id": bot.id,
        "token": bot.token,
        "username": bot.username,
        "first_name": bot.first_name,
        "webhook": bot.webhook.url if bot.webhook is not None else None,
        "webhook_info": webhook_info(bot),
        "started": sorted(bot.started),
        "blocked": sorted(bot.blocked),
        "commands": [c for commands in bot.commands.values() for c in commands],
        "menu_button": bot.menu_buttons.get(""),
    }


def _group_summary(chat: Chat) -> Json:
    bots = {str(bot_id): membership.status for bot_id, membership in chat.bots.items()}
    return {**_chat_summary(chat), "bots": bots}


def state(sandbox: Sandbox) -> Json:
    telegram = sandbox.world.telegram
    return {
        "bots": [_bot_summary(bot) for bot in telegram.bots.values()],
        "chats": [_group_summary(chat) for chat in telegram.chats.values()],
        "users": [user.as_user() for user in telegram.users.values()],
    }


ACTIONS = {
    "telegram/bots": add_bot,
    "telegram/users": add_user,
    "telegram/groups": add_group,
    "telegram/init_data": init_data,
    "telegram/widget": widget,
    **{f"telegram/{name}": action for name, action in people.ACTIONS.items()},
    **{f"telegram/{name}": action for name, action in groups.ACTIONS.items()},
}
VIEWS: dict[str, Callable[[Sandbox, web.Request], Any]] = {
    "telegram/chats/{chat_id}": show_chat,
    "telegram/files/{file_id}": show_file,
    "telegram/third_party_key": third_party_key,
}
