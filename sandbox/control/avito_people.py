"""What people do on Avito: a buyer, and the seller in Avito's own app."""

import secrets
from collections.abc import Callable
from typing import Any

from sandbox.avito import talking
from sandbox.avito.media import SAMPLE, VOICE_SAMPLE
from sandbox.avito.state import Chat, Message
from sandbox.core import Sandbox
from sandbox.files import read_sample

from .bodies import Body, ControlError, media_content

Json = dict[str, Any]

KINDS = (
    "text",
    "image",
    "voice",
    "link",
    "item",
    "location",
    "call",
    "system",
    "deleted",
    "appCall",
    "file",
    "video",
    "unknown",
)
# Kinds whose content is an object under the kind's own name, each with its sample.
OBJECTS: dict[str, Json] = {
    "link": {
        "text": "https://habr.com/ru/articles/",
        "url": "https://habr.com/ru/articles/",
        "preview": {
            "title": "Все статьи",
            "description": "Лучшие публикации за сутки",
            "domain": "habr.com",
            "url": "https://habr.com/ru/articles/",
            "images": None,
        },
    },
    "item": {
        "title": "Кресло к дивану",
        "item_url": "https://www.avito.ru/items/1768287444",
        "image_url": "https://www.avito.ru/img/1768287444.webp",
        "price_string": "3 500 ₽",
    },
    "location": {
        "kind": "house",
        "lat": 55.786419,
        "lon": 49.122351,
        "text": "Казань, Кремлёвская улица, 2",
        "title": "Кремлёвская улица, 2",
    },
    "call": {"status": "missed"},
}
TEXT_MAX = 1000
SIDES = ("buyer", "seller")


def find_chat(sandbox: Sandbox, chat_id: str) -> Chat:
    """The chat of this id.

    :raises ControlError: there is none.
    """
    chat = sandbox.world.avito.chats.get(chat_id)
    if chat is None:
        raise ControlError("unknown chat_id", status=404)
    return chat


def _find_message(chat: Chat, message_id: str) -> Message:
    message = chat.messages.get(message_id)
    if message is None:
        raise ControlError("unknown message_id", status=404)
    return message


def _is_seller(body: Body) -> bool:
    return bool(body.one_of("by", SIDES, "buyer") == "seller")


def say(sandbox: Sandbox, body: Body) -> Json:
    """The buyer writes (``by: "seller"``: the seller, in Avito's own app).

    ``quote`` is the id of a message that is answered. ``empty`` leaves the content away, whatever
    the type, as Avito does with what its API cannot show.
    """
    chat = find_chat(sandbox, body.text("chat_id"))
    given = next((kind for kind in KINDS if kind in body), "text")
    kind, seller = body.one_of("type", KINDS, given), _is_seller(body)
    quote = body.text("quote", None)
    if quote is not None:
        _find_message(chat, quote)
    content = {} if body.flag("empty", False) else _content(sandbox, body, chat, kind)
    body.done()
    author_id = chat.user_id if seller else chat.buyer_id
    message = talking.write(
        sandbox, chat, author_id=author_id, kind=kind, content=content, quote=quote
    )
    return {"message_id": message.id, "created": message.created}


def _content(sandbox: Sandbox, body: Body, chat: Chat, kind: str) -> Json:
    if kind == "text":
        return {"text": _text(body)}
    if kind == "image":
        return {"image": {"sizes": _image_sizes(sandbox, body.raw("image"))}}
    if kind == "voice":
        content = media_content("voice", body.raw("voice"), sample=read_sample(VOICE_SAMPLE))
        voice = talking.keep_voice(sandbox, content, user_id=chat.user_id)
        return {"voice": {"voice_id": voice.id}}
    if kind in OBJECTS:
        return {kind: _object(body, chat, kind)}
    if kind == "system":
        text = body.text("text", None)
        return {"flow_id": "seller_audience_discount"} | ({"text": text} if text else {})
    return {}


def _text(body: Body) -> str:
    text: str = body.text("text")
    if len(text) > TEXT_MAX:
        raise ControlError(f"text must be at most {TEXT_MAX} characters long")
    return text


def _object(body: Body, chat: Chat, kind: str) -> Json:
    value = body.raw(kind, SAMPLE)
    if value == SAMPLE:
        target = {"target_user_id": chat.user_id} if kind == "call" else {}
        return OBJECTS[kind] | target
    if not isinstance(value, dict):
        raise ControlError(f'{kind} must be "{SAMPLE}" or an object')
    return value


def _image_sizes(sandbox: Sandbox, value: Any) -> Json:
    if value == SAMPLE:
        return talking.image_sizes(sandbox, SAMPLE)
    content = media_content("image", value, sample=None)
    content_type = str(value.get("content_type", "image/jpeg"))
    if not content_type.startswith("image/"):
        raise ControlError("image.content_type must be an image's")
    image = talking.keep_image(sandbox, content, content_type=content_type, user_id=None)
    return talking.image_sizes(sandbox, image.id)


def delete(sandbox: Sandbox, body: Body) -> Json:
    """The buyer takes a message back (``by: "seller"``: the seller, however old it is)."""
    chat = find_chat(sandbox, body.text("chat_id"))
    message, seller = _find_message(chat, body.text("message_id")), _is_seller(body)
    body.done()
    if message.author_id != (chat.user_id if seller else chat.buyer_id):
        raise ControlError("the message is another's", status=409)
    if message.type != "deleted":
        talking.delete(sandbox, chat, message)
    return {"ok": True}


def read(sandbox: Sandbox, body: Body) -> Json:
    """The buyer reads the chat (``by: "seller"``: the seller, in Avito's own app)."""
    chat, seller = find_chat(sandbox, body.text("chat_id")), _is_seller(body)
    body.done()
    (talking.mark_read if seller else talking.mark_read_by_buyer)(sandbox, chat)
    return {"ok": True}


def age(sandbox: Sandbox, body: Body) -> Json:
    """A message becomes older by ``seconds``, so that its hour for deleting may be over."""
    chat = find_chat(sandbox, body.text("chat_id"))
    message = _find_message(chat, body.text("message_id"))
    seconds = body.integer("seconds", least=1)
    body.done()
    message.created -= seconds
    chat.revision += 1
    message.revision = chat.revision
    sandbox.changed()
    return {"created": message.created}


def expire_voices(sandbox: Sandbox, body: Body) -> Json:
    """The hour of every link to a voice is over; with ``gone`` the voices themselves are lost."""
    gone = body.flag("gone", False)
    body.done()
    state = sandbox.world.avito
    state.link_key = secrets.token_hex(32)
    if gone:
        state.voice_messages.clear()
    sandbox.changed()
    return {"ok": True}


ACTIONS: dict[str, Callable[[Sandbox, Body], Json]] = {
    "say": say,
    "delete": delete,
    "read": read,
    "age": age,
    "expire_voices": expire_voices,
}
