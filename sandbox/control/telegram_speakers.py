"""Under whose name a person writes in a group: its own, the group's, a channel's, a bot's."""

import time
from dataclasses import dataclass, field
from typing import Any

from sandbox.core import Sandbox
from sandbox.telegram.state import Chat, User
from sandbox.telegram.wire import chat_json

from .bodies import Body, ControlError
from .lookups import find_bot

Json = dict[str, Any]

SPEAKERS = ("anonymous", "channel", "linked_channel", "bot")
# Accounts of Telegram's own, which stand for those who speak for a chat.
ANONYMOUS = {
    "id": 1087968824,
    "is_bot": True,
    "first_name": "Group",
    "username": "GroupAnonymousBot",
}
CHANNEL = {"id": 136817688, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"}
TELEGRAM = {"id": 777000, "is_bot": False, "first_name": "Telegram"}
CHANNEL_CHAT = {"id": -1001000000777, "title": "Channel", "type": "channel"}


@dataclass(frozen=True, kw_only=True)
class Speaker:
    """``sender`` as ``from`` shows it, and what else the message says of it."""

    sender: Json
    facts: Json = field(default_factory=dict)


def read_speaker(sandbox: Sandbox, body: Body, chat: Chat, user: User) -> Speaker:
    """Who ``body`` says is speaking: ``as`` names it, ``by_bot`` the bot where it is one.

    :raises ControlError: it is unknown, or there is no group to speak in.
    """
    name = body.one_of("as", SPEAKERS, None)
    if name is None:
        return Speaker(sender=user.as_user())
    if chat.type == "private":
        raise ControlError("in a private chat the person speaks for itself")
    if name == "anonymous":
        facts = {"sender_chat": chat_json(sandbox.world.telegram, chat)}
        return Speaker(sender=ANONYMOUS, facts=facts)
    if name == "channel":
        return Speaker(sender=CHANNEL, facts={"sender_chat": CHANNEL_CHAT})
    if name == "linked_channel":
        return Speaker(sender=TELEGRAM, facts=_forwarded())
    return Speaker(sender=find_bot(sandbox, body.raw("by_bot")).as_user())


def _forwarded() -> Json:
    origin = {
        "type": "channel",
        "chat": CHANNEL_CHAT,
        "message_id": 1,
        "date": int(time.time()),
        "author_signature": "Editor",
    }
    return {"sender_chat": CHANNEL_CHAT, "is_automatic_forward": True, "forward_origin": origin}
