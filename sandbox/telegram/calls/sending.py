"""Messages that a bot sends. Further kinds (voice, albums …) join here with their own content."""

from typing import Any

from sandbox.telegram.errors import bad_request
from sandbox.telegram.keyboards import check_markup
from sandbox.telegram.markup import format_text
from sandbox.telegram.photos import obtain_photo
from sandbox.telegram.posting import post
from sandbox.telegram.state import Chat
from sandbox.telegram.wire import message_json

from .call import Call, Handler, find_chat, find_topic

Json = dict[str, Any]

TEXT_MAX = 4096
CAPTION_MAX = 1024
ACTIONS = frozenset(
    (
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    )
)


def _target(call: Call) -> Chat:
    """The chat to write to; its topic, where one is named, is there and open."""
    chat = find_chat(call)
    thread_id = call.params.get("message_thread_id")
    if thread_id is not None and find_topic(chat, thread_id).closed:
        raise bad_request("TOPIC_CLOSED")
    return chat


def text_content(params: Json) -> Json:
    """``{text, entities?}`` of a message.

    :raises BotApiError: nothing is left of it, it is too long, or it is not well-formed.
    """
    content = format_text(
        params.get("text", ""),
        parse_mode=params.get("parse_mode"),
        entities=params.get("entities"),
    )
    if not content["text"]:
        raise bad_request("message text is empty")
    if len(content["text"]) > TEXT_MAX:
        raise bad_request("message is too long")
    return content


def caption_content(params: Json) -> Json:
    """``{caption?, caption_entities?}`` of a medium.

    :raises BotApiError: it is too long or not well-formed.
    """
    content = format_text(
        params.get("caption", ""),
        parse_mode=params.get("parse_mode"),
        entities=params.get("caption_entities"),
    )
    if len(content["text"]) > CAPTION_MAX:
        raise bad_request("message caption is too long")
    if not content["text"]:
        return {}
    named = {"caption": content["text"]}
    return named | ({"caption_entities": content["entities"]} if "entities" in content else {})


def _send(call: Call, chat: Chat, content: Json) -> Json:
    content = {**content, **_reply(call, chat), **check_markup(call.params.get("reply_markup"))}
    if call.params.get("protect_content"):
        content["has_protected_content"] = True
    message = post(
        call.sandbox,
        chat,
        sender=call.bot.as_user(),
        content=content,
        thread_id=call.params.get("message_thread_id"),
        bot=call.bot,
    )
    return message_json(chat, message)


def _reply(call: Call, chat: Chat) -> Json:
    wanted = call.params.get("reply_parameters")
    if wanted is None:
        return {}
    message_id = wanted.get("message_id")
    answered = chat.messages.get(message_id) if isinstance(message_id, int) else None
    if answered is not None and not answered.deleted:
        return {"reply_to_message_id": answered.id}
    if wanted.get("allow_sending_without_reply") is True:
        return {}
    raise bad_request("message to be replied not found")


async def send_message(call: Call) -> Json:
    chat = _target(call)
    return _send(call, chat, text_content(call.params))


async def send_photo(call: Call) -> Json:
    chat = _target(call)
    content = caption_content(call.params)
    content["photo"] = await obtain_photo(call.sandbox, call.params["photo"])
    return _send(call, chat, content)


async def send_chat_action(call: Call) -> bool:
    _target(call)
    if call.params["action"] not in ACTIONS:
        raise bad_request("wrong parameter action in request")
    return True


HANDLERS: dict[str, Handler] = {
    "sendMessage": send_message,
    "sendPhoto": send_photo,
    "sendChatAction": send_chat_action,
}
