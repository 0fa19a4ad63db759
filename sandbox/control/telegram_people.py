"""What people do in Telegram: each call makes the updates that the original would send."""

import secrets
import time
from typing import Any

from sandbox.core import Sandbox
from sandbox.telegram.errors import BotApiError
from sandbox.telegram.posting import (
    announce,
    announce_membership,
    edit,
    listeners,
    post,
    private_chat,
)
from sandbox.telegram.reactions import check_reactions
from sandbox.telegram.state import Bot, Chat, Message, User
from sandbox.telegram.wire import chat_json, message_json

from .bodies import Body, ControlError
from .lookups import find_actor, find_bot, find_chat, find_message, find_topic, obtain_user
from .telegram_content import read_contents
from .telegram_speakers import Speaker, read_speaker

Json = dict[str, Any]


def _place(sandbox: Sandbox, body: Body) -> tuple[Bot | None, Chat, User]:
    """Bot, chat and person of a call; in private the bot must be named, in groups it need not."""
    bot = find_bot(sandbox, body.raw("bot")) if "bot" in body else None
    chat_id = body.integer("chat_id")
    if chat_id > 0:
        obtain_user(sandbox, chat_id)
    chat = find_chat(sandbox, chat_id)
    user = find_actor(sandbox, body, chat)
    if chat.type == "private" and bot is None:
        raise ControlError("bot is required in a private chat")
    if chat.type == "private" and user.id != chat.id:
        raise ControlError("only the person itself writes in its private chat")
    if chat.migrated_to is not None:
        raise ControlError(f"the group has moved to {chat.migrated_to}", status=409)
    return bot, chat, user


def say(sandbox: Sandbox, body: Body) -> Json:
    """A person writes or, with ``edits``, changes what it wrote; an album is several messages."""
    bot, chat, user = _place(sandbox, body)
    edits = body.integer("edits", None)
    thread_id, reply_to = body.integer("thread_id", None), body.integer("reply_to", None)
    if thread_id is not None:
        find_topic(chat, thread_id)
    if reply_to is not None:
        find_message(chat, reply_to)
    speaker = read_speaker(sandbox, body, chat, user)
    contents = read_contents(sandbox, body)
    body.done()
    if edits is not None:
        return _edit(sandbox, chat, speaker, message_id=edits, content=contents[0])
    if chat.type == "private" and bot is not None:
        _open_private(bot, user)
    answered = {} if reply_to is None else {"reply_to_message_id": reply_to}
    messages = [
        post(
            sandbox,
            chat,
            sender=speaker.sender,
            content=content | speaker.facts | answered,
            thread_id=thread_id,
            bot=bot,
        )
        for content in contents
    ]
    for message in messages:
        announce(sandbox, chat, message)
    return {"message_id": messages[0].id, "message_ids": [message.id for message in messages]}


def _open_private(bot: Bot, user: User) -> None:
    if user.id in bot.blocked:
        raise ControlError("the person has blocked the bot", status=409)
    bot.started.add(user.id)


def _edit(
    sandbox: Sandbox, chat: Chat, speaker: Speaker, *, message_id: int, content: Json
) -> Json:
    """A text becomes another text or a caption, a medium another medium."""
    message = find_message(chat, message_id)
    if message.sender_id != speaker.sender["id"]:
        raise ControlError("the message is another's", status=409)
    captioned = "text" not in message.body
    if captioned and "text" in content:
        content = {"caption": content["text"]}
    elif captioned != ("text" not in content):
        raise ControlError("a text cannot become a medium", status=409)
    edit(sandbox, chat, message, content={"entities": None, **content})
    announce(sandbox, chat, message, kind="edited_message")
    return {"message_id": message.id}


def press(sandbox: Sandbox, body: Body) -> Json:
    """A button of an inline keyboard is pressed."""
    bot, chat, user = _place(sandbox, body)
    message = find_message(chat, body.integer("message_id"))
    data = body.text("data")
    body.done()
    if data not in _callbacks(message):
        raise ControlError("no button of the message has this data")
    sender = sandbox.world.telegram.find_bot(message.sender_id)
    if sender is None or (bot is not None and bot.id != sender.id):
        raise ControlError("the message is not the bot's", status=409)
    query_id = str(secrets.randbelow(10**18) + 10**17)
    sender.queries[query_id] = None
    query = {
        "id": query_id,
        "from": user.as_user(),
        "message": message_json(chat, message),
        "chat_instance": str(abs(chat.id) * 7919),
        "data": data,
    }
    sandbox.telegram_deliveries.enqueue(sender, lane=chat.id, kind="callback_query", body=query)
    return {"callback_query_id": query_id}


def _callbacks(message: Message) -> list[str]:
    keyboard = message.body.get("reply_markup", {}).get("inline_keyboard", [])
    return [button.get("callback_data") for row in keyboard for button in row]


def block(sandbox: Sandbox, body: Body) -> Json:
    return _set_blocked(sandbox, body, blocked=True)


def unblock(sandbox: Sandbox, body: Body) -> Json:
    return _set_blocked(sandbox, body, blocked=False)


def _set_blocked(sandbox: Sandbox, body: Body, *, blocked: bool) -> Json:
    bot = find_bot(sandbox, body.raw("bot"))
    chat_id = body.integer("chat_id", None)
    user = obtain_user(sandbox, body.raw("user", chat_id))
    body.done()
    was = user.id in bot.blocked
    if blocked:
        bot.blocked.add(user.id)
    else:
        bot.blocked.discard(user.id)
    if was != blocked:
        statuses = ("member", "kicked") if blocked else ("kicked", "member")
        old, new = ({"user": bot.as_user(), "status": status} for status in statuses)
        chat = private_chat(sandbox, user.id)
        announce_membership(sandbox, chat, bot, actor=user.as_user(), old=old, new=new)
    return {"ok": True}


def delete(sandbox: Sandbox, body: Body) -> Json:
    """A message is deleted by its author or by who may; Telegram tells bots nothing."""
    _, chat, _ = _place(sandbox, body)
    message = find_message(chat, body.integer("message_id"))
    body.done()
    message.deleted = True
    chat.touch(message)
    sandbox.changed()
    return {"ok": True}


def age(sandbox: Sandbox, body: Body) -> Json:
    """A message becomes ``seconds`` older, as after a wait: what is too old cannot be deleted."""
    chat = find_chat(sandbox, body.integer("chat_id"))
    message = find_message(chat, body.integer("message_id"))
    message.body["date"] -= body.integer("seconds", least=1)
    body.done()
    sandbox.changed()
    return {"date": message.body["date"]}


def expire_links(sandbox: Sandbox, body: Body) -> Json:
    """The addresses of files that getFile gave out so far work no longer."""
    body.done()
    for stored in sandbox.world.telegram.files.values():
        stored.served_until = 0.0
    sandbox.changed()
    return {"ok": True}


def react(sandbox: Sandbox, body: Body) -> Json:
    """A person sets its reaction: ``emoji``, ``null`` or none takes it away.

    ``as: "anonymous"`` is an administrator who stays unnamed: the reaction is the group's own.
    """
    _, chat, user = _place(sandbox, body)
    message = find_message(chat, body.integer("message_id"))
    emoji = body.text("emoji", None)
    anonymous = body.one_of("as", ("anonymous",), None) is not None
    body.done()
    if anonymous and chat.type == "private":
        raise ControlError("in a private chat the person reacts for itself")
    new = _reactions(emoji)
    place = chat_json(sandbox.world.telegram, chat)
    actor_id = chat.id if anonymous else user.id
    change = {
        "chat": place,
        "message_id": message.id,
        **({"actor_chat": place} if anonymous else {"user": user.as_user()}),
        "date": int(time.time()),
        "old_reaction": message.reactions.get(actor_id, []),
        "new_reaction": new,
    }
    message.reactions[actor_id] = new
    chat.touch(message)
    sandbox.changed()
    for bot in _watchers(sandbox, chat, message):
        sandbox.telegram_deliveries.enqueue(bot, lane=chat.id, kind="message_reaction", body=change)
    return {"ok": True}


def _reactions(emoji: str | None) -> list[Json]:
    try:
        return check_reactions([{"type": "emoji", "emoji": emoji}] if emoji else [])
    except BotApiError as error:
        raise ControlError(error.description) from None


def _watchers(sandbox: Sandbox, chat: Chat, message: Message) -> list[Bot]:
    """The bots that hear of reactions: unlike messages, also of those to their own."""
    if chat.type != "private" and not message.body["from"]["is_bot"]:
        return listeners(sandbox, chat, message)
    inside = {message.bot_id} if chat.type == "private" else set(chat.bots)
    return [bot for bot in sandbox.world.telegram.bots.values() if bot.id in inside]


ACTIONS = {
    "say": say,
    "press": press,
    "block": block,
    "unblock": unblock,
    "react": react,
    "delete": delete,
    "age": age,
    "expire_links": expire_links,
}
