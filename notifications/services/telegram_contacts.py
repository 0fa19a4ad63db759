"""What updates of the platform's bot tell about who can be reached."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from accounts.models import User
from integrations.models import Bot
from notifications.models import ChannelAddress
from notifications.services.addresses import set_state

_GONE = ("kicked", "left")


def note_start(*, bot_id: UUID, message: Mapping[str, Any]) -> None:
    """Note that a person who writes to the platform's bot in private can be reached again."""
    if message["chat"].get("type") == "private" and "from" in message:
        _note(bot_id, message["from"]["id"], ChannelAddress.State.ACTIVE)


def note_membership(*, bot_id: UUID, update: Mapping[str, Any]) -> None:
    """Note that a person has blocked the platform's bot, or lets it write again.

    :param update: a Bot API ``ChatMemberUpdated`` of the bot itself.
    """
    if update["chat"].get("type") != "private":
        return
    is_gone = update["new_chat_member"]["status"] in _GONE
    state = ChannelAddress.State.BLOCKED if is_gone else ChannelAddress.State.ACTIVE
    _note(bot_id, update["chat"]["id"], state)


def _note(bot_id: UUID, telegram_id: int, state: ChannelAddress.State) -> None:
    user = User.objects.filter(telegram_id=telegram_id).first()
    if user is None or not Bot.objects.filter(pk=bot_id, is_platform=True).exists():
        return
    set_state(user, ChannelAddress.Channel.TELEGRAM, state)
