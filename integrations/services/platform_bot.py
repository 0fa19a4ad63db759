"""The platform's own bot, as the environment names it."""

import logging

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from config.lib.errors import AppError, ConflictError
from integrations.models import Bot
from integrations.services import bots
from integrations.services.bot_commands import tell_commands

logger = logging.getLogger(__name__)

NAME = "Depesha"


def connect_platform_bot() -> Bot | None:
    """Put the bot of ``TELEGRAM_BOT_TOKEN`` into service; a repeat only sets its webhook anew,
    and tells Telegram its commands.

    Whose token was changed gets the new one. A bot that staff has switched off stays off.

    :returns: the bot, whose ``last_error`` says why it has no webhook; ``None`` without a token.
    :raises ConflictError: ``platform_bot_taken``: another bot is the platform's; ``bot_taken``:
        this one is an organization's.
    :raises InputError: ``token_refused``: Telegram does not know the token.
    :raises OutsideWorldError: Telegram does not answer; nothing is changed.
    """
    token = settings.TELEGRAM_BOT_TOKEN
    if not token:
        return None
    bot = Bot.objects.filter(is_platform=True).first()
    if bot is None:
        bot = _create(token)
    elif str(bot.telegram_id) != token.partition(":")[0]:
        text = _("Another bot is the platform's own. Delete it first.")
        raise ConflictError(text, code="platform_bot_taken")
    elif bots.open_token(bot) != token:
        bot = bots.update_bot(actor=None, bot=bot, changes=bots.BotChanges(token=token))
    elif bot.status == Bot.Status.ACTIVE:
        bot = bots.set_webhook(bot)
    bot.refresh_from_db()
    if bot.status == Bot.Status.ACTIVE:
        list_commands_of(bot)
    return bot


def list_commands_of(bot: Bot) -> None:
    """Have Telegram list the bot's commands; a failure is logged, for the bot works without."""
    try:
        tell_commands(bot)
    except AppError as error:
        logger.warning("commands not told", extra={"bot": str(bot.pk), "error": str(error)})


def _create(token: str) -> Bot:
    with transaction.atomic():
        home, _is_new = Organization.objects.get_or_create(
            is_installation=True, defaults={"name": NAME}
        )
    return bots.create_bot(actor=None, organization=home, name=NAME, token=token, is_platform=True)
