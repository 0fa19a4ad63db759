"""What the relay says in a topic on its own behalf: an answer to somebody who wrote there."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils import timezone, translation

from dialogs.models import Dialog
from dialogs.selectors.locks import lock_dialog
from dialogs.services.note_texts import note_text
from dialogs.services.rendering import where
from dialogs.services.routes import find_place, telegram_lane, telegram_route
from dialogs.services.topic_states import CLOSING, queue_topic_state
from dialogs.services.topics import TOPIC_CLOSED, note_closed, reopen_first, was_closed
from dialogs.services.wording import language_of
from integrations.models import Delivery
from integrations.services.calls import Again, Call, Drop, Outcome, Policy, Prepared, Status
from integrations.services.outbox import deliver

TELL_TOPIC = "dialogs.tell_topic"
POLICY = Policy(max_attempts=8)
NOTE_LIFE = timedelta(days=1)


def tell_topic(
    dialog: Dialog,
    *,
    note: str,
    reply_to: int | None,
    key: str,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Tell the people in a dialog's topic something, once for each ``key``.

    :param note: which text, see ``note_texts.note_text``.
    :param reply_to: the message in Telegram that it is about, if it stands there.
    """
    route = telegram_route(dialog)
    deliver(
        kind=TELL_TOPIC,
        sender=route.sender,
        lane=telegram_lane(dialog.pk),
        budget_key=route.budget_key,
        payload={
            "dialog_id": str(dialog.pk),
            "note": note,
            "reply_to": reply_to,
            "facts": dict(facts or {}),
        },
        idempotency_key=f"{TELL_TOPIC}:{key}",
        expires_at=timezone.now() + NOTE_LIFE,
    )


def prepare_note(delivery: Delivery) -> Prepared:
    payload = delivery.payload
    dialogs = Dialog.objects.select_related("organization", "avito_account__bot")
    dialog = dialogs.filter(pk=payload["dialog_id"]).first()
    place = find_place(dialog) if dialog else None
    if dialog is None or place is None or (place.has_topics and place.topic_id is None):
        return Drop("there is nowhere to say it")
    with translation.override(language_of(dialog.organization)):
        text = note_text(payload["note"], payload["facts"])
    params: dict[str, Any] = {**where(place), "text": text}
    if payload["reply_to"] is not None:
        params["reply_parameters"] = {
            "message_id": payload["reply_to"],
            "allow_sending_without_reply": True,
        }
    return reopen_first(delivery, place) or Call("sendMessage", params)


def settle_note(delivery: Delivery, outcome: Outcome) -> Again | None:
    """Open a closed topic for the note, and close it behind it if that is how it should be."""
    if outcome.status is Status.PERMANENT and outcome.code == TOPIC_CLOSED:
        return note_closed(delivery)
    dialog = lock_dialog(delivery.payload["dialog_id"]) if was_closed(delivery) else None
    if dialog is not None and dialog.status in CLOSING:
        queue_topic_state(dialog)
    return None
