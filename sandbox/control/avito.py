"""Avito's accounts and chats; what their people do is ``avito_people``."""

import secrets
import time
from collections.abc import Callable
from typing import Any

from aiohttp import web

from sandbox.avito import talking
from sandbox.avito.media import voice_content
from sandbox.avito.state import Account, Chat, Message
from sandbox.avito.wire import message_json
from sandbox.core import Sandbox

from . import avito_people as people
from .avito_people import find_chat
from .bodies import Body, ControlError
from .queries import whole_number

Json = dict[str, Any]

CHAT_TYPES = ("u2i", "u2u", "a2u")
REFUSALS = (402, 403)


def _new_id() -> int:
    return 100_000_000 + secrets.randbelow(800_000_000)


def add_account(sandbox: Sandbox, body: Body) -> Json:
    """A seller; one of a known ``client_id`` gets the new secret and refusal (none: none)."""
    state = sandbox.world.avito
    client_id, client_secret = body.text("client_id"), body.text("client_secret")
    name = body.text("name", "Продавец")
    user_id, refuse = body.integer("user_id", None, least=1), _refusal(body)
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
    account.client_secret, account.refuse = client_secret, refuse
    sandbox.changed()
    return {"user_id": account.user_id}


def _refusal(body: Body) -> int | None:
    status: int | None = body.integer("refuse", None)
    if status not in (None, *REFUSALS):
        raise ControlError(f"refuse must be one of {', '.join(map(str, REFUSALS))}, or null")
    return status


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


def set_webhooks(sandbox: Sandbox, body: Body) -> Json:
    """While ``deliver`` is false, events go nowhere: only polling finds what they would tell.

    While ``deletions`` is false, this is so for deleted messages.
    """
    state = sandbox.world.avito
    if "deliver" not in body and "deletions" not in body:
        raise ControlError("deliver or deletions is required")
    delivers = body.flag("deliver", state.delivers)
    deletions = body.flag("deletions", state.tells_deletions)
    body.done()
    state.delivers, state.tells_deletions = delivers, deletions
    sandbox.changed()
    return {"ok": True}


def show_chat(sandbox: Sandbox, request: web.Request) -> Json:
    """A chat as its buyer sees it; with ``after`` only messages changed since that revision."""
    chat = find_chat(sandbox, request.match_info["chat_id"])
    after = whole_number(request, "after", 0) or 0
    changed: list[Message] = []
    if chat.revision > after:
        changed = [m for m in chat.messages.values() if m.revision > after]
    return {
        **_summary(sandbox, chat),
        "messages": [message_json(chat, message) for message in changed],
        "read": chat.read_at is not None and not chat.unread,
        "read_at": chat.read_at,
    }


def _summary(sandbox: Sandbox, chat: Chat) -> Json:
    account = sandbox.world.avito.accounts[chat.user_id]
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
        "banned": account.has_banned(chat.buyer_id),
        "revision": chat.revision,
        "last_message": message_json(chat, last) if last is not None else None,
    }


def show_voice(sandbox: Sandbox, request: web.Request) -> web.Response:
    """The content of a voice message, however old its links are."""
    content = voice_content(sandbox, request.match_info["voice_id"])
    if content is None:
        raise ControlError("unknown voice_id", status=404)
    return web.Response(body=content, content_type="audio/mp4")


def _account_summary(account: Account) -> Json:
    names = (
        "user_id",
        "client_id",
        "client_secret",
        "name",
        "tokens_issued",
        "refuse",
        "webhooks",
        "blacklist",
    )
    return {name: getattr(account, name) for name in names}


def state(sandbox: Sandbox) -> Json:
    """Accounts and chats, the chat that changed last first."""
    avito = sandbox.world.avito
    ids = [i for account in avito.accounts.values() for i in reversed(account.chat_ids)]
    return {
        "accounts": [_account_summary(account) for account in avito.accounts.values()],
        "chats": [_summary(sandbox, avito.chats[chat_id]) for chat_id in ids],
        "deliver": avito.delivers,
        "deletions": avito.tells_deletions,
    }


ACTIONS = {
    "avito/accounts": add_account,
    "avito/chats": add_chat,
    "avito/webhooks": set_webhooks,
    **{f"avito/{name}": action for name, action in people.ACTIONS.items()},
}
VIEWS: dict[str, Callable[[Sandbox, web.Request], Any]] = {
    "avito/chats/{chat_id}": show_chat,
    "avito/voices/{voice_id}": show_voice,
}
