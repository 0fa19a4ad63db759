"""A message's way into its dialog's topic."""

from collections.abc import Mapping
from typing import Any

from dialogs.models import Dialog, Message
from dialogs.services import bursts
from dialogs.services.chats import queue_mark_read
from dialogs.services.groups import mend_group
from dialogs.services.late_media import follow_up, keep_file_id, wait_for_media
from dialogs.services.messages import TO_TELEGRAM, change_status, lock_message
from dialogs.services.rendering import call_of
from dialogs.services.routes import Place, Route, find_place, telegram_route
from dialogs.services.topics import (
    CREATE_TOPIC,
    THREAD_NOT_FOUND,
    TOPIC_CLOSED,
    forget_topic,
    note_closed,
    reopen_first,
    topic_first,
)
from integrations.models import Delivery
from integrations.services.calls import (
    Again,
    Ahead,
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
# In a delivery's payload: Telegram has refused the message in its own form.
PLAIN = "plain"
_HOPELESS = frozenset({"decided", "expired", "fault", "sender_gone"})


def prepare_message(delivery: Delivery) -> Prepared:
    """Send the message to the topic; make sure first that there is one, and the right one."""
    message = _message_of(delivery)
    if message is None:
        return Drop("the message is gone")
    if message.telegram_message_id is not None:
        return Drop("it is in Telegram already")
    if message.is_incoming and message.dialog.status == Dialog.Status.BANNED:
        Message.objects.filter(pk=message.pk).update(status=Message.Status.SENT)
        return Drop("the buyer is banned")
    place = find_place(message.dialog)
    if place is None:
        return Wait(NO_GROUP_SECONDS, "there is no working bot with a group")
    route = telegram_route(message.dialog)
    if route != Route(delivery.sender, delivery.budget_key):
        return _rerouted(delivery, route)
    if needed := _needed_first(delivery, message, place):
        return needed
    if PLAIN in delivery.payload:
        return call_of([message], place, is_plain=True)
    return call_of(bursts.gather(delivery, message), place)


def settle_message(delivery: Delivery, outcome: Outcome) -> Again | None:
    """Note the message's arrival, and only then have the chat marked read on Avito."""
    if outcome.status is Status.SENT:
        _delivered(delivery, outcome.result or {})
        return None
    if outcome.code == TOPIC_CLOSED:
        return note_closed(delivery)
    if outcome.status is Status.PERMANENT and (answer := mend_group(delivery, outcome)):
        return answer
    message = lock_message(delivery.payload["message_id"])
    if message is None:
        return None
    if outcome.code == THREAD_NOT_FOUND:
        forget_topic(message.dialog)
        if _topics_made_for(delivery) < MAX_TOPICS_PER_MESSAGE:
            return Again()
    elif _may_go_otherwise(delivery, message, outcome):
        return Again()
    if message.is_incoming:
        change_status(message, Message.Status.FAILED)
    return None


def _needed_first(delivery: Delivery, message: Message, place: Place) -> Wait | Ahead | None:
    if place.has_topics and place.topic_id is None:
        return topic_first(message, place)
    return reopen_first(delivery, place) or wait_for_media(message)


def _delivered(delivery: Delivery, result: Mapping[str, Any]) -> None:
    message = lock_message(delivery.payload["message_id"])
    if message is None:
        return
    uncertain = Delivery.objects.filter(pk=delivery.pk, uncertain=True).exists()
    followers = bursts.taken_along(delivery, message)
    for one in (message, *followers):
        one.telegram_message_id = result.get("message_id")
        if one.is_incoming:
            one.delivery_id = delivery.pk
            one.save(update_fields=["delivery"])
            change_status(one, Message.Status.UNCERTAIN if uncertain else Message.Status.DELIVERED)
        else:
            one.save(update_fields=["telegram_message_id"])
    bursts.close_deliveries(delivery, followers)
    if PLAIN not in delivery.payload:
        _keep_media(message, result)
    if message.is_incoming:
        queue_mark_read([message, *followers][-1])


def _keep_media(message: Message, result: Mapping[str, Any]) -> None:
    """Keep the names of what was sent; what left as words alone is followed by its picture."""
    if "text" in result:
        follow_up(message)
        return
    for media in message.attachments.all()[:1]:
        keep_file_id(media, result)


def _may_go_otherwise(delivery: Delivery, message: Message, outcome: Outcome) -> bool:
    """Say whether a refused message shall be tried in another way.

    First with its content where Telegram's own name for it was refused (a name is good for one
    bot), then by itself and as text alone.
    """
    if outcome.status is not Status.PERMANENT or outcome.code in _HOPELESS:
        return False
    if message.attachments.exclude(telegram_file_id="").update(telegram_file_id=""):
        return True
    if PLAIN in delivery.payload:
        return False
    delivery.payload[PLAIN] = True
    bursts.split(delivery)
    return True


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
        "dialog__organization", "dialog__avito_account__bot", "dialog__contact", "reply_to"
    )
    found = messages.filter(pk=delivery.payload["message_id"])
    return found.prefetch_related("attachments").first()
