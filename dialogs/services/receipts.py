"""Receipts: the bot's reaction on what an operator wrote says what became of it.

They leave on the side lane, so that none stands between two messages, and cost the group nothing:
Telegram counts reactions towards the bot alone.
"""

from datetime import timedelta

from django.utils import timezone

from dialogs.models import Dialog, Message
from dialogs.services.routes import find_place, telegram_route, telegram_side_lane
from integrations.models import Delivery
from integrations.services.calls import (
    Again,
    Ambiguity,
    Call,
    Drop,
    Outcome,
    Policy,
    Prepared,
)
from integrations.services.outbox import deliver, number_after

REACTION = "dialogs.reaction"
# Tried through any outage: the newer one takes an older one's place, and a day ends each.
POLICY = Policy(on_ambiguous=Ambiguity.REPEATABLE, max_attempts=None)
LIFE = timedelta(days=1)

DONE = "👌"
DELETED = "🙈"
_OF_STATUS = {
    Message.Status.SENT: DONE,
    Message.Status.DELIVERED: DONE,
    Message.Status.READ: "👀",
    Message.Status.FAILED: "💔",
}


def queue_receipt(message: Message) -> None:
    """Show on an operator's message what became of it; nothing while it waits.

    The caller holds the dialog's lock. What is shown is the state at the time of the call: of
    several receipts on their way the newest counts.
    """
    if message.direction != Message.Direction.TELEGRAM or message.telegram_message_id is None:
        return
    if receipt_of(message):
        _queue(message.dialog, message.telegram_message_id, message_id=message.pk)


def acknowledge(dialog: Dialog, telegram_message_id: int) -> None:
    """Answer a command with a reaction: done."""
    _queue(dialog, telegram_message_id, emoji=DONE)


def receipt_of(message: Message) -> str:
    """Return the emoji of what became of a message, empty while that is open."""
    if message.deleted_at is not None:
        return DELETED
    return _OF_STATUS.get(Message.Status(message.status), "")


def prepare_reaction(delivery: Delivery) -> Prepared:
    payload = delivery.payload
    dialogs = Dialog.objects.select_related("avito_account__bot")
    dialog = dialogs.filter(pk=payload["dialog_id"]).first()
    place = find_place(dialog) if dialog else None
    if place is None or place.budget_key != delivery.budget_key:
        return Drop("the message stands in another group")
    if _is_superseded(delivery):
        return Drop("a newer one shows it")
    emoji = payload["emoji"] or _current(payload["message_id"])
    if not emoji:
        return Drop("there is nothing to show")
    params = {"chat_id": place.chat_id, "message_id": payload["telegram_message_id"]}
    return Call("setMessageReaction", {**params, "reaction": [{"type": "emoji", "emoji": emoji}]})


def settle_reaction(delivery: Delivery, outcome: Outcome) -> Again | None:
    """Nothing hangs on it: the site shows the same."""
    return None


def _is_superseded(delivery: Delivery) -> bool:
    number = delivery.payload["telegram_message_id"]
    newer = Delivery.objects.filter(lane=delivery.lane, kind=REACTION, pk__gt=delivery.pk)
    return newer.filter(payload__telegram_message_id=number).exists()


def _current(message_id: int) -> str:
    message = Message.objects.filter(pk=message_id).first()
    return receipt_of(message) if message else ""


def _queue(
    dialog: Dialog, telegram_message_id: int, *, emoji: str = "", message_id: int | None = None
) -> None:
    route = telegram_route(dialog)
    key = f"{REACTION}:{dialog.pk}:{telegram_message_id}:"
    deliver(
        kind=REACTION,
        sender=route.sender,
        lane=telegram_side_lane(dialog.pk),
        budget_key=route.budget_key,
        payload={
            "dialog_id": str(dialog.pk),
            "telegram_message_id": telegram_message_id,
            "message_id": message_id,
            "emoji": emoji,
        },
        idempotency_key=f"{key}{number_after(key)}",
        expires_at=timezone.now() + LIFE,
    )
