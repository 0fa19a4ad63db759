"""Chats, members and messages as bots see them."""

from typing import Any

from .permissions import PERMISSIONS
from .state import Bot, Chat, Membership, Message, TelegramState, User

Json = dict[str, Any]

RIGHTS = (
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_pin_messages",
    "can_manage_topics",
)


def chat_json(state: TelegramState, chat: Chat) -> Json:
    """The chat as it stands inside a message."""
    if chat.type == "private":
        user = state.users[chat.id].as_user()
        names = ("first_name", "last_name", "username")
        return {
            "id": chat.id,
            **{name: user[name] for name in names if name in user},
            "type": "private",
        }
    body: Json = {"id": chat.id, "title": chat.title, "type": chat.type}
    if chat.is_forum:
        body["is_forum"] = True
    return body


def bot_member(bot: Bot, membership: Membership) -> Json:
    """A bot's ChatMember in a group."""
    body: Json = {"user": bot.as_user(), "status": membership.status}
    if membership.status == "administrator":
        rights = {right: membership.may(right) for right in RIGHTS}
        return {**body, "can_be_edited": False, "is_anonymous": False, **rights}
    if membership.status == "restricted":
        body |= {name: membership.rights.get(name, False) for name in PERMISSIONS}
        body["is_member"] = True
    if membership.status in ("kicked", "restricted"):
        body["until_date"] = 0
    return body


def user_member(user: User, *, owner: bool) -> Json:
    """A person's ChatMember in a group."""
    if owner:
        return {"user": user.as_user(), "status": "creator", "is_anonymous": False}
    return {"user": user.as_user(), "status": "member"}


def message_json(chat: Chat, message: Message) -> Json:
    """The message with the one that it answers inside it.

    Where a person writes into a topic without answering anything, Telegram gives the message that
    opened the topic.
    """
    body = dict(message.body)
    reply_id = body.pop("reply_to_message_id", None)
    if reply_id is None and not message.service:
        reply_id = message.thread_id
    answered = chat.messages.get(reply_id) if reply_id is not None else None
    if answered is not None and not answered.deleted:
        inner = dict(answered.body)
        inner.pop("reply_to_message_id", None)
        body["reply_to_message"] = inner
    return body
