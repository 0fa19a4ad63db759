"""The channel "avito": one call in the name of an account, and what it spends."""

import asyncio
import logging
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connection

from config.lib.http import OutsideError, SignInError, TooManyRequestsError
from integrations.avito.errors import (
    BAD_CREDENTIALS,
    REFUSED_HOLD_SECONDS,
    outcome_of,
    refusal_code,
)
from integrations.avito.methods import FREE, METHODS, WRITES
from integrations.models import AvitoAccount, Delivery
from integrations.services.avito_accounts import mark_refused
from integrations.services.avito_tokens import AccountUnusableError, access
from integrations.services.calls import Call, Limit, Outcome, Status
from integrations.services.rates import limit_per_second
from integrations.services.secrets import SecretsUnavailableError

logger = logging.getLogger(__name__)

THREADS = 16
SWITCHED_OFF_HOLD_SECONDS = 60.0
LONGEST_BACKOFF_SECONDS = 60.0
# How often in a row an account was told to wait without being told how long.
_refused_in_a_row: dict[UUID, int] = {}


async def send(sender: str, call: Call) -> Outcome:
    """Make one call in the name of ``avito:<uuid>``; never raises for what the outside does.

    Methods: ``send_text {chat_id, text}``, ``upload_image {stored_file}`` with the
    answer ``{image_id}``, ``send_image {chat_id, image_id}``,
    ``delete_message {chat_id, message_id}``, ``mark_read {chat_id}``, ``get_chat {chat_id}``,
    ``list_messages {chat_id, limit}``, ``fetch_image {organization_id, url}`` and
    ``fetch_voice {organization_id, voice_id}`` with the answer ``{stored_file}``, and
    ``ban {user_id, item_id?, reason}``.
    """
    work = copy_context().run
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_threads(), work, _send_in_thread, sender, call)


def limits(delivery: Delivery, call: Call) -> Sequence[Limit]:
    """Return whose allowances a call spends: the account's; a chat's where a message is written.

    Avito documents no numbers: these are settings.
    """
    if call.method in FREE:
        return []
    found = [limit_per_second(delivery.sender, settings.AVITO_PER_SECOND)]
    if call.method in WRITES:
        key = f"{delivery.sender}:{call.params['chat_id']}"
        found.append(limit_per_second(key, settings.AVITO_CHAT_PER_SECOND))
    return found


def _send_in_thread(sender: str, call: Call) -> Outcome:
    account_id = UUID(sender.partition(":")[2])
    try:
        return _send(account_id, call)
    except AccountUnusableError as error:
        return _unusable(error.status)
    except SecretsUnavailableError as error:
        return Outcome(Status.RETRY, code=error.error_code, text=str(error.detail))
    except DatabaseError as error:
        return Outcome(Status.RETRY, code="database", text=type(error).__name__)
    finally:
        # Most calls need no database: their token is known. A connection for each of the
        # threads would be kept for nothing.
        connection.close()


def _send(account_id: UUID, call: Call) -> Outcome:
    try:
        result = _call(account_id, call)
    except OutsideError as error:
        refusal = refusal_code(error)
        if refusal:
            mark_refused(account_id=account_id, status=refusal, text=str(error))
        return outcome_of(error, backoff_seconds=_backoff(account_id, error))
    except (KeyError, TypeError) as error:
        status = Status.AMBIGUOUS if call.method in WRITES else Status.RETRY
        return Outcome(status, code="bad_answer", text=type(error).__name__)
    _refused_in_a_row.pop(account_id, None)
    return Outcome(Status.SENT, result=result)


def _call(account_id: UUID, call: Call) -> Any:
    """Make the call; with a token that is refused, once more with a new one."""
    method = METHODS[call.method]
    entry = access(account_id)
    try:
        return method(entry.client, call.params)
    except SignInError:
        return method(access(account_id, refused=entry.token).client, call.params)


def _backoff(account_id: UUID, error: OutsideError) -> float:
    """Return seconds to wait: doubled each time, with jitter; a named time starts anew."""
    if not isinstance(error, TooManyRequestsError) or error.retry_after is not None:
        _refused_in_a_row.pop(account_id, None)
        return 0.0
    times = _refused_in_a_row[account_id] = _refused_in_a_row.get(account_id, 0) + 1
    spread = 1 + random.random() / 5  # noqa: S311 - jitter is not a secret
    return float(min(LONGEST_BACKOFF_SECONDS, 2.0 ** min(times, 10)) * spread)


def _unusable(status: str) -> Outcome:
    """Hold the whole sender while its account is off; one that is gone will never send."""
    if not status:
        return Outcome(Status.PERMANENT, code="sender_gone", text="The account was deleted.")
    is_bad = status == AvitoAccount.Status.BAD_CREDENTIALS
    return Outcome(
        Status.LIMITED,
        code=BAD_CREDENTIALS if is_bad else "sender_inactive",
        text="The account is not active.",
        retry_after=REFUSED_HOLD_SECONDS if is_bad else SWITCHED_OFF_HOLD_SECONDS,
        whole_sender=True,
    )


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="avito")
