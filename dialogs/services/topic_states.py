"""Closing and reopening a dialog's topic, as its status asks for."""

from uuid import UUID

from dialogs.models import Dialog
from dialogs.services.routes import find_place, telegram_lane, telegram_route
from integrations.models import Delivery
from integrations.services.calls import Again, Call, Drop, Outcome, Policy, Prepared
from integrations.services.outbox import deliver

TOPIC_STATE = "dialogs.topic_state"
POLICY = Policy(max_attempts=5)
CLOSING = (Dialog.Status.CLOSED, Dialog.Status.BANNED)


def queue_topic_state(dialog: Dialog) -> None:
    """Have the topic closed or reopened, after what is on its way there.

    The caller holds the dialog's lock.
    """
    if dialog.telegram_topic_id is None:
        return
    route = telegram_route(dialog)
    lane = telegram_lane(dialog.pk)
    number = Delivery.objects.filter(lane=lane, kind=TOPIC_STATE).count()
    deliver(
        kind=TOPIC_STATE,
        sender=route.sender,
        lane=lane,
        budget_key=route.budget_key,
        payload={"dialog_id": str(dialog.pk), "topic_id": dialog.telegram_topic_id},
        idempotency_key=f"{TOPIC_STATE}:{dialog.pk}:{number}",
    )


def prepare_topic_state(delivery: Delivery) -> Prepared:
    """Do what the status asks for now, whatever it was when this was written."""
    dialogs = Dialog.objects.select_related("avito_account__bot")
    dialog = dialogs.filter(pk=UUID(delivery.payload["dialog_id"])).first()
    place = find_place(dialog) if dialog else None
    if dialog is None or place is None or place.topic_id != delivery.payload["topic_id"]:
        return Drop("the topic is another one now")
    method = "closeForumTopic" if dialog.status in CLOSING else "reopenForumTopic"
    return Call(method, {"chat_id": place.chat_id, "message_thread_id": place.topic_id})


def settle_topic_state(delivery: Delivery, outcome: Outcome) -> Again | None:
    """Nothing hangs on it: messages reopen a closed topic, and a person can close one."""
    return None
