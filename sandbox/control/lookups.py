"""What control calls name: bots, people, chats, topics, messages."""

from typing import Any

from sandbox.core import Sandbox
from sandbox.telegram.posting import private_chat
from sandbox.telegram.state import Bot, Chat, Message, Topic, User

from .bodies import Body, ControlError


def find_bot(sandbox: Sandbox, reference: Any) -> Bot:
    """The bot of this token, username or id.

    :raises ControlError: there is none.
    """
    bot = None
    if isinstance(reference, str | int) and not isinstance(reference, bool):
        bot = sandbox.world.telegram.find_bot(reference)
    if bot is None:
        raise ControlError("unknown bot", status=404)
    return bot


def obtain_user(sandbox: Sandbox, reference: Any) -> User:
    """The person of this id, or of ``{id, first_name, …}``; a new id is a new person.

    :raises ControlError: the id is no positive integer, or a field is wrong.
    """
    body = Body(reference if isinstance(reference, dict) else {"id": reference})
    user_id = body.integer("id", least=1)
    fields = {
        name: body.text(name)
        for name in ("first_name", "last_name", "username", "language_code")
        if name in body
    }
    body.flag("is_bot", None)
    body.flag("is_premium", None)
    body.done()
    users = sandbox.world.telegram.users
    user = users.setdefault(user_id, User(id=user_id, first_name=f"User {user_id}"))
    for name, value in fields.items():
        setattr(user, name, value)
    return user


def find_chat(sandbox: Sandbox, chat_id: int) -> Chat:
    """The group of this id, or the person's private chat with bots.

    :raises ControlError: there is no such group and no such person.
    """
    telegram = sandbox.world.telegram
    if chat_id in telegram.users:
        return private_chat(sandbox, chat_id)
    chat = telegram.chats.get(chat_id)
    if chat is None:
        raise ControlError("unknown chat_id", status=404)
    return chat


def show_chat_of(sandbox: Sandbox, text: str) -> Chat:
    """The chat that an address names.

    :raises ControlError: it is not a number, or unknown.
    """
    return find_chat(sandbox, Body({"chat_id": text}).integer("chat_id"))


def find_topic(chat: Chat, thread_id: int) -> Topic:
    topic = chat.topics.get(thread_id)
    if topic is None or topic.deleted:
        raise ControlError("unknown thread_id", status=404)
    return topic


def find_message(chat: Chat, message_id: int) -> Message:
    message = chat.messages.get(message_id)
    if message is None or message.deleted:
        raise ControlError("unknown message_id", status=404)
    return message


def find_actor(sandbox: Sandbox, body: Body, chat: Chat | None = None) -> User:
    """The person who acts: ``user``, else whose private chat it is, else the group's owner.

    :raises ControlError: nobody is named and the chat has no owner.
    """
    reference = body.raw("user", None)
    if reference is None and chat is not None:
        reference = chat.id if chat.type == "private" else chat.owner_id
    if reference is None:
        raise ControlError("user is required")
    return obtain_user(sandbox, reference)
