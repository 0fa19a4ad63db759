"""A call under way, and what most calls look up first."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.telegram.errors import bad_request, forbidden, migrated
from sandbox.telegram.posting import private_chat
from sandbox.telegram.state import Bot, Chat, Message, Topic

if TYPE_CHECKING:
    from sandbox.core import Sandbox

Json = dict[str, Any]


@dataclass(kw_only=True)
class Call:
    """One call of ``bot``; ``description`` goes beside the result where it is set."""

    sandbox: "Sandbox"
    bot: Bot
    method: str
    params: Json
    description: str | None = None


Handler = Callable[[Call], Awaitable[Any]]


def find_chat(call: Call, *, field: str = "chat_id") -> Chat:
    """The chat that the call names in ``field``, in which the bot may act.

    :raises BotApiError: it is unknown, has moved, or the bot is not let in.
    """
    state = call.sandbox.world.telegram
    chat_id = call.params[field]
    if chat_id in state.users:
        return _private(call, chat_id)
    chat = state.chats.get(chat_id)
    membership = chat.bots.get(call.bot.id) if chat is not None else None
    if chat is None or membership is None:
        raise bad_request("chat not found")
    if chat.migrated_to is not None:
        raise migrated(chat.migrated_to)
    if membership.status == "kicked":
        raise forbidden(f"bot was kicked from the {chat.type} chat")
    if membership.status == "left":
        raise forbidden(f"bot is not a member of the {chat.type} chat")
    return chat


def _private(call: Call, user_id: int) -> Chat:
    if user_id in call.bot.blocked:
        raise forbidden("bot was blocked by the user")
    if user_id not in call.bot.started:
        raise forbidden("bot can't initiate conversation with a user")
    return private_chat(call.sandbox, user_id)


def require_right(call: Call, chat: Chat, right: str, *, action: str) -> None:
    """:raises BotApiError: the bot lacks ``right`` in the group; anything goes in private."""
    if chat.type != "private" and not chat.bots[call.bot.id].may(right):
        raise bad_request(f"not enough rights to {action}")


def find_topic(chat: Chat, thread_id: int) -> Topic:
    """The topic of this id.

    :raises BotApiError: there is none, or it was deleted.
    """
    topic = chat.topics.get(thread_id)
    if topic is None or topic.deleted:
        raise bad_request("message thread not found")
    return topic


def find_message(call: Call, chat: Chat, *, missing: str) -> Message:
    """The message that the call names, where the bot can see it.

    :raises BotApiError: there is none any more; ``missing`` is the text of the refusal.
    """
    message = chat.messages.get(call.params["message_id"])
    hidden = message is None or message.deleted
    if message is None or hidden or message.bot_id not in (None, call.bot.id):
        raise bad_request(missing)
    return message


def own_message(call: Call) -> tuple[Chat, Message]:
    """The message of the bot's own that the call names, with its chat.

    :raises BotApiError: there is none, or it is not one that the bot wrote.
    """
    if "chat_id" not in call.params or "message_id" not in call.params:
        raise bad_request("message identifier is not specified")
    chat = find_chat(call)
    message = find_message(call, chat, missing="message to edit not found")
    if message.sender_id != call.bot.id or message.service:
        raise bad_request("message can't be edited")
    return chat, message
