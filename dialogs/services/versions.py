"""What of a message stands on Avito by now, and what of its current version is still to go there.

Avito cannot edit: a new version is the old one's parts deleted and new ones sent.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from dialogs.models import Message
from dialogs.services.echoes import BOUND_ID, NO_ID, parts_sent_of
from dialogs.services.parts import (
    TEXT,
    Part,
    current_picture,
    kind_of,
    mark_correction,
    parts_of,
    revision_of,
)
from dialogs.services.routes import avito_lane
from integrations.models import Delivery

DELETE_PART = "dialogs.delete_part"
# Avito deletes within an hour of sending (contracts: Avito); a minute is for the way there.
DELETABLE = timedelta(minutes=59)


def standing_parts(message: Message, *, before: int | None = None) -> list[Delivery]:
    """Return the parts that the contact sees, oldest first.

    :param before: only those of versions before this one.
    """
    gone = _deletions(message).filter(
        Q(state=Delivery.State.SENT) | Q(state=Delivery.State.DEAD, last_error_code="not_found")
    )
    gone_ids = set(gone.values_list("payload__avito_message_id", flat=True))
    bound = parts_sent_of(message).filter(payload__has_key=BOUND_ID).order_by("pk")
    return [
        part
        for part in bound
        if part.payload[BOUND_ID] not in gone_ids
        and (before is None or revision_of(part.payload) < before)
    ]


def ids_to_delete(message: Message, *, before: int, kinds: Iterable[str]) -> list[str]:
    """Return the ids on Avito of parts that are to go and whose deletion was not yet tried."""
    tried = set(_deletions(message).values_list("payload__avito_message_id", flat=True))
    if message.direction == Message.Direction.AVITO:
        ids = [message.avito_message_id or ""]
    else:
        ids = [
            part.payload[BOUND_ID]
            for part in standing_parts(message, before=before)
            if kind_of(part.payload) in kinds
        ]
    return [found for found in ids if found and found not in tried and not found.startswith(NO_ID)]


def can_be_deleted(message: Message) -> bool:
    """Say whether Avito would still delete what stands there of a message."""
    times = [sent_at(part) for part in standing_parts(message)]
    if message.direction == Message.Direction.AVITO:
        times = [message.written_at]
    return all(timezone.now() - at < DELETABLE for at in times)


def sent_at(part: Delivery) -> datetime:
    """Return when a part went out, as near as it is known."""
    return part.settled_at or part.dispatched_at or part.created_at


def has_standing_picture(message: Message) -> bool:
    """Say whether a message's picture went out, or goes out, with an earlier version of it."""
    picture = current_picture(message)
    if picture is None:
        return False
    alive = (*Delivery.OPEN, Delivery.State.SENT)
    sent = parts_sent_of(message).filter(payload__attachment_id=picture.pk)
    return sent.filter(state__in=alive, payload__revision__lt=message.revision).exists()


def parts_to_send(message: Message) -> list[Part]:
    """Return the parts of a message's current version that do not stand on Avito already.

    Its words say that they are a correction if earlier ones are still to be read there.
    """
    parts = parts_of(message, has_image=not has_standing_picture(message))
    old = standing_parts(message, before=message.revision)
    if any(kind_of(part.payload) == TEXT for part in old):
        return as_correction(message, parts)
    return parts


def as_correction(message: Message, parts: list[Part]) -> list[Part]:
    """Return the parts with the mark of a correction before their first words."""
    first = next((part for part in parts if kind_of(part) == TEXT), None)
    return [
        {**part, "text": mark_correction(message, part["text"])} if part is first else part
        for part in parts
    ]


def _deletions(message: Message) -> QuerySet[Delivery]:
    return Delivery.objects.filter(
        lane=avito_lane(message.dialog_id), kind=DELETE_PART, payload__message_id=message.pk
    )
