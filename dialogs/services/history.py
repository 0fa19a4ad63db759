"""What was said last, told anew at the head of a topic that was made again."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from dialogs.models import AutoReplySettings, Dialog, Message
from dialogs.services.rendering import where
from dialogs.services.routes import Place, find_place
from dialogs.services.wording import deletion_notice, language_of, message_line, shortened
from integrations.models import Delivery
from integrations.services.calls import (
    Again,
    Call,
    Drop,
    NewDelivery,
    Outcome,
    Policy,
    Prepared,
)

HISTORY = "dialogs.history"
POLICY = Policy(max_attempts=8)
MOST = 10
# Ten of them, with times and names, stay below the 4,096 characters of a message.
LINE_LENGTH = 320


def history_of(message: Message, place: Place, *, number: int) -> list[NewDelivery]:
    """Return the delivery that tells what was said before ``message``; none if nothing was.

    :param number: which of the dialog's topics it is for.
    """
    if not _earlier(message.dialog, message.pk):
        return []
    return [
        NewDelivery(
            kind=HISTORY,
            sender=place.bot.sender,
            budget_key=place.budget_key,
            payload={
                "dialog_id": str(message.dialog_id),
                "chat_id": place.chat_id,
                "before": message.pk,
            },
            idempotency_key=f"{HISTORY}:{message.dialog_id}:{number}",
        )
    ]


def prepare_history(delivery: Delivery) -> Prepared:
    dialogs = Dialog.objects.select_related("organization", "avito_account__bot", "contact")
    dialog = dialogs.filter(pk=delivery.payload["dialog_id"]).first()
    place = find_place(dialog) if dialog else None
    if dialog is None or place is None or place.chat_id != delivery.payload["chat_id"]:
        return Drop("the group is another one now")
    if place.topic_id is None:
        return Drop("there is no topic for it")
    messages = _earlier(dialog, delivery.payload["before"])
    with translation.override(language_of(dialog.organization)):
        text = history_text(dialog, messages)
    return Call("sendMessage", {**where(place), "text": text, "disable_notification": True})


def settle_history(delivery: Delivery, outcome: Outcome) -> Again | None:
    """Nothing hangs on it: if the topic is gone again, the message behind it will find out."""
    return None


def history_text(dialog: Dialog, messages: Sequence[Message]) -> str:
    """Return messages as lines with time and speaker, below a headline; in the active language.

    Times are in the zone of the organization's auto-reply, else in the site's.
    """
    zone = _zone_of(dialog)
    lines = [_line(dialog, message, message.written_at.astimezone(zone)) for message in messages]
    return "\n".join([_("What was said before:"), *lines])


def _line(dialog: Dialog, message: Message, at: datetime) -> str:
    words = deletion_notice(message) if message.deleted_at else message_line(message)
    return shortened(f"{at:%d.%m %H:%M} {_speaker(dialog, message)}: {words}", LINE_LENGTH)


def _speaker(dialog: Dialog, message: Message) -> str:
    if message.is_incoming:
        name = dialog.contact.name if dialog.contact else ""
        return name or _("The buyer")
    if message.kind == "note":
        return _("%(name)s, note") % {"name": message.author_name}
    return message.author_name or _("You")


def _earlier(dialog: Dialog, before: int) -> list[Message]:
    # What waits to be delivered comes by itself, though it was stored earlier.
    said = dialog.messages.exclude(is_incoming=True, status=Message.Status.QUEUED)
    return list(said.filter(pk__lt=before).order_by("-pk")[:MOST])[::-1]


def _zone_of(dialog: Dialog) -> ZoneInfo:
    own = AutoReplySettings.objects.filter(organization=dialog.organization_id)
    name = own.values_list("timezone", flat=True).first() or settings.TIME_ZONE
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(settings.TIME_ZONE)
