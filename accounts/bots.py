"""Which bots can vouch for people: the seam to the app above that keeps them."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from accounts.telegram.errors import TelegramRefusedError
from config.lib.registry import Registry

PLATFORM = "platform"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class KnownBot:
    """A bot that is in service here.

    :param telegram_id: its id in Telegram.
    :param organization_id: whose it is.
    :param open_token: opens its token; raises ``UnavailableError`` when secrets cannot be read.
    """

    id: uuid.UUID
    telegram_id: int
    username: str
    organization_id: uuid.UUID
    is_platform: bool
    open_token: Callable[[], str]


# Each entry finds a bot by "platform", by our id or Telegram's, or by user name.
bot_directory: Registry[Callable[[str], KnownBot | None]] = Registry("bot directory")


def get_bot(name: str) -> KnownBot:
    """Return the bot that a caller names; only that one is ever asked.

    :param name: ``platform``, the bot's id here or in Telegram, or its user name.
    :raises TelegramRefusedError: ``telegram_bot_unknown``.
    """
    if _NAME.fullmatch(name):
        for find in bot_directory.values():
            if (bot := find(name)) is not None:
                return bot
    raise TelegramRefusedError("telegram_bot_unknown")
