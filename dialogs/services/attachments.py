"""Pictures and voices of messages: fetched once, kept, and then sent from what was kept."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from dialogs.models import Attachment, Dialog, Message
from dialogs.services.late_media import follow_up
from dialogs.services.messages import lock_message, publish_message
from dialogs.services.routes import (
    attachment_lane,
    avito_lane,
    avito_route,
    telegram_lane,
    telegram_route,
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
)
from integrations.services.outbox import deliver, wake_lane

FETCH = "dialogs.fetch_attachment"
# Fetching twice does no harm.
FETCH_POLICY = Policy(on_ambiguous=Ambiguity.REPEATABLE, max_attempts=8)


def attach_origins(
    message: Message, origins: Iterable[tuple[Attachment.Kind, Mapping[str, Any]]]
) -> list[Attachment]:
    """Give a message its attachments and have their contents fetched.

    :param origins: the kind of each, and where its content is: ``{"url"}`` or ``{"voice_id"}`` of
        Avito, ``{"file_id"}`` of Telegram.
    """
    first = message.attachments.count() + 1
    rows = [
        Attachment(message=message, kind=kind, number=number, origin=dict(origin))
        for number, (kind, origin) in enumerate(origins, start=first)
    ]
    Attachment.objects.bulk_create(rows)
    for row in rows:
        _queue_fetch(message.dialog, row)
    return rows


def prepare_fetch(delivery: Delivery) -> Prepared:
    found = Attachment.objects.select_related("message__dialog")
    attachment = found.filter(pk=delivery.payload["attachment_id"]).first()
    if attachment is None:
        return Drop("the message is gone")
    if attachment.state == Attachment.State.STORED:
        return Drop("it is here already")
    organization_id = attachment.message.dialog.organization_id
    params = {"organization_id": str(organization_id), **attachment.origin}
    return Call(_method_of(attachment), params)


def settle_fetch(delivery: Delivery, outcome: Outcome) -> Again | None:
    """Keep what was fetched, or note that it is lost, and let the message go on its way."""
    found = Attachment.objects.filter(pk=delivery.payload["attachment_id"])
    message_id = found.values_list("message_id", flat=True).first()
    message = lock_message(message_id) if message_id else None
    attachment = found.first()
    if message is None or attachment is None:
        return None
    if outcome.status is Status.SENT:
        attachment.file_id = UUID(outcome.result["stored_file"])
        attachment.state = Attachment.State.STORED
    else:
        attachment.state = Attachment.State.FAILED
    attachment.save(update_fields=["file", "state"])
    publish_message(message, "message.updated")
    follow_up(message)
    wake_lane(telegram_lane(message.dialog_id))
    wake_lane(avito_lane(message.dialog_id))
    return None


def _queue_fetch(dialog: Dialog, attachment: Attachment) -> None:
    is_telegrams = "file_id" in attachment.origin
    if is_telegrams:
        route = telegram_route(dialog)
    elif dialog.avito_account is not None:
        route = avito_route(dialog.avito_account, dialog)
    else:
        raise ValueError("A dialog without an account has nothing to fetch.")
    deliver(
        kind=FETCH,
        sender=route.sender,
        lane=attachment_lane(attachment.pk),
        # Not the chat's own: fetching must not hold up what is said there meanwhile.
        budget_key=f"{route.sender}:fetch:{attachment.pk}",
        payload={"attachment_id": attachment.pk},
        idempotency_key=f"{FETCH}:{attachment.pk}",
    )


def _method_of(attachment: Attachment) -> str:
    if "file_id" in attachment.origin:
        return "fetchImage"
    return "fetch_voice" if attachment.kind == Attachment.Kind.VOICE else "fetch_image"
