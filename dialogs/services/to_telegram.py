"""A message's way into its dialog's topic."""

from typing import Any

from django.utils import translation

from dialogs.models import Message
from dialogs.services.chats import queue_mark_read
from dialogs.services.groups import mend_group
from dialogs.services.messages import TO_TELEGRAM, change_status, lock_message
from dialogs.services.routes import Place, Route, find_place, telegram_route
from dialogs.services.splitting import TELEGRAM_TEXT_LIMIT
from dialogs.services.topics import CREATE_TOPIC, THREAD_NOT_FOUND, forget_topic, topic_first
from dialogs.services.wording import language_of, telegram_text
from integrations.models import Delivery
from integrations.services.calls import (
    Again,
    Ahead,
    Call,
    Drop,
    NewDelivery,
    Outcome,
    Policy,
    Prepared,
    Status,
    Wait,
)

# Bot API knows no read-back: an unclear send is repeated once, and says so.
POLICY = Policy(max_attempts=None)
NO_GROUP_SECONDS = 30.0
# A topic may be made for a message, and once more if it is gone before the message is there.
MAX_TOPICS_PER_MESSAGE = 2


def prepare_message(delivery: Delivery) -> Prepared:
    """Send the message to the topic; make sure first that there is one, and the right one."""
    message = _message_of(delivery)
    if message is None:
        return Drop("the message is gone")
    if message.telegram_message_id is not None:
        return Drop("it is in Telegram already")
    dialog = message.dialog
    place = find_place(dialog)
    if place is None:
        return Wait(NO_GROUP_SECONDS, "there is no working bot with a group")
    route = telegram_route(dialog)
    if route != Route(delivery.sender, delivery.budget_key):
        return _rerouted(delivery, route)
    if place.has_topics and place.topic_id is None:
        return topic_first(dialog, place)
    return _call(message, place)


def settle_message(delivery: Delivery, outcome: Outcome) -> Again | None:
    """Note the message's arrival, and only then have the chat marked read on Avito."""
    if outcome.status is Status.PERMANENT and (answer := mend_group(delivery, outcome)):
        return answer
    message = lock_message(delivery.payload["message_id"])
    if message is None:
        return None
    if outcome.status is Status.SENT:
        _delivered(delivery, message, outcome.result or {})
        return None
    if outcome.code == THREAD_NOT_FOUND:
        forget_topic(message.dialog)
        if _topics_made_for(delivery) < MAX_TOPICS_PER_MESSAGE:
            return Again()
    if message.is_incoming:
        change_status(message, Message.Status.FAILED)
    return None


def _delivered(delivery: Delivery, message: Message, result: dict[str, Any]) -> None:
    number = result.get("message_id")
    taken = Message.objects.filter(dialog_id=message.dialog_id, telegram_message_id=number)
    if number is not None and not taken.exists():
        message.telegram_message_id = number
    if not message.is_incoming:
        message.save(update_fields=["telegram_message_id"])
        return
    uncertain = Delivery.objects.filter(pk=delivery.pk, uncertain=True).exists()
    change_status(message, Message.Status.UNCERTAIN if uncertain else Message.Status.DELIVERED)
    queue_mark_read(message)


def _call(message: Message, place: Place) -> Call:
    dialog = message.dialog
    with translation.override(language_of(dialog.organization)):
        text = telegram_text(message, dialog, is_alone=place.has_topics)
    params: dict[str, Any] = {"chat_id": place.chat_id, "text": text[:TELEGRAM_TEXT_LIMIT]}
    if place.topic_id is not None:
        params["message_thread_id"] = place.topic_id
    return Call("sendMessage", params)


def _rerouted(delivery: Delivery, route: Route) -> Ahead | Drop:
    """Let another delivery, in the name of the right bot, take this one's place in the lane."""
    key = f"{TO_TELEGRAM}:{delivery.payload['message_id']}:{route.budget_key}"
    earlier = Delivery.objects.filter(idempotency_key=key).first()
    if earlier is not None and earlier.state not in Delivery.OPEN:
        return Drop("another delivery took its place")
    return Ahead([NewDelivery(TO_TELEGRAM, route.sender, route.budget_key, delivery.payload, key)])


def _topics_made_for(delivery: Delivery) -> int:
    place = delivery.position or delivery.pk
    made = Delivery.objects.filter(lane=delivery.lane, kind=CREATE_TOPIC, position=place)
    return made.count()


def _message_of(delivery: Delivery) -> Message | None:
    messages = Message.objects.select_related(
        "dialog__organization", "dialog__avito_account__bot", "dialog__contact"
    )
    return messages.filter(pk=delivery.payload["message_id"]).first()
