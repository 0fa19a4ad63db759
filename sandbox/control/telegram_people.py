"""What people do in Telegram: each call makes the updates that the original would send."""

import secrets
import time
from typing import Any

from sandbox.core import Sandbox
from sandbox.telegram.calls.topics import remove_topic
from sandbox.telegram.errors import BotApiError
from sandbox.telegram.posting import (
    announce,
    announce_membership,
    change_status,
    edit,
    listeners,
    post,
    private_chat,
)
from sandbox.telegram.reactions import check_reactions
from sandbox.telegram.state import Bot, Chat, Membership, Message, User
from sandbox.telegram.wire import chat_json, message_json

from .bodies import Body, ControlError
from .lookups import find_bot, find_chat, find_message, find_topic, obtain_user
from .telegram_content import read_contents

Json = dict[str, Any]


def _actor(sandbox: Sandbox, body: Body, chat: Chat | None = None) -> User:
    """The person who acts: ``user``, else whose private chat it is, else the group's owner."""
    reference = body.raw("user", None)
    if reference is None and chat is not None:
        reference = chat.id if chat.type == "private" else chat.owner_id
    if reference is None:
        raise ControlError("user is required")
    return obtain_user(sandbox, reference)


def _place(sandbox: Sandbox, body: Body) -> tuple[Bot | None, Chat, User]:
    """Bot, chat and person of a call; in private the bot must be named, in groups it need not."""
    bot = find_bot(sandbox, body.raw("bot")) if "bot" in body else None
    chat_id = body.integer("chat_id")
    if chat_id > 0:
        obtain_user(sandbox, chat_id)
    chat = find_chat(sandbox, chat_id)
    user = _actor(sandbox, body, chat)
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
    contents = read_contents(sandbox, body)
    body.done()
    if edits is not None:
        return _edit(sandbox, chat, user, message_id=edits, content=contents[0])
    if chat.type == "private" and bot is not None:
        _open_private(bot, user)
    answered = {} if reply_to is None else {"reply_to_message_id": reply_to}
    messages = [
        post(
            sandbox,
            chat,
            sender=user.as_user(),
            content=content | answered,
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


def _edit(sandbox: Sandbox, chat: Chat, user: User, *, message_id: int, content: Json) -> Json:
    """A text becomes another text or a caption, a medium another medium."""
    message = find_message(chat, message_id)
    if message.sender_id != user.id:
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


def kick(sandbox: Sandbox, body: Body) -> Json:
    """The bot is thrown out of a group."""
    bot = find_bot(sandbox, body.raw("bot"))
    chat = find_chat(sandbox, body.integer("chat_id"))
    actor = _actor(sandbox, body, chat).as_user()
    body.done()
    membership = chat.bots.get(bot.id)
    if membership is None:
        raise ControlError("the bot is not in this group", status=409)
    if membership.status != "kicked":
        change_status(sandbox, chat, bot, status="kicked", actor=actor)
    return {"ok": True}


def _topic_call(sandbox: Sandbox, body: Body) -> tuple[Chat, int, User]:
    body.raw("bot", None)
    chat = find_chat(sandbox, body.integer("chat_id"))
    thread_id = body.integer("thread_id")
    user = _actor(sandbox, body, chat)
    body.done()
    return chat, thread_id, user


def close_topic(sandbox: Sandbox, body: Body) -> Json:
    return _set_closed(sandbox, body, closed=True)


def reopen_topic(sandbox: Sandbox, body: Body) -> Json:
    return _set_closed(sandbox, body, closed=False)


def _set_closed(sandbox: Sandbox, body: Body, *, closed: bool) -> Json:
    chat, thread_id, user = _topic_call(sandbox, body)
    topic = find_topic(chat, thread_id)
    if topic.closed != closed:
        topic.closed = closed
        service = "forum_topic_closed" if closed else "forum_topic_reopened"
        sender = user.as_user()
        message = post(
            sandbox, chat, sender=sender, content={service: {}}, thread_id=topic.id, service=service
        )
        announce(sandbox, chat, message)
    return {"ok": True}


def delete_topic(sandbox: Sandbox, body: Body) -> Json:
    chat, thread_id, _ = _topic_call(sandbox, body)
    remove_topic(chat, find_topic(chat, thread_id))
    sandbox.changed()
    return {"ok": True}


def migrate(sandbox: Sandbox, body: Body) -> Json:
    """The group becomes a (or another) supergroup under a new id; the old id only points there."""
    body.raw("bot", None)
    chat = find_chat(sandbox, body.integer("chat_id"))
    actor = _actor(sandbox, body, chat).as_user()
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


def react(sandbox: Sandbox, body: Body) -> Json:
    """A person sets its reaction: ``emoji``, ``null`` or none takes it away."""
    _, chat, user = _place(sandbox, body)
    message = find_message(chat, body.integer("message_id"))
    emoji = body.text("emoji", None)
    body.done()
    try:
        new = check_reactions([{"type": "emoji", "emoji": emoji}] if emoji else [])
    except BotApiError as error:
        raise ControlError(error.description) from None
    change = {
        "chat": chat_json(sandbox.world.telegram, chat),
        "message_id": message.id,
        "user": user.as_user(),
        "date": int(time.time()),
        "old_reaction": message.reactions.get(user.id, []),
        "new_reaction": new,
    }
    message.reactions[user.id] = new
    chat.touch(message)
    sandbox.changed()
    for bot in _watchers(sandbox, chat, message):
        sandbox.telegram_deliveries.enqueue(bot, lane=chat.id, kind="message_reaction", body=change)
    return {"ok": True}


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
    "kick": kick,
    "close_topic": close_topic,
    "reopen_topic": reopen_topic,
    "delete_topic": delete_topic,
    "migrate": migrate,
    "react": react,
}
