"""Chats and messages as an account sees them."""

from typing import Any

from .state import Account, Chat, Message

Json = dict[str, Any]


def message_json(chat: Chat, message: Message) -> Json:
    out = message.author_id == chat.user_id
    body: Json = {
        "id": message.id,
        "author_id": message.author_id,
        "created": message.created,
        "direction": "out" if out else "in",
        "type": message.type,
        "content": message.content,
        "is_read": out or message.read_at is not None,
        "read": message.read_at,
    }
    quoted = chat.messages.get(message.quote) if message.quote else None
    if quoted is not None:
        names = ("id", "author_id", "created", "type", "content")
        body["quote"] = {name: getattr(quoted, name) for name in names}
    return body


def chat_json(chat: Chat, account: Account) -> Json:
    body: Json = {
        "id": chat.id,
        "created": chat.created,
        "updated": chat.updated,
        "users": [
            _user(account.user_id, account.name, chat),
            _user(chat.buyer_id, chat.buyer_name, chat),
        ],
    }
    if chat.type == "u2i":
        body["context"] = {"type": "item", "value": chat.item}
    if chat.messages:
        last = chat.messages[next(reversed(chat.messages))]
        whole = message_json(chat, last)
        names = ("id", "author_id", "created", "direction", "type", "content")
        body["last_message"] = {name: whole[name] for name in names}
    return body


def _user(user_id: int, name: str, chat: Chat) -> Json:
    profile = {
        "user_id": user_id,
        "item_id": chat.item.get("id"),
        "url": f"https://avito.ru/user/{user_id}/profile",
        "avatar": {"default": "https://www.avito.st/stub_avatars/_/14_256x256.png", "images": {}},
    }
    return {"id": user_id, "name": name, "public_user_profile": profile}
