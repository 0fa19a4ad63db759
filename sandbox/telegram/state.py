"""What Telegram remembers. Wire objects are kept as the JSON that goes out."""

import secrets
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


def _first_update_id() -> int:
    # Random, as after a silent week at the original: "greater than the last" means nothing.
    return 100_000_000 + secrets.randbelow(800_000_000)


@dataclass(kw_only=True)
class Webhook:
    url: str
    secret_token: str | None = None
    max_connections: int = 40
    ip_address: str | None = None
    has_certificate: bool = False
    last_error_at: int | None = None
    last_error: str | None = None


@dataclass(kw_only=True)
class Update:
    """An event on its way to one bot; ``lane`` is the chat whose order it keeps."""

    update_id: int
    lane: int
    at: float
    kind: str
    body: Json

    def as_json(self) -> Json:
        return {"update_id": self.update_id, self.kind: self.body}


@dataclass(kw_only=True)
class Bot:
    id: int
    token: str
    username: str
    first_name: str
    webhook: Webhook | None = None
    allowed_updates: list[str] = field(default_factory=list)
    pending: dict[int, Update] = field(default_factory=dict)
    # After ``pending``, as they are written in this order while updates may come in.
    next_update_id: int = field(default_factory=_first_update_id)
    started: set[int] = field(default_factory=set)
    blocked: set[int] = field(default_factory=set)
    queries: dict[str, Json | None] = field(default_factory=dict)
    commands: dict[str, list[Json]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    menu_buttons: dict[str, Json] = field(default_factory=dict)

    def as_user(self) -> Json:
        return {
            "id": self.id,
            "is_bot": True,
            "first_name": self.first_name,
            "username": self.username,
        }


@dataclass(kw_only=True)
class User:
    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None
    is_premium: bool | None = None

    def as_user(self) -> Json:
        known = {name: value for name, value in vars(self).items() if value is not None}
        return {"id": self.id, "is_bot": False, **known}


@dataclass(kw_only=True)
class Topic:
    id: int
    name: str
    icon_color: int
    icon_custom_emoji_id: str | None = None
    creator_id: int | None = None
    closed: bool = False
    deleted: bool = False
    pinned: list[int] = field(default_factory=list)


@dataclass(kw_only=True)
class Message:
    """A wire ``body`` with what only the sandbox knows: ``bot_id`` is whose private chat it is
    in, ``sender_id`` who wrote it, ``revision`` when it last changed in its chat."""

    body: Json
    sender_id: int
    bot_id: int | None = None
    revision: int = 0
    service: str | None = None
    edited: bool = False
    deleted: bool = False
    reactions: dict[int, list[Json]] = field(default_factory=dict)

    @property
    def id(self) -> int:
        return int(self.body["message_id"])

    @property
    def thread_id(self) -> int | None:
        return self.body.get("message_thread_id")


@dataclass(kw_only=True)
class Membership:
    """A bot's place in a group: ``status`` as in ChatMember, ``rights`` it was refused or given.

    An administrator has every right that is not refused, a restricted bot only what is given.
    """

    status: str = "administrator"
    rights: dict[str, bool] = field(default_factory=dict)

    def may(self, right: str) -> bool:
        return self.status == "administrator" and self.rights.get(right, True)


@dataclass(kw_only=True)
class Chat:
    """A private chat (its id is the person's, whichever bot it is with) or a group.

    ``messages`` is ordered by their last change, so that what changed lately is found at the end.
    """

    id: int
    type: str
    title: str | None = None
    is_forum: bool = False
    owner_id: int | None = None
    bots: dict[int, Membership] = field(default_factory=dict)
    topics: dict[int, Topic] = field(default_factory=dict)
    pinned: list[int] = field(default_factory=list)
    messages: dict[int, Message] = field(default_factory=dict)
    last_message_id: int = 0
    revision: int = 0
    migrated_to: int | None = None

    def touch(self, message: Message) -> None:
        """Put ``message`` (new or changed) at the end of the order of changes."""
        self.revision += 1
        message.revision = self.revision
        self.messages.pop(message.id, None)
        self.messages[message.id] = message


@dataclass(kw_only=True)
class StoredFile:
    """``path`` is Telegram's name for it; the content lies in the sandbox's file store.

    ``kind`` and ``shown`` are the part of a message in which it stands: what a bot that names the
    file id sends again.
    """

    file_id: str
    unique_id: str
    path: str
    size: int
    content_type: str
    kind: str = "photo"
    shown: Json = field(default_factory=dict)
    # Until when (Unix time) the address that getFile gave out works.
    served_until: float = 0.0


@dataclass(kw_only=True)
class TelegramState:
    bots: dict[str, Bot] = field(default_factory=dict)
    users: dict[int, User] = field(default_factory=dict)
    chats: dict[int, Chat] = field(default_factory=dict)
    files: dict[str, StoredFile] = field(default_factory=dict)

    def find_bot(self, reference: Any) -> Bot | None:
        """The bot of this token, username or id."""
        if isinstance(reference, str) and reference in self.bots:
            return self.bots[reference]
        name = str(reference).removeprefix("@")
        return next((b for b in self.bots.values() if name in (b.username, str(b.id))), None)
