"""The channel "telegram": one call in the name of a bot."""

import asyncio
import logging
from typing import Any
from uuid import UUID

from django.db import DatabaseError, connection
from telegram.error import TelegramError

from integrations.media.images import BadImageError
from integrations.metrics import REFUSED_FOR_PACE, UNREACHABLE
from integrations.models import Bot
from integrations.services.bots import mark_token_refused
from integrations.services.calls import Call, Outcome, Status
from integrations.services.files import FileGoneError
from integrations.services.secrets import SecretsUnavailableError
from integrations.telegram.client import CallingBot, SenderUnusableError, bots
from integrations.telegram.errors import BAD_TOKEN, BAD_TOKEN_HOLD_SECONDS, outcome_of
from integrations.telegram.files import FETCH_IMAGE, fetch_image, with_contents

logger = logging.getLogger(__name__)

GONE_CODES = frozenset({"bot_blocked", "bot_kicked", "user_deactivated"})
SWITCHED_OFF_HOLD_SECONDS = 60.0


async def send(sender: str, call: Call) -> Outcome:
    """Make one call in the name of ``bot:<uuid>``; never raises for what the outside does.

    Besides the methods of the Bot API there is ``fetchImage {organization_id, file_id}`` with the
    answer ``{stored_file}``. A parameter ``{"stored_file": id}`` stands for that file's content,
    and bytes are a PNG.
    A refused token switches the bot off and tells its owner.
    """
    try:
        bot = await bots().get(sender)
    except SenderUnusableError as error:
        return _unusable(error.status)
    except SecretsUnavailableError as error:
        return Outcome(Status.RETRY, code=error.error_code, text=str(error.detail))
    except DatabaseError as error:
        return Outcome(Status.RETRY, code="database", text=type(error).__name__)
    try:
        return Outcome(Status.SENT, result=await _call(bot, call))
    except FileGoneError:
        return Outcome(Status.PERMANENT, code="file_gone", text="The file is no longer there.")
    except BadImageError as error:
        return Outcome(Status.PERMANENT, code="bad_image", text=str(error))
    except (TelegramError, KeyError) as error:
        outcome = outcome_of(error)
    await _react(sender, bot.token, outcome)
    return outcome


async def _call(bot: CallingBot, call: Call) -> Any:
    if call.method == FETCH_IMAGE:
        return await fetch_image(bot, call.params)
    return await bot.call(call.method, await with_contents(call.params))


async def _react(sender: str, token: str, outcome: Outcome) -> None:
    if outcome.code == "limited":
        REFUSED_FOR_PACE.labels(sender.partition(":")[2]).inc()
    elif outcome.code in GONE_CODES:
        UNREACHABLE.inc()
    elif outcome.code == BAD_TOKEN:
        bots().forget(sender)
        await asyncio.to_thread(_note_refusal, sender, token, outcome.text)


def _note_refusal(sender: str, token: str, text: str) -> None:
    bot_id = UUID(sender.partition(":")[2])
    try:
        mark_token_refused(bot_id=bot_id, token=token, text=text)
    except (DatabaseError, SecretsUnavailableError):
        logger.exception("refused token not noted", extra={"sender": sender})
    finally:
        connection.close()


def _unusable(status: str) -> Outcome:
    """Hold the whole sender while its bot is off; a bot that is gone will never send."""
    if not status:
        return Outcome(Status.PERMANENT, code="sender_gone", text="The bot was deleted.")
    is_bad = status == Bot.Status.BAD_TOKEN
    return Outcome(
        Status.LIMITED,
        code=BAD_TOKEN if is_bad else "sender_inactive",
        text="The bot is not active.",
        retry_after=BAD_TOKEN_HOLD_SECONDS if is_bad else SWITCHED_OFF_HOLD_SECONDS,
        whole_sender=True,
    )
