"""What Avito remembers."""

import secrets
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(kw_only=True)
class Account:
    """A seller. ``chat_ids`` is ordered by the chats' last change (values mean nothing).

    ``refuse`` is the status of every messenger call: 402 without a subscription, 403 without the
    scope.
    """

    user_id: int
    client_id: str
    client_secret: str
    name: str
    tokens_issued: int = 0
    refuse: int | None = None
    webhooks: list[str] = field(default_factory=list)
    chat_ids: dict[str, bool] = field(default_factory=dict)
    blacklist: list[Json] = field(default_factory=list)

    def has_banned(self, buyer_id: int) -> bool:
        return any(user["user_id"] == buyer_id for user in self.blacklist)


@dataclass(kw_only=True)
class Token:
    user_id: int
    expires_at: float


@dataclass(kw_only=True)
class Message:
    """A message; ``read_at`` is when the side that did not write it read it, ``quote`` the id of
    the message that it answers."""

    id: str
    author_id: int
    created: int
    type: str
    content: Json
    read_at: int | None = None
    quote: str | None = None
    revision: int = 0


@dataclass(kw_only=True)
class Chat:
    """``messages`` is in the order of writing; ``read_at`` is the seller's last reading."""

    id: str
    user_id: int
    type: str
    buyer_id: int
    buyer_name: str
    item: Json
    created: int
    updated: int
    read_at: int | None = None
    unread: list[str] = field(default_factory=list)
    messages: dict[str, Message] = field(default_factory=dict)
    revision: int = 0


@dataclass(kw_only=True)
class Image:
    """An uploaded or said picture; its content lies in the sandbox's file store."""

    id: str
    user_id: int | None
    file: str
    content_type: str


@dataclass(kw_only=True)
class Voice:
    """A buyer's voice message; ``user_id`` is the account that may hear it."""

    id: str
    user_id: int
    file: str


def _new_key() -> str:
    return secrets.token_hex(32)


@dataclass(kw_only=True)
class AvitoState:
    """``link_key`` signs the addresses of voices; ``tells_deletions`` is whether a webhook comes
    when a message is deleted, which nobody outside Avito knows.
    """

    accounts: dict[int, Account] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    chats: dict[str, Chat] = field(default_factory=dict)
    images: dict[str, Image] = field(default_factory=dict)
    voice_messages: dict[str, Voice] = field(default_factory=dict)
    link_key: str = field(default_factory=_new_key)
    delivers: bool = True
    tells_deletions: bool = True

    def account_of_client(self, client_id: str) -> Account | None:
        return next((a for a in self.accounts.values() if a.client_id == client_id), None)
