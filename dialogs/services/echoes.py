"""Our own messages, which Avito tells us of as if they were news.

An event of our own side is one of three: a message whose sending we know of, one whose sending
we are still unsure of (then the event is the proof), or one written in the Avito app.
"""

import uuid
from collections.abc import Iterable

from django.db.models import Q, QuerySet

from dialogs.models import Dialog, Message
from dialogs.services.messages import TO_AVITO, change_status
from dialogs.services.routes import avito_lane
from integrations.models import Delivery

# The key in a delivery's payload under which the id that Avito gave it is kept.
BOUND_ID = "avito_message_id"

_UNSETTLED = Q(
    state__in=(
        Delivery.State.SENDING,
        Delivery.State.AMBIGUOUS,
        Delivery.State.RETRY,
        Delivery.State.QUEUED,
    ),
    dispatched_at__isnull=False,
)


def lock_unsettled(dialog_id: uuid.UUID) -> list[Delivery]:
    """Return the sends of a dialog that are under way, after waiting for one being settled.

    Must come before the dialog's lock: whoever settles locks the delivery first.
    """
    rows = _sends(dialog_id).filter(_UNSETTLED).select_for_update(no_key=True)
    return list(rows.order_by("pk"))


def claim_echo(
    dialog: Dialog, under_way: Iterable[Delivery], *, avito_message_id: str, text: str
) -> bool:
    """Say whether a message of our side went out through us; if it was unsure, it no longer is.

    The caller holds the dialog's lock.

    :param under_way: what ``lock_unsettled`` returned.
    """
    if _sends(dialog.pk).filter(**{f"payload__{BOUND_ID}": avito_message_id}).exists():
        return True
    for delivery in under_way:
        if delivery.payload["text"] == text.strip() and BOUND_ID not in delivery.payload:
            bind(delivery, dialog, avito_message_id)
            return True
    return False


def bind(delivery: Delivery, dialog: Dialog, avito_message_id: str) -> None:
    """Note under which id a part of a message stands on Avito; with the last one it is sent.

    The caller holds the locks of the delivery and of its dialog.
    """
    delivery.payload[BOUND_ID] = avito_message_id
    Delivery.objects.filter(pk=delivery.pk).update(payload=delivery.payload)
    # Had Avito changed the words on their way, their event was taken for a message of the app.
    strays = dialog.messages.filter(avito_message_id=avito_message_id)
    strays.exclude(pk=delivery.payload["message_id"]).delete()
    message = dialog.messages.filter(pk=delivery.payload["message_id"]).first()
    is_last = delivery.payload["part"] == delivery.payload["parts"]
    if message is None or not is_last:
        return
    message.dialog = dialog
    message.avito_message_id = avito_message_id
    change_status(message, Message.Status.SENT)


def bound_id(delivery: Delivery) -> str | None:
    """Return the id that the delivery's text has on Avito, as far as it is known by now."""
    payload = Delivery.objects.filter(pk=delivery.pk).values_list("payload", flat=True).first()
    return (payload or {}).get(BOUND_ID)


def is_known(dialog_id: uuid.UUID, avito_message_id: str) -> bool:
    """Say whether a message on Avito is one that we have stored, or a part of one."""
    if Message.objects.filter(dialog_id=dialog_id, avito_message_id=avito_message_id).exists():
        return True
    return _sends(dialog_id).filter(**{f"payload__{BOUND_ID}": avito_message_id}).exists()


def _sends(dialog_id: uuid.UUID) -> QuerySet[Delivery]:
    return Delivery.objects.filter(lane=avito_lane(dialog_id), kind=TO_AVITO)
