"""Avito's sellers and buyers."""

import secrets
import time
from typing import Any

from aiohttp import web

from sandbox.avito import talking
from sandbox.avito.state import Account, Chat, Message
from sandbox.avito.wire import message_json
from sandbox.core import Sandbox

from .bodies import Body, ControlError, media_content
from .queries import whole_number

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
)
# Kinds whose content is an object under the kind's own name.
OBJECTS = ("link", "item", "location", "call")
CHAT_TYPES = ("u2i", "u2u", "a2u")
TEXT_MAX = 1000


def _new_id() -> int:
    return 100_000_000 + secrets.randbelow(800_000_000)


def add_account(sandbox: Sandbox, body: Body) -> Json:
    state = sandbox.world.avito
    client_id, client_secret = body.text("client_id"), body.text("client_secret")
    name = body.text("name", "Продавец")
    user_id = body.integer("user_id", None, least=1)
    body.done()
    account = state.account_of_client(client_id)
    if account is None:
        user_id = user_id or _new_id()
        if user_id in state.accounts:
            raise ControlError("user_id is taken", status=409)
        account = Account(
            user_id=user_id, client_id=client_id, client_secret=client_secret, name=name
        )
        state.accounts[user_id] = account
    account.client_secret = client_secret
    sandbox.changed()
    return {"user_id": account.user_id}


def add_chat(sandbox: Sandbox, body: Body) -> Json:
    account = sandbox.world.avito.accounts.get(body.integer("user_id"))
    if account is None:
        raise ControlError("unknown user_id", status=404)
    chat_id, kind = body.text("chat_id", None), body.one_of("type", CHAT_TYPES, "u2i")
    buyer, item = Body(body.mapping("buyer", {})), Body(body.mapping("item", {}))
    body.done()
    known = sandbox.world.avito.chats.get(chat_id) if chat_id else None
    if known is not None:
        return {"chat_id": known.id}
    now = int(time.time())
    chat = Chat(
        id=chat_id or f"{kind}-{secrets.token_urlsafe(8)}~{secrets.token_urlsafe(12)}",
        user_id=account.user_id,
        type=kind,
        buyer_id=buyer.integer("id", None, least=1) or _new_id(),
        buyer_name=buyer.text("name", "Покупатель"),
        item=_item(sandbox, item, user_id=account.user_id),
        created=now,
        updated=now,
    )
    buyer.done()
    sandbox.world.avito.chats[chat.id] = chat
    talking.touch(sandbox, chat)
    return {"chat_id": chat.id}


def _item(sandbox: Sandbox, item: Body, *, user_id: int) -> Json:
    item_id = item.integer("id", None, least=1) or _new_id()
    title = item.text("title", "Объявление")
    url = item.text("url", None) or f"https://www.avito.ru/items/{item_id}"
    image = item.text("image", f"{sandbox.base_url}/avito/static/images/sample/140x105")
    value = {
        "id": item_id,
        "title": title,
        "price_string": _price(item.raw("price", None)),
        "url": url,
        "status_id": item.integer("status_id", 10),
        "user_id": user_id,
        "images": {"count": 1, "main": {"140x105": image}},
    }
    item.done()
    return value


def _price(price: Any) -> str:
    if price is None:
        return "Цена не указана"
    if isinstance(price, str):
        return price
    if isinstance(price, bool) or not isinstance(price, int | float) or price < 0:
        raise ControlError("item.price must be a number or a string")
    return f"{price:,.0f} ₽".replace(",", " ")


def say(sandbox: Sandbox, body: Body) -> Json:
    """The buyer writes (``by: "seller"``: the seller, in Avito's own app)."""
    chat = _find_chat(sandbox, body.text("chat_id"))
    given = next((kind for kind in KINDS if kind in body), "text")
    kind = body.one_of("type", KINDS, given)
    seller = body.one_of("by", ("buyer", "seller"), "buyer") == "seller"
    content = _content(sandbox, body, kind)
    body.done()
    author_id = chat.user_id if seller else chat.buyer_id
    message = talking.write(sandbox, chat, author_id=author_id, kind=kind, content=content)
    return {"message_id": message.id, "created": message.created}


def _content(sandbox: Sandbox, body: Body, kind: str) -> Json:
    if kind == "text":
        text = body.text("text")
        if len(text) > TEXT_MAX:
            raise ControlError(f"text must be at most {TEXT_MAX} characters long")
        return {"text": text}
    if kind == "image":
        return {"image": {"sizes": _image_sizes(sandbox, body.raw("image"))}}
    if kind == "voice":
        voice_id = secrets.token_hex(16)
        content = media_content("voice", body.raw("voice"), sample=None)
        sandbox.world.avito.voices[voice_id] = sandbox.files.put(content)
        return {"voice": {"voice_id": voice_id}}
    if kind in OBJECTS:
        return {kind: body.mapping(kind, {})}
    if kind == "system":
        text = body.text("text", None)
        return {"flow_id": "seller_audience_discount"} | ({"text": text} if text else {})
    return {}


def _image_sizes(sandbox: Sandbox, value: Any) -> Json:
    if value == "sample":
        return talking.image_sizes(sandbox, "sample")
    content = media_content("image", value, sample=None)
    content_type = str(value.get("content_type", "image/jpeg"))
    if not content_type.startswith("image/"):
        raise ControlError("image.content_type must be an image's")
    image = talking.keep_image(sandbox, content, content_type=content_type, user_id=None)
    return talking.image_sizes(sandbox, image.id)


def set_webhooks(sandbox: Sandbox, body: Body) -> Json:
    """While ``deliver`` is false, events go nowhere: only polling finds what they would tell."""
    sandbox.world.avito.delivers = body.flag("deliver")
    body.done()
    sandbox.changed()
    return {"ok": True}


def _find_chat(sandbox: Sandbox, chat_id: str) -> Chat:
    chat = sandbox.world.avito.chats.get(chat_id)
    if chat is None:
        raise ControlError("unknown chat_id", status=404)
    return chat


def show_chat(sandbox: Sandbox, request: web.Request) -> Json:
    """A chat as its buyer sees it; with ``after`` only messages changed since that revision."""
    chat = _find_chat(sandbox, request.match_info["chat_id"])
    after = whole_number(request, "after", 0) or 0
    changed: list[Message] = []
    if chat.revision > after:
        changed = [m for m in chat.messages.values() if m.revision > after]
    return {
        **_summary(chat),
        "messages": [message_json(chat, message) for message in changed],
        "read": chat.read_at is not None and not chat.unread,
        "read_at": chat.read_at,
    }


def _summary(chat: Chat) -> Json:
    last = chat.messages[next(reversed(chat.messages))] if chat.messages else None
    return {
        "chat_id": chat.id,
        "user_id": chat.user_id,
        "type": chat.type,
        "buyer": {"id": chat.buyer_id, "name": chat.buyer_name},
        "item": chat.item,
        "created": chat.created,
        "updated": chat.updated,
        "unread": len(chat.unread),
        "revision": chat.revision,
        "last_message": message_json(chat, last) if last is not None else None,
    }


def _account_summary(account: Account) -> Json:
    names = ("user_id", "client_id", "client_secret", "name", "tokens_issued", "webhooks")
    return {name: getattr(account, name) for name in names}


def state(sandbox: Sandbox) -> Json:
    """Accounts and chats, the chat that changed last first."""
    avito = sandbox.world.avito
    ids = [i for account in avito.accounts.values() for i in reversed(account.chat_ids)]
    return {
        "accounts": [_account_summary(account) for account in avito.accounts.values()],
        "chats": [_summary(avito.chats[chat_id]) for chat_id in ids],
        "deliver": avito.delivers,
    }


ACTIONS = {
    "avito/accounts": add_account,
    "avito/chats": add_chat,
    "avito/say": say,
    "avito/webhooks": set_webhooks,
}
VIEWS = {"avito/chats/{chat_id}": show_chat}
