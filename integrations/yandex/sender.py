"""The channel "yandex": one message of the site's bot in Yandex Messenger."""

import asyncio
import random
from collections.abc import Sequence

from django.conf import settings

from config.lib.http import OutsideError, TooManyRequestsError
from integrations.models import Delivery
from integrations.services.calls import Call, Limit, Outcome, Status
from integrations.yandex.client import YandexClient
from integrations.yandex.errors import outcome_of

SENDER = "yandex:site"
WINDOW = 8
SWITCHED_OFF_HOLD_SECONDS = 60.0
BACKOFF_SECONDS = 5.0


async def send(sender: str, call: Call) -> Outcome:
    """Send one message: ``sendText {login, text, payload_id}``."""
    return await asyncio.to_thread(_send, call)


def limits(delivery: Delivery, call: Call) -> Sequence[Limit]:
    """Return nothing: Yandex publishes no allowances, it says itself when it has enough (429)."""
    return ()


def _send(call: Call) -> Outcome:
    token = settings.YANDEX_BOT_TOKEN
    if not token:
        return Outcome(
            Status.LIMITED,
            code="sender_inactive",
            text="The channel is switched off.",
            retry_after=SWITCHED_OFF_HOLD_SECONDS,
            whole_sender=True,
        )
    try:
        message_id = YandexClient(token).send_text(**call.params)
    except OutsideError as error:
        return outcome_of(error, backoff_seconds=_backoff(error))
    return Outcome(Status.SENT, result={"message_id": message_id})


def _backoff(error: OutsideError) -> float:
    if not isinstance(error, TooManyRequestsError):
        return 0.0
    # Senders that were refused together shall not come back together.
    return BACKOFF_SECONDS * (1 + random.random() / 5)  # noqa: S311 - jitter is not a secret
