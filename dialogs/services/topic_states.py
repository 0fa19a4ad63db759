"""Closing and reopening a dialog's topic, as its status asks for."""

from uuid import UUID

from dialogs.models import Dialog
from dialogs.services.groups import mend_group, wait_after_refusal
from dialogs.services.routes import (
    find_place,
    telegram_lane,
    telegram_route,
    telegram_side_lane,
)
from integrations.models import Delivery
from integrations.services.calls import (
    Again,
    Ambiguity,
    Call,
    Drop,
    Outcome,
    Policy,
    Prepared,
    Status,
    Wait,
)
from integrations.services.outbox import deliver, number_after

TOPIC_STATE = "dialogs.topic_state"
# A bot that may manage topics writes into closed ones too: no refused message tells of one that
# an outage kept closed.
POLICY = Policy(on_ambiguous=Ambiguity.REPEATABLE, max_attempts=None)
CLOSING = (Dialog.Status.CLOSED, Dialog.Status.BANNED)


def queue_topic_state(dialog: Dialog) -> None:
    """Have the topic closed or reopened, after what is on its way there.

    The caller holds the dialog's lock.
    """
    if dialog.telegram_topic_id is None:
        return
    route = telegram_route(dialog)
    key = f"{TOPIC_STATE}:{dialog.pk}:"
    deliver(
        kind=TOPIC_STATE,
        sender=route.sender,
        lane=telegram_lane(dialog.pk),
        budget_key=route.budget_key,
        payload={"dialog_id": str(dialog.pk), "topic_id": dialog.telegram_topic_id},
        idempotency_key=f"{key}{number_after(key)}",
    )


def prepare_topic_state(delivery: Delivery) -> Prepared:
    """Do what the status asks for now, whatever it was when this was written."""
    dialogs = Dialog.objects.select_related("avito_account__bot")
    dialog = dialogs.filter(pk=UUID(delivery.payload["dialog_id"])).first()
    place = find_place(dialog) if dialog else None
    if dialog is None or place is None or place.topic_id != delivery.payload["topic_id"]:
        return Drop("the topic is another one now")
    is_closing = dialog.status in CLOSING
    if wait := wait_after_refusal(delivery, place.bot):
        return Drop("the bot may not close topics") if is_closing else _wait_beside(delivery, wait)
    method = "closeForumTopic" if is_closing else "reopenForumTopic"
    return Call(method, {"chat_id": place.chat_id, "message_thread_id": place.topic_id})


def settle_topic_state(delivery: Delivery, outcome: Outcome) -> Again | None:
    """Follow a group that moved, note a right that is missing; else nothing hangs on it."""
    return mend_group(delivery, outcome) if outcome.status is Status.PERMANENT else None


def _wait_beside(delivery: Delivery, wait: Wait) -> Wait | Drop:
    """Wait for the right in the side lane: people may have opened the topic for the words."""
    side_lane = telegram_side_lane(UUID(delivery.payload["dialog_id"]))
    if delivery.lane == side_lane:
        return wait
    deliver(
        kind=TOPIC_STATE,
        sender=delivery.sender,
        lane=side_lane,
        budget_key=delivery.budget_key,
        payload=delivery.payload,
        idempotency_key=f"{delivery.idempotency_key}:beside",
    )
    return Drop("it waits beside the words")
