"""What is held while a bot's group cannot be used, and how it is let go."""

from django.db import transaction
from django.db.models.functions import Now

from integrations.models import Bot, Delivery
from integrations.services.holds import place_hold, release_hold

PUMP = "integrations.pump_telegram"
REASON = "group_refused"
# Longer than the pause between two looks, each of which places it anew: nothing is tried
# meanwhile. Where nobody looks any more, a delivery tries by itself when it has passed.
HOLD_SECONDS = 900.0
_CHAT_PARTS = 3


def group_key(bot: Bot, chat_id: int) -> str:
    """Return the allowance that everything written to a bot's group spends."""
    return f"{bot.sender}:{chat_id}"


def chat_of(budget_key: str) -> int | None:
    """Return the group whose allowance this is, or ``None`` if it is no group's."""
    parts = budget_key.split(":")
    is_chat = len(parts) == _CHAT_PARTS and parts[2].removeprefix("-").isdecimal()
    return int(parts[2]) if is_chat else None


def hold(bot: Bot, chat_id: int) -> None:
    """Let nothing go to a bot's group."""
    place_hold(key=group_key(bot, chat_id), seconds=HOLD_SECONDS, reason=REASON)


@transaction.atomic
def release(bot: Bot, chat_id: int) -> None:
    """Let everything that is to go to a bot's group go at once, in its order."""
    key = group_key(bot, chat_id)
    waiting = Delivery.objects.filter(
        channel="telegram",
        budget_key=key,
        state__in=(Delivery.State.QUEUED, Delivery.State.RETRY),
        needs_person=False,
        not_before__gt=Now(),
    )
    waiting.update(not_before=Now())
    release_hold(key=key, task=PUMP, reason=REASON)
