"""The topic that mirrors a dialog in Telegram: made, given the item's card, pinned, forgotten.

Each of the steps is a delivery. Topic, card and, in a topic that is made again, what was said
last go ahead of the message that needs them. What people call a topic is theirs: nothing renames
it.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from dialogs.models import Dialog, Message
from dialogs.selectors.locks import lock_dialog
from dialogs.services import history
from dialogs.services.groups import (
    UNUSABLE_PAUSE_SECONDS,
    mend_group,
    tell_unusable,
    wait_after_refusal,
    wait_for_rights,
)
from dialogs.services.routes import Place, find_place, telegram_side_lane
from dialogs.services.wording import card_text, topic_name
from integrations.models import Bot, Delivery
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
from integrations.services.outbox import deliver, number_after

CREATE_TOPIC = "dialogs.create_topic"
CARD = "dialogs.card"
PIN_CARD = "dialogs.pin_card"
REOPEN = "dialogs.reopen_topic"

TOPIC_POLICY = Policy(max_attempts=None)
CARD_POLICY = Policy(max_attempts=8)
PIN_POLICY = Policy(max_attempts=3)
REOPEN_POLICY = Policy(max_attempts=None)

# How long the first message waits to hear what the chat is about, and how often it looks.
ITEM_SECONDS = 15.0
ITEM_LOOK_SECONDS = 0.2
# Pins let the buyer's next words go first.
PIN_DELAY = timedelta(seconds=3)
CAPTION_LIMIT = 1024
_ICON_COLOURS = (7322096, 16766590, 13338331, 9367192, 16749490, 16478047)
THREAD_NOT_FOUND = "thread_not_found"
TOPIC_CLOSED = "topic_closed"
# Somebody may close the topic again and again before the message is there.
EAGER_REOPENINGS = 3
REOPEN_PAUSE_SECONDS = 60.0
# In a message delivery's payload: how often its topic was found closed.
_CLOSINGS = "closings"


def topic_first(message: Message, place: Place) -> Wait | Ahead:
    """Return what a message without a topic needs first: news of the item, or a topic.

    With the topic come its card and, if there was one before, what was said there last.
    """
    dialog = message.dialog
    age = (timezone.now() - dialog.created_at).total_seconds()
    if dialog.item_fetched_at is None and age < ITEM_SECONDS:
        return Wait(ITEM_LOOK_SECONDS, "what the chat is about is not known yet")
    number = number_after(f"{CREATE_TOPIC}:{dialog.pk}:")
    topic, card = (_new(kind, dialog, place, number) for kind in (CREATE_TOPIC, CARD))
    return Ahead([topic, card, *history.history_of(message, place, number=number)])


def note_closed(delivery: Delivery) -> Again:
    """Note that a message found its topic closed; return when to open it and try again."""
    times = delivery.payload.get(_CLOSINGS, 0) + 1
    delivery.payload[_CLOSINGS] = times
    Delivery.objects.filter(pk=delivery.pk).update(payload=delivery.payload)
    return Again(0 if times <= EAGER_REOPENINGS else REOPEN_PAUSE_SECONDS)


def was_closed(delivery: Delivery) -> bool:
    """Say whether a delivery has found its topic closed."""
    return bool(delivery.payload.get(_CLOSINGS))


def reopen_first(delivery: Delivery, place: Place) -> Ahead | None:
    """Return the opening of the topic that a message found closed, unless that was tried."""
    times = delivery.payload.get(_CLOSINGS, 0)
    key = f"{REOPEN}:{delivery.pk}:{times}"
    if not times or Delivery.objects.filter(idempotency_key=key).exists():
        return None
    where = {"chat_id": place.chat_id, "message_thread_id": place.topic_id}
    return Ahead([NewDelivery(REOPEN, place.bot.sender, place.budget_key, where, key)])


def prepare_reopen(delivery: Delivery) -> Prepared:
    """Open a topic; once refused, wait for the right instead of asking again and again."""
    bot = Bot.objects.filter(pk=delivery.sender.partition(":")[2]).first()
    wait = wait_after_refusal(delivery, bot) if bot else None
    return wait or Call("reopenForumTopic", delivery.payload)


def settle_reopen(delivery: Delivery, outcome: Outcome) -> Again | None:
    """Wait for the right to open topics; what else may be wrong the message behind it tells."""
    return mend_group(delivery, outcome) if outcome.status is Status.PERMANENT else None


def forget_topic(dialog: Dialog) -> None:
    """Note that the dialog's topic is gone. The caller holds the dialog's lock."""
    dialog.telegram_topic_id = None
    dialog.save(update_fields=["telegram_topic_id"])


def prepare_topic(delivery: Delivery) -> Prepared:
    dialog = _dialog_of(delivery)
    place = find_place(dialog) if dialog else None
    if place is None or dialog is None or place.budget_key != delivery.budget_key:
        return Drop("the group is another one now")
    if not place.has_topics:
        return Drop("the group is used without topics now")
    if place.topic_id is not None:
        return Drop("there is a topic already")
    if wait := wait_for_rights(place.bot):
        return wait
    colour = _ICON_COLOURS[dialog.pk.int % len(_ICON_COLOURS)]
    params = {"chat_id": place.chat_id, "name": topic_name(dialog), "icon_color": colour}
    return Call("createForumTopic", params)


def settle_topic(delivery: Delivery, outcome: Outcome) -> Again | None:
    """Store the topic; without one nothing can be relayed, so it is tried until it works."""
    if outcome.status is not Status.SENT:
        return _try_topic_again(delivery, outcome)
    dialog = lock_dialog(delivery.payload["dialog_id"])
    if dialog is None:
        return None
    chat_id = int(delivery.payload["chat_id"])
    if dialog.telegram_chat_id != chat_id:
        # Ids of messages are unique within one chat only.
        Message.objects.filter(dialog=dialog).update(telegram_message_id=None)
    dialog.bot_id = UUID(delivery.sender.partition(":")[2])
    dialog.telegram_chat_id = chat_id
    dialog.telegram_topic_id = outcome.result["message_thread_id"]
    dialog.save(update_fields=["bot", "telegram_chat_id", "telegram_topic_id"])
    return None


def prepare_card(delivery: Delivery) -> Prepared:
    dialog = _dialog_of(delivery)
    place = find_place(dialog) if dialog else None
    if dialog is None or place is None or place.topic_id is None:
        return Drop("there is no topic for it")
    where = {"chat_id": place.chat_id, "message_thread_id": place.topic_id}
    text = card_text(dialog)[:CAPTION_LIMIT]
    if image := dialog.item.get("image"):
        return Call("sendPhoto", {**where, "photo": image, "caption": text})
    return Call("sendMessage", {**where, "text": text})


def settle_card(delivery: Delivery, outcome: Outcome) -> Again | None:
    """Have the card pinned. A picture that Telegram does not take is left out."""
    if outcome.status is Status.SENT:
        _queue_pin(delivery, outcome)
        return None
    if outcome.status is not Status.PERMANENT:
        return None
    if answer := mend_group(delivery, outcome):
        return answer
    dialog = lock_dialog(delivery.payload["dialog_id"])
    if dialog is not None and outcome.code == THREAD_NOT_FOUND:
        forget_topic(dialog)
        return None
    if dialog is None or not dialog.item.get("image"):
        return None
    dialog.item["image"] = ""
    dialog.save(update_fields=["item"])
    return Again()


def prepare_pin(delivery: Delivery) -> Prepared:
    payload = delivery.payload
    return Call(
        "pinChatMessage",
        {
            "chat_id": payload["chat_id"],
            "message_id": payload["message_id"],
            "disable_notification": True,
        },
    )


def settle_pin(delivery: Delivery, outcome: Outcome) -> Again | None:
    """A card that is not pinned is a card all the same."""
    return None


def _try_topic_again(delivery: Delivery, outcome: Outcome) -> Again | None:
    if outcome.status is not Status.PERMANENT:
        return None
    if answer := mend_group(delivery, outcome):
        return answer
    tell_unusable(delivery, outcome)
    return Again(UNUSABLE_PAUSE_SECONDS)


def _new(kind: str, dialog: Dialog, place: Place, number: int) -> NewDelivery:
    return NewDelivery(
        kind=kind,
        sender=place.bot.sender,
        budget_key=place.budget_key,
        payload={"dialog_id": str(dialog.pk), "chat_id": place.chat_id},
        idempotency_key=f"{kind}:{dialog.pk}:{number}",
    )


def _queue_pin(delivery: Delivery, outcome: Outcome) -> None:
    message_id: Any = (outcome.result or {}).get("message_id")
    if message_id is None:
        return
    deliver(
        kind=PIN_CARD,
        sender=delivery.sender,
        lane=telegram_side_lane(UUID(delivery.payload["dialog_id"])),
        budget_key=delivery.budget_key,
        payload={"chat_id": delivery.payload["chat_id"], "message_id": message_id},
        idempotency_key=f"{PIN_CARD}:{delivery.pk}",
        not_before=timezone.now() + PIN_DELAY,
    )


def _dialog_of(delivery: Delivery) -> Dialog | None:
    dialogs = Dialog.objects.select_related("avito_account__bot", "contact")
    return dialogs.filter(pk=delivery.payload["dialog_id"]).first()
