"""Messages that a bot sends, one at a time; albums and copies are made of the same parts."""

from typing import Any

from sandbox.telegram.errors import bad_request
from sandbox.telegram.formatting import format_text
from sandbox.telegram.keyboards import check_markup
from sandbox.telegram.media import KINDS, Kind, obtain_medium
from sandbox.telegram.permissions import require_sending
from sandbox.telegram.posting import post
from sandbox.telegram.state import Chat
from sandbox.telegram.wire import message_json

from .call import Call, Handler, find_chat, find_topic

Json = dict[str, Any]

TEXT_MAX = 4096
CAPTION_MAX = 1024
SHOWN_FLAGS = ("has_spoiler", "show_caption_above_media")
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


def open_target(call: Call) -> Chat:
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


def send(call: Call, chat: Chat, content: Json) -> Json:
    """Post ``content`` as the call asks: its topic, what it answers, its keyboard.

    :raises BotApiError: the bot may not send such a thing, what it answers is not there, or the
        keyboard is not well-formed.
    """
    require_sending(chat, call.bot.id, content)
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
    chat = open_target(call)
    return send(call, chat, text_content(call.params))


async def medium_content(call: Call, kind: Kind, params: Json) -> Json:
    """A medium with its caption, as ``params`` (of a call or an album's item) give them.

    :raises BotApiError: the file cannot be had, or the caption is too long or not well-formed.
    """
    caption = caption_content(params)
    source = params.get("media") or params[kind.field]
    shown = await obtain_medium(call.sandbox, kind, source, facts=params)
    return shown | caption | {name: True for name in SHOWN_FLAGS if params.get(name)}


def _send_medium(kind: Kind) -> Handler:
    async def handler(call: Call) -> Json:
        chat = open_target(call)
        return send(call, chat, await medium_content(call, kind, call.params))

    return handler


async def send_location(call: Call) -> Json:
    return send(call, open_target(call), {"location": _location(call.params)})


async def send_venue(call: Call) -> Json:
    params = call.params
    venue = {"location": _location(params), "title": params["title"], "address": params["address"]}
    optional = ("foursquare_id", "foursquare_type", "google_place_id", "google_place_type")
    venue |= {name: params[name] for name in optional if name in params}
    # A venue's message shows its place as a location too.
    return send(call, open_target(call), {"venue": venue, "location": venue["location"]})


def _location(params: Json) -> Json:
    bounds = {"latitude": 90, "longitude": 180}
    if any(abs(params[name]) > most for name, most in bounds.items()):
        raise bad_request("invalid geo coordinates specified")
    optional = ("horizontal_accuracy", "live_period", "heading", "proximity_alert_radius")
    return {name: params[name] for name in (*bounds, *optional) if name in params}


async def send_contact(call: Call) -> Json:
    names = ("phone_number", "first_name", "last_name", "vcard")
    contact = {name: call.params[name] for name in names if name in call.params}
    return send(call, open_target(call), {"contact": contact})


async def send_chat_action(call: Call) -> bool:
    open_target(call)
    if call.params["action"] not in ACTIONS:
        raise bad_request("wrong parameter action in request")
    return True


def _method_name(kind: Kind) -> str:
    return kind.field.title().replace("_", "")


HANDLERS: dict[str, Handler] = {
    "sendMessage": send_message,
    **{f"send{_method_name(kind)}": _send_medium(kind) for kind in KINDS.values()},
    "sendLocation": send_location,
    "sendVenue": send_venue,
    "sendContact": send_contact,
    "sendChatAction": send_chat_action,
}
