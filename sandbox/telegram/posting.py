"""Messages that come into being or change, and the updates that tell bots of them."""

import time
from typing import TYPE_CHECKING, Any

from .state import Bot, Chat, Message
from .wire import bot_member, chat_json, message_json

if TYPE_CHECKING:
    from sandbox.core import Sandbox

Json = dict[str, Any]

PRESENT = ("administrator", "member", "restricted")


def private_chat(sandbox: "Sandbox", user_id: int) -> Chat:
    """The person's private chat with bots, opened where it is new."""
    chats = sandbox.world.telegram.chats
    return chats.setdefault(user_id, Chat(id=user_id, type="private"))


def post(
    sandbox: "Sandbox",
    chat: Chat,
    *,
    sender: Json,
    content: Json,
    thread_id: int | None = None,
    bot: Bot | None = None,
    service: str | None = None,
) -> Message:
    """A new message of ``sender`` in ``chat``; ``bot`` says whose private chat it is."""
    chat.last_message_id += 1
    body: Json = {
        "message_id": chat.last_message_id,
        "from": sender,
        "chat": chat_json(sandbox.world.telegram, chat),
        "date": int(time.time()),
        **content,
    }
    if thread_id is not None:
        body |= {"message_thread_id": thread_id, "is_topic_message": True}
    message = Message(
        body=body,
        sender_id=sender["id"],
        bot_id=bot.id if bot is not None and chat.type == "private" else None,
        service=service,
    )
    chat.touch(message)
    sandbox.changed()
    return message


def listeners(sandbox: "Sandbox", chat: Chat, message: Message) -> list[Bot]:
    """The bots that hear of ``message``.

    None hears what it or another bot wrote, but each of the service messages that it caused.
    Whoever speaks for a chat is a bot by name only.
    """
    bots = [bot for bot in sandbox.world.telegram.bots.values() if _is_inside(bot, chat, message)]
    if not message.body["from"]["is_bot"] or "sender_chat" in message.body:
        return bots
    return [bot for bot in bots if message.service and bot.id == message.sender_id]


def _is_inside(bot: Bot, chat: Chat, message: Message) -> bool:
    if chat.type == "private":
        return bot.id == message.bot_id
    return bot.id in chat.bots and chat.bots[bot.id].status in PRESENT


def announce(sandbox: "Sandbox", chat: Chat, message: Message, *, kind: str = "message") -> None:
    """Send every bot that hears of it the message as it is now."""
    for bot in listeners(sandbox, chat, message):
        sandbox.telegram_deliveries.enqueue(
            bot, lane=chat.id, kind=kind, body=message_json(chat, message)
        )


def announce_membership(
    sandbox: "Sandbox", chat: Chat, bot: Bot, *, actor: Json, old: Json, new: Json
) -> None:
    """Tell ``bot`` that its own place in ``chat`` is another one."""
    body = {
        "chat": chat_json(sandbox.world.telegram, chat),
        "from": actor,
        "date": int(time.time()),
        "old_chat_member": old,
        "new_chat_member": new,
    }
    sandbox.telegram_deliveries.enqueue(bot, lane=chat.id, kind="my_chat_member", body=body)
    sandbox.changed()


def change_status(
    sandbox: "Sandbox",
    chat: Chat,
    bot: Bot,
    *,
    status: str,
    actor: Json,
    rights: dict[str, bool] | None = None,
) -> None:
    """Give ``bot`` another place in the group ``chat``, with other ``rights`` where given; tell it.

    Where all is as before, nobody is told.
    """
    membership = chat.bots[bot.id]
    old = bot_member(bot, membership)
    membership.status = status
    if rights is not None:
        membership.rights = dict(rights)
    if bot_member(bot, membership) == old:
        return
    announce_membership(sandbox, chat, bot, actor=actor, old=old, new=bot_member(bot, membership))


def edit(sandbox: "Sandbox", chat: Chat, message: Message, *, content: Json) -> None:
    """Put ``content`` into the message in the place of what it names; ``None`` takes away."""
    for name, value in content.items():
        if value is None:
            message.body.pop(name, None)
        else:
            message.body[name] = value
    message.body["edit_date"] = int(time.time())
    message.edited = True
    chat.touch(message)
    sandbox.changed()
