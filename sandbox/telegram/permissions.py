"""What a bot that is restricted in a group may send there."""

from typing import Any

from .errors import bad_request
from .state import Chat

Json = dict[str, Any]

# Of ChatMemberRestricted; a restricted bot has those that it was left.
PERMISSIONS = (
    "can_send_messages",
    "can_send_audios",
    "can_send_documents",
    "can_send_photos",
    "can_send_videos",
    "can_send_video_notes",
    "can_send_voice_notes",
    "can_send_polls",
    "can_send_other_messages",
    "can_add_web_page_previews",
    "can_react_to_messages",
    "can_edit_tag",
    "can_change_info",
    "can_invite_users",
    "can_pin_messages",
    "can_manage_topics",
)
# By the field of the message, the more telling one first: its permission, its name in refusals.
_SENDING = {
    "photo": ("can_send_photos", "photos"),
    "voice": ("can_send_voice_notes", "voice notes"),
    "audio": ("can_send_audios", "music"),
    "video": ("can_send_videos", "videos"),
    "animation": ("can_send_other_messages", "animations"),
    "video_note": ("can_send_video_notes", "video notes"),
    "sticker": ("can_send_other_messages", "stickers"),
    "document": ("can_send_documents", "documents"),
    "venue": ("can_send_messages", "venues"),
    "location": ("can_send_messages", "locations"),
    "contact": ("can_send_messages", "contacts"),
    "text": ("can_send_messages", "text messages"),
}


def require_sending(chat: Chat, bot_id: int, content: Json) -> None:
    """:raises BotApiError: the bot is restricted in the group and may not send such ``content``."""
    membership = chat.bots.get(bot_id)
    if membership is None or membership.status != "restricted":
        return
    permission, title = next(_SENDING[field] for field in _SENDING if field in content)
    if not membership.rights.get(permission, False):
        raise bad_request(f"not enough rights to send {title} to the chat")
