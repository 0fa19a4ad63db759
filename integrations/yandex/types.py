"""The parts of the Bot API's types that we read."""

from typing import Any, NotRequired, TypedDict


class Sender(TypedDict):
    """Who wrote: in a chat by ``login``, in a channel by the channel's ``id``."""

    login: NotRequired[str]
    id: NotRequired[str]
    display_name: NotRequired[str]
    robot: NotRequired[bool]


# ``from`` is a word of Python's.
Update = TypedDict(
    "Update",
    {
        "update_id": int,
        "message_id": int,
        "timestamp": int,
        "chat": dict[str, Any],
        "from": Sender,
        "text": NotRequired[str],
    },
)


class BotSelf(TypedDict):
    """The bot itself, as ``self/update`` answers. ``id`` is a UUID."""

    id: str
    login: str
    display_name: NotRequired[str]
    webhook_url: NotRequired[str | None]
