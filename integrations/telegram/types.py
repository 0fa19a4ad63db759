"""The parts of the Bot API's types that we read."""

from typing import Any, NotRequired, TypedDict


class Me(TypedDict):
    """``getMe``."""

    id: int
    is_bot: bool
    first_name: str
    username: str
    can_join_groups: NotRequired[bool]
    can_read_all_group_messages: NotRequired[bool]


class WebhookInfo(TypedDict):
    """``getWebhookInfo``."""

    url: str
    pending_update_count: int
    last_error_date: NotRequired[int]
    last_error_message: NotRequired[str]
    max_connections: NotRequired[int]
    allowed_updates: NotRequired[list[str]]


class ChatInfo(TypedDict):
    """``getChat``."""

    id: int
    type: str
    title: NotRequired[str]
    is_forum: NotRequired[bool]


class ChatMember(TypedDict):
    """``getChatMember``; rights are there for administrators only."""

    status: str
    user: dict[str, Any]
    can_manage_topics: NotRequired[bool]
    can_pin_messages: NotRequired[bool]
    can_delete_messages: NotRequired[bool]
