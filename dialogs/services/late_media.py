"""Pictures and voices that were slow to come: what stands in for them goes first, they follow."""

from django.utils import timezone

from dialogs.models import Attachment, Message
from dialogs.services.groups import mend_group
from dialogs.services.rendering import media_call, where
from dialogs.services.routes import find_place, telegram_lane, telegram_route
from integrations.models import Delivery
from integrations.services.calls import (
    Again,
    Drop,
    Outcome,
    Policy,
    Prepared,
    Status,
    Wait,
)
from integrations.services.outbox import deliver

FOLLOW_UP = "dialogs.late_media"
FOLLOW_UP_POLICY = Policy(max_attempts=8)
# So long a message waits for its picture, and what was said after it waits behind it.
PATIENCE_SECONDS = 20.0
# What has come wakes the lane, unless it comes at the very moment that the lane lies down.
LOOK_SECONDS = 1.0


def wait_for_media(message: Message) -> Wait | None:
    """Return how long a message may still wait for its media, or ``None``: it goes as it is."""
    if not any(one.state == Attachment.State.WAITING for one in message.attachments.all()):
        return None
    left = PATIENCE_SECONDS - (timezone.now() - message.created_at).total_seconds()
    if left <= 0:
        return None
    return Wait(min(left, LOOK_SECONDS), "its picture or voice is being fetched")


def follow_up(message: Message) -> None:
    """Send what has been fetched after its message left without it, in answer to that.

    What is lost stays lost: the message in Telegram has a link to where it can be seen. The caller
    holds the dialog's lock.
    """
    if message.telegram_message_id is None or message.direction == Message.Direction.TELEGRAM:
        return
    route = telegram_route(message.dialog)
    for media in message.attachments.filter(state=Attachment.State.STORED, telegram_file_id=""):
        deliver(
            kind=FOLLOW_UP,
            sender=route.sender,
            lane=telegram_lane(message.dialog_id),
            budget_key=route.budget_key,
            payload={"attachment_id": media.pk},
            idempotency_key=f"{FOLLOW_UP}:{media.pk}",
        )


def prepare_follow_up(delivery: Delivery) -> Prepared:
    media = _media_of(delivery)
    place = find_place(media.message.dialog) if media else None
    if media is None or place is None or (place.has_topics and place.topic_id is None):
        return Drop("there is nowhere to send it")
    if media.telegram_file_id or media.message.deleted_at is not None:
        return Drop("it is not wanted any more")
    answered = {
        "message_id": media.message.telegram_message_id,
        "allow_sending_without_reply": True,
    }
    return media_call(media, place, {**where(place), "reply_parameters": answered})


def settle_follow_up(delivery: Delivery, outcome: Outcome) -> Again | None:
    if outcome.status is Status.SENT:
        media = _media_of(delivery)
        if media is not None:
            keep_file_id(media, outcome.result)
        return None
    return mend_group(delivery, outcome) if outcome.status is Status.PERMANENT else None


def keep_file_id(media: Attachment, result: object) -> None:
    """Keep Telegram's own name for what was sent, out of the answer to sending it."""
    sent = result.get(media.kind) if isinstance(result, dict) else None
    # Of a picture Telegram names all sizes, the largest last.
    content = sent[-1] if isinstance(sent, list) and sent else sent
    if isinstance(content, dict) and content.get("file_id"):
        media.telegram_file_id = str(content["file_id"])[:200]
        media.save(update_fields=["telegram_file_id"])


def _media_of(delivery: Delivery) -> Attachment | None:
    found = Attachment.objects.select_related(
        "message__dialog__organization",
        "message__dialog__avito_account__bot",
        "message__dialog__contact",
        "message__reply_to",
    )
    return found.filter(pk=delivery.payload["attachment_id"]).first()
