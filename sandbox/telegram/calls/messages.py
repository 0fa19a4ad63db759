"""Messages that are already there: edited, deleted, pinned, reacted to; pressed buttons."""

import time
from typing import Any

from sandbox.telegram.errors import bad_request
from sandbox.telegram.keyboards import check_markup
from sandbox.telegram.posting import announce, edit, post
from sandbox.telegram.reactions import check_reactions
from sandbox.telegram.state import Chat, Message
from sandbox.telegram.wire import message_json

from .call import Call, Handler, find_chat, find_message, own_message, require_right
from .sending import caption_content, text_content

Json = dict[str, Any]

DELETABLE_SECONDS = 48 * 3600
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly "
    "the same as a current content and reply markup of the message"
)


def _edit(call: Call, chat: Chat, message: Message, content: Json) -> Json:
    if all(message.body.get(name) == value for name, value in content.items()):
        raise bad_request(NOT_MODIFIED)
    edit(call.sandbox, chat, message, content=content)
    return message_json(chat, message)


def _markup(call: Call) -> Json:
    return {"reply_markup": None, **check_markup(call.params.get("reply_markup"))}


async def edit_text(call: Call) -> Json:
    chat, message = own_message(call)
    if "text" not in message.body:
        raise bad_request("there is no text in the message to edit")
    content = {"entities": None, **text_content(call.params), **_markup(call)}
    return _edit(call, chat, message, content)


async def edit_caption(call: Call) -> Json:
    chat, message = own_message(call)
    if "text" in message.body:
        raise bad_request("there is no caption in the message to edit")
    empty = {"caption": None, "caption_entities": None}
    content = {**empty, **caption_content(call.params), **_markup(call)}
    return _edit(call, chat, message, content)


async def edit_markup(call: Call) -> Json:
    chat, message = own_message(call)
    return _edit(call, chat, message, _markup(call))


async def delete_message(call: Call) -> bool:
    chat = find_chat(call)
    message = find_message(call, chat, missing="message to delete not found")
    _require_deletable(call, chat, message)
    _remove(call, chat, message)
    return True


def _require_deletable(call: Call, chat: Chat, message: Message) -> None:
    """Young enough, no topic's beginning, and the bot's own or in the reach of its rights."""
    old = time.time() - message.body["date"] >= DELETABLE_SECONDS
    others = message.sender_id != call.bot.id and chat.type != "private"
    forbidden = others and not chat.bots[call.bot.id].may("can_delete_messages")
    if old or forbidden or message.service in ("forum_topic_created", "chat_created"):
        raise bad_request("message can't be deleted")


async def delete_messages(call: Call) -> bool:
    chat = find_chat(call)
    ids = call.params["message_ids"]
    if not 1 <= len(ids) <= 100:
        raise bad_request("message identifiers are not specified")
    found = [chat.messages[i] for i in ids if i in chat.messages]
    there = [m for m in found if not m.deleted and m.bot_id in (None, call.bot.id)]
    for message in there:
        _require_deletable(call, chat, message)
    for message in there:
        _remove(call, chat, message)
    return True


def _remove(call: Call, chat: Chat, message: Message) -> None:
    message.deleted = True
    chat.touch(message)
    for pinned in _pin_lists(chat):
        if message.id in pinned:
            pinned.remove(message.id)
    call.sandbox.changed()


def _pin_lists(chat: Chat) -> list[list[int]]:
    return [chat.pinned, *(topic.pinned for topic in chat.topics.values())]


def _pins_of(chat: Chat, message: Message) -> list[int]:
    topic = chat.topics.get(message.thread_id) if message.thread_id is not None else None
    return topic.pinned if topic is not None else chat.pinned


def _require_pin_right(call: Call, chat: Chat) -> None:
    require_right(call, chat, "can_pin_messages", action="manage pinned messages in the chat")


async def pin_message(call: Call) -> bool:
    chat = find_chat(call)
    _require_pin_right(call, chat)
    message = find_message(call, chat, missing="message to pin not found")
    pinned = _pins_of(chat, message)
    if message.id in pinned:
        return True
    pinned.append(message.id)
    note = post(
        call.sandbox,
        chat,
        sender=call.bot.as_user(),
        content={"pinned_message": message_json(chat, message)},
        thread_id=message.thread_id,
        bot=call.bot,
        service="pinned_message",
    )
    announce(call.sandbox, chat, note)
    return True


async def unpin_message(call: Call) -> bool:
    chat = find_chat(call)
    _require_pin_right(call, chat)
    if "message_id" not in call.params:
        latest = max((i for pins in _pin_lists(chat) for i in pins), default=None)
        if latest is None:
            raise bad_request("message to unpin not found")
        call.params["message_id"] = latest
    message = find_message(call, chat, missing="message to unpin not found")
    pinned = _pins_of(chat, message)
    if message.id not in pinned:
        raise bad_request("message to unpin not found")
    pinned.remove(message.id)
    call.sandbox.changed()
    return True


async def unpin_all(call: Call) -> bool:
    chat = find_chat(call)
    _require_pin_right(call, chat)
    for pinned in _pin_lists(chat):
        pinned.clear()
    call.sandbox.changed()
    return True


async def set_reaction(call: Call) -> bool:
    chat = find_chat(call)
    message = find_message(call, chat, missing="message to react not found")
    reactions = check_reactions(call.params.get("reaction", []))
    if len(reactions) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    message.reactions[call.bot.id] = reactions
    chat.touch(message)
    call.sandbox.changed()
    return True


async def answer_callback_query(call: Call) -> bool:
    queries = call.bot.queries
    query_id = call.params["callback_query_id"]
    if queries.get(query_id, {}) is not None:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    if len(call.params.get("text", "")) > 200:
        raise bad_request("MESSAGE_TOO_LONG")
    queries[query_id] = dict(call.params)
    call.sandbox.changed()
    return True


HANDLERS: dict[str, Handler] = {
    "editMessageText": edit_text,
    "editMessageCaption": edit_caption,
    "editMessageReplyMarkup": edit_markup,
    "deleteMessage": delete_message,
    "deleteMessages": delete_messages,
    "pinChatMessage": pin_message,
    "unpinChatMessage": unpin_message,
    "unpinAllChatMessages": unpin_all,
    "setMessageReaction": set_reaction,
    "answerCallbackQuery": answer_callback_query,
}
