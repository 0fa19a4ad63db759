"""Which lane a dialog's deliveries keep, who sends them, and whose allowance they spend."""

import uuid
from dataclasses import dataclass

from dialogs.models import Dialog
from integrations.models import AvitoAccount, Bot

# Stands in a delivery until its dialog has a bot; nothing is ever sent in its name.
NO_BOT = "bot:unassigned"


@dataclass(frozen=True, slots=True)
class Route:
    """The ``sender`` and the ``budget_key`` of a delivery."""

    sender: str
    budget_key: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where in Telegram a dialog is mirrored now.

    :param topic_id: ``None`` when the topic is yet to be made, or when the group has none.
    :param has_topics: whether each dialog is to have a topic of its own.
    """

    bot: Bot
    chat_id: int
    topic_id: int | None
    has_topics: bool

    @property
    def budget_key(self) -> str:
        return f"{self.bot.sender}:{self.chat_id}"


def telegram_lane(dialog_id: uuid.UUID) -> str:
    return f"dialog:{dialog_id}:telegram"


def telegram_side_lane(dialog_id: uuid.UUID) -> str:
    """Return the lane for what need not stand between two messages, such as a pin."""
    return f"dialog:{dialog_id}:telegram-side"


def avito_lane(dialog_id: uuid.UUID) -> str:
    return f"dialog:{dialog_id}:avito"


def avito_read_lane(dialog_id: uuid.UUID) -> str:
    """Return the lane for reading on Avito, which must not hold up what is said there."""
    return f"dialog:{dialog_id}:avito-read"


def find_place(dialog: Dialog) -> Place | None:
    """Return where the dialog is mirrored, or ``None`` while there is no working bot or group.

    It follows the account's bot and the bot's group: a topic in a group that the bot has left
    behind counts as none.
    """
    bot = dialog.avito_account.bot if dialog.avito_account else None
    if bot is None or bot.group_chat_id is None or bot.status != Bot.Status.ACTIVE:
        return None
    is_here = dialog.bot_id == bot.pk and dialog.telegram_chat_id == bot.group_chat_id
    return Place(
        bot=bot,
        chat_id=bot.group_chat_id,
        topic_id=dialog.telegram_topic_id if is_here and bot.topic_mode else None,
        has_topics=bot.topic_mode,
    )


def attachment_lane(attachment_id: int) -> str:
    """Return the lane for fetching one attachment, which waits for no other."""
    return f"attachment:{attachment_id}"


def telegram_route(dialog: Dialog) -> Route:
    """Return the way to the dialog's group; while there is none, one that leads nowhere."""
    place = find_place(dialog)
    if place is None:
        return Route(sender=NO_BOT, budget_key=f"{NO_BOT}:{dialog.pk}")
    return Route(sender=place.bot.sender, budget_key=place.budget_key)


def avito_route(account: AvitoAccount, dialog: Dialog) -> Route:
    return Route(sender=account.sender, budget_key=f"{account.sender}:{dialog.external_id}")
