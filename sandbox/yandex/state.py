"""What Yandex Messenger remembers."""

import uuid
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


def _new_id() -> str:
    return str(uuid.uuid4())


@dataclass(kw_only=True)
class Bot:
    """A bot of an organization; ``pending`` is what it has not fetched or not taken yet."""

    token: str
    login: str
    display_name: str
    id: str = field(default_factory=_new_id)
    webhook_url: str | None = None
    next_update_id: int = 1_571_239
    pending: list[Json] = field(default_factory=list)


@dataclass(kw_only=True)
class Person:
    """``is_closed``: privacy settings keep bots out; ``is_foreign``: of another organization."""

    login: str
    display_name: str
    id: str = field(default_factory=_new_id)
    is_closed: bool = False
    is_foreign: bool = False


@dataclass(kw_only=True)
class Message:
    message_id: int
    at: float
    is_bot: bool
    text: str
    payload_id: str | None = None
    disable_notification: bool = False


@dataclass(kw_only=True)
class Chat:
    """What one person and one bot have said, oldest first."""

    bot_login: str
    login: str
    messages: list[Message] = field(default_factory=list)


@dataclass(kw_only=True)
class YandexState:
    """``bots`` by token, ``people`` by login, ``chats`` by ``<bot's login> <login>``.

    ``payload_ids`` is the message that each id of a request came to, by ``<bot's login> <id>``.
    """

    bots: dict[str, Bot] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    chats: dict[str, Chat] = field(default_factory=dict)
    payload_ids: dict[str, int] = field(default_factory=dict)
    last_message_id: int = 1_702_323_240_544_005

    def obtain_chat(self, bot: Bot, login: str) -> Chat:
        name = f"{bot.login} {login}"
        return self.chats.setdefault(name, Chat(bot_login=bot.login, login=login))

    def new_message_id(self) -> int:
        self.last_message_id += 1_000
        return self.last_message_id
