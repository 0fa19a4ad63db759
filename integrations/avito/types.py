"""The parts of the Messenger API's types that we read."""

from typing import Any, NotRequired, TypedDict


class Token(TypedDict):
    """``POST /token``. ``expires_in`` is in seconds."""

    access_token: str
    expires_in: int
    token_type: str


class Self(TypedDict):
    """``GET /core/v1/accounts/self``."""

    id: int
    name: NotRequired[str]
    profile_url: NotRequired[str]


class Message(TypedDict):
    """A message as v3 lists it. ``created`` is in Unix seconds: no order within a second."""

    id: str
    author_id: int
    created: int
    direction: str
    type: str
    content: dict[str, Any]
    is_read: NotRequired[bool]
    read: NotRequired[int | None]
    # Only lists tell of it.
    quote: NotRequired[dict[str, Any] | None]


class Chat(TypedDict):
    """A chat as v2 lists it. ``updated`` is in Unix seconds."""

    id: str
    created: int
    updated: int
    users: list[dict[str, Any]]
    context: NotRequired[dict[str, Any]]
    last_message: NotRequired[Message]


class Subscription(TypedDict):
    """A webhook that Avito calls."""

    url: str
    version: str
