"""What each call of the API does, once its caller is known."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from . import media, talking
from .errors import AvitoError, invalid
from .state import Account, Chat, Message
from .wire import chat_json, message_json

if TYPE_CHECKING:
    from sandbox.core import Sandbox

Json = dict[str, Any]

TEXT_MAX = 1000
LIMIT_MAX = 100
OFFSET_MAX = 1000
DELETABLE_SECONDS = 3600
IMAGE_BYTES = 24 * 1024 * 1024
IMAGE_PIXELS = 75_000_000
REASONS = (1, 2, 3, 4)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of ``account``: ``path`` and ``query`` as text, ``body`` parsed JSON or a form."""

    sandbox: "Sandbox"
    account: Account
    path: dict[str, str]
    query: dict[str, list[str]]
    body: Json = field(default_factory=dict)


Handler = Callable[[Call], Awaitable[Any]]


def _find_chat(call: Call) -> Chat:
    chat = call.sandbox.world.avito.chats.get(call.path["chat_id"])
    if chat is None or chat.user_id != call.account.user_id:
        raise AvitoError(404, "Not found")
    return chat


def _only(call: Call, *names: str) -> None:
    unknown = sorted(set(call.query) - set(names))
    if unknown:
        raise invalid(**{unknown[0]: "unknown parameter"})


def _number(call: Call, name: str, *, default: int, least: int, most: int) -> int:
    text = call.query.get(name, [str(default)])[-1]
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise invalid(**{name: f"must be from {least} to {most}"})
    return int(text)


def _page(call: Call) -> tuple[int, int]:
    limit = _number(call, "limit", default=LIMIT_MAX, least=1, most=LIMIT_MAX)
    return limit, _number(call, "offset", default=0, least=0, most=OFFSET_MAX)


def _list(call: Call, name: str) -> list[str]:
    return [part for text in call.query.get(name, []) for part in text.split(",") if part]


def _text(body: Json, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise invalid(**{name: "must be a non-empty string"})
    return value


async def get_self(call: Call) -> Json:
    account = call.account
    return {
        "id": account.user_id,
        "name": account.name,
        "email": f"seller{account.user_id}@example.com",
        "phone": "79000000000",
        "phones": ["79000000000"],
        "profile_url": f"https://avito.ru/user/{account.user_id}/profile",
    }


async def get_chats(call: Call) -> Json:
    _only(call, "item_ids", "unread_only", "chat_types", "limit", "offset")
    limit, offset = _page(call)
    kinds = _list(call, "chat_types") or ["u2i"]
    if set(kinds) - {"u2i", "u2u", "a2u"}:
        raise invalid(chat_types="must be of u2i, u2u, a2u")
    items = set(_list(call, "item_ids"))
    if not all(item.isdigit() for item in items):
        raise invalid(item_ids="must be numbers")
    unread = call.query.get("unread_only", ["false"])[-1]
    if unread not in ("true", "false"):
        raise invalid(unread_only="must be true or false")
    found: list[Json] = []
    for chat in _chats_by_change(call):
        if chat.type not in kinds or (unread == "true" and not chat.unread):
            continue
        if items and str(chat.item.get("id")) not in items:
            continue
        if offset > 0:
            offset -= 1
            continue
        found.append(chat_json(chat, call.account))
        if len(found) == limit:
            break
    return {"chats": found}


def _chats_by_change(call: Call) -> list[Chat]:
    chats = call.sandbox.world.avito.chats
    return [chats[chat_id] for chat_id in reversed(call.account.chat_ids)]


async def get_chat(call: Call) -> Json:
    _only(call)
    return chat_json(_find_chat(call), call.account)


async def get_messages(call: Call) -> Json:
    _only(call, "limit", "offset")
    chat = _find_chat(call)
    limit, offset = _page(call)
    found: list[Json] = []
    more = False
    for number, message in enumerate(reversed(chat.messages.values())):
        if number >= offset + limit:
            more = True
            break
        if number >= offset:
            found.append(message_json(chat, message))
    return {"messages": found, "meta": {"has_more": more}}


async def send_message(call: Call) -> Json:
    chat = _find_chat(call)
    content = call.body.get("message")
    if set(call.body) - {"type", "message"} or call.body.get("type") != "text":
        raise invalid(type="must be text")
    if not isinstance(content, dict) or set(content) != {"text"}:
        raise invalid(message="must hold text and nothing else")
    text = _text(content, "text")
    if len(text) > TEXT_MAX:
        raise invalid(text=f"must be at most {TEXT_MAX} characters long")
    message = _write(call, chat, kind="text", content={"text": text})
    whole = message_json(chat, message)
    return {name: whole[name] for name in ("id", "created", "direction", "type", "content")}


async def send_image(call: Call) -> Json:
    chat = _find_chat(call)
    if set(call.body) != {"image_id"}:
        raise invalid(image_id="must be given and nothing else")
    image = call.sandbox.world.avito.images.get(_text(call.body, "image_id"))
    if image is None or image.user_id != call.account.user_id:
        raise invalid(image_id="unknown image")
    sizes = talking.image_sizes(call.sandbox, image.id)
    message = _write(call, chat, kind="image", content={"image": {"sizes": sizes}})
    whole = message_json(chat, message)
    names = ("id", "author_id", "created", "direction", "type", "content")
    return {name: whole[name] for name in names}


def _write(call: Call, chat: Chat, *, kind: str, content: Json) -> Message:
    author_id = call.account.user_id
    return talking.write(call.sandbox, chat, author_id=author_id, kind=kind, content=content)


async def delete_message(call: Call) -> Json:
    chat = _find_chat(call)
    message = chat.messages.get(call.path["message_id"])
    if message is None or message.author_id != call.account.user_id:
        raise AvitoError(404, "Not found")
    if message.type == "deleted" or time.time() - message.created > DELETABLE_SECONDS:
        raise AvitoError(400, "message can't be deleted")
    talking.delete(call.sandbox, chat, message)
    return {}


async def read_chat(call: Call) -> Json:
    talking.mark_read(call.sandbox, _find_chat(call))
    return {"ok": True}


async def upload_images(call: Call) -> Json:
    content = call.body.get("uploadfile[]")
    if set(call.body) != {"uploadfile[]"} or not isinstance(content, bytes):
        raise invalid(**{"uploadfile[]": "must be one file"})
    if len(content) > IMAGE_BYTES:
        raise invalid(**{"uploadfile[]": "must be at most 24 MB"})
    image = talking.keep_image(
        call.sandbox, content, content_type=_image_type(content), user_id=call.account.user_id
    )
    call.sandbox.changed()
    return {image.id: talking.image_sizes(call.sandbox, image.id)}


def _image_type(content: bytes) -> str:
    kind = media.image_type(content)
    if kind is None:
        raise invalid(**{"uploadfile[]": "must be JPEG, HEIC, GIF, BMP or PNG"})
    if media.count_pixels(content) > IMAGE_PIXELS:
        raise invalid(**{"uploadfile[]": "must be at most 75 megapixels"})
    return kind


async def get_voice_files(call: Call) -> Json:
    _only(call, "voice_ids")
    wanted = _list(call, "voice_ids")
    if not wanted:
        raise invalid(voice_ids="must be given")
    kept = call.sandbox.world.avito.voice_messages
    voices = [kept[voice_id] for voice_id in wanted if voice_id in kept]
    own = [voice for voice in voices if voice.user_id == call.account.user_id]
    return {"voices_urls": {voice.id: media.sign_voice(call.sandbox, voice.id) for voice in own}}


def _webhook_url(call: Call) -> str:
    if set(call.body) != {"url"}:
        raise invalid(url="must be given and nothing else")
    url = _text(call.body, "url")
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise invalid(url="must be an address")
    return url


async def subscribe(call: Call) -> Json:
    url = _webhook_url(call)
    if url not in call.account.webhooks:
        call.account.webhooks.append(url)
        call.sandbox.changed()
    call.sandbox.avito_deliveries.probe(url)
    return {"ok": True}


async def unsubscribe(call: Call) -> Json:
    url = _webhook_url(call)
    if url in call.account.webhooks:
        call.account.webhooks.remove(url)
        call.sandbox.changed()
    return {"ok": True}


async def get_subscriptions(call: Call) -> Json:
    return {"subscriptions": [{"url": url, "version": "3"} for url in call.account.webhooks]}


async def blacklist(call: Call) -> None:
    users = call.body.get("users")
    if not isinstance(users, list) or not users:
        raise invalid(users="must be a list")
    for user in users:
        context = user.get("context", {}) if isinstance(user, dict) else None
        if not isinstance(context, dict) or not isinstance(user.get("user_id"), int):
            raise invalid(users="must hold user_id and context")
        if context.get("reason_id", 4) not in REASONS:
            raise invalid(reason_id="must be from 1 to 4")
    call.account.blacklist.extend(users)
    call.sandbox.changed()
