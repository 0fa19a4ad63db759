"""What is asked of Avito about a chat: what it is about, and to mark it read."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.utils import timezone

from dialogs.models import Contact, Dialog, Message
from dialogs.selectors.locks import lock_dialog
from dialogs.services.avito_content import largest
from dialogs.services.routes import avito_read_lane, avito_route, telegram_lane
from integrations.models import Delivery, InboundEvent
from integrations.services.calls import (
    Again,
    Ambiguity,
    Call,
    Drop,
    Outcome,
    Policy,
    Prepared,
    Status,
    Wait,
)
from integrations.services.outbox import deliver, wake_lane
from integrations.services.webhooks import avito_lane

FETCH_CHAT = "dialogs.fetch_chat"
MARK_READ = "dialogs.mark_read"
MARK_READ_LIFE = timedelta(days=1)
UNSEEN_SECONDS = 0.5

# Fetching twice does no harm.
FETCH_POLICY = Policy(on_ambiguous=Ambiguity.REPEATABLE, max_attempts=8)
MARK_READ_POLICY = Policy(max_attempts=8)


def queue_fetch(dialog: Dialog) -> None:
    """Ask Avito for the item and the contact's name of a new dialog."""
    if dialog.avito_account is None:
        return
    route = avito_route(dialog.avito_account, dialog)
    deliver(
        kind=FETCH_CHAT,
        sender=route.sender,
        lane=avito_read_lane(dialog.pk),
        budget_key=route.budget_key,
        payload={"dialog_id": str(dialog.pk)},
        idempotency_key=f"{FETCH_CHAT}:{dialog.pk}",
    )


def prepare_fetch(delivery: Delivery) -> Prepared:
    dialog = Dialog.objects.filter(pk=delivery.payload["dialog_id"]).first()
    if dialog is None:
        return Drop("the dialog is gone")
    return Call("get_chat", {"chat_id": dialog.external_id})


def settle_fetch(delivery: Delivery, outcome: Outcome) -> Again | None:
    """Store what Avito said of the chat, or that it said nothing, and let the topic be made."""
    dialog = lock_dialog(delivery.payload["dialog_id"])
    if dialog is None:
        return None
    if outcome.status is Status.SENT and isinstance(outcome.result, Mapping):
        _store_chat(dialog, outcome.result)
    dialog.item_fetched_at = timezone.now()
    dialog.save(update_fields=["item", "title", "contact", "item_fetched_at"])
    wake_lane(telegram_lane(dialog.pk))
    return None


def queue_mark_read(message: Message) -> None:
    """Mark the chat read on Avito, now that this message stands in Telegram."""
    dialog = message.dialog
    if dialog.avito_account is None:
        return
    route = avito_route(dialog.avito_account, dialog)
    deliver(
        kind=MARK_READ,
        sender=route.sender,
        lane=avito_read_lane(dialog.pk),
        budget_key=route.budget_key,
        payload={"message_id": message.pk},
        idempotency_key=f"{MARK_READ}:{message.pk}",
        expires_at=timezone.now() + MARK_READ_LIFE,
    )


def prepare_mark_read(delivery: Delivery) -> Prepared:
    """Mark the whole chat read, unless that would touch what nobody here has seen yet."""
    message = Message.objects.select_related("dialog").filter(pk=delivery.payload["message_id"])
    found = message.first()
    if found is None:
        return Drop("the message is gone")
    later = Message.objects.filter(dialog=found.dialog, is_incoming=True, pk__gt=found.pk)
    if later.filter(status=Message.Status.QUEUED).exists():
        return Drop("a later message is not delivered yet")
    account_id = found.dialog.avito_account_id
    lane = avito_lane(account_id, found.dialog.external_id) if account_id else ""
    if InboundEvent.objects.filter(lane=lane, state=InboundEvent.State.NEW).exists():
        return Wait(UNSEEN_SECONDS, "a later message is in the inbox")
    newer = Delivery.objects.filter(lane=delivery.lane, kind=MARK_READ, pk__gt=delivery.pk)
    if newer.filter(state=Delivery.State.QUEUED).exists():
        return Drop("a newer one is waiting")
    return Call("mark_read", {"chat_id": found.dialog.external_id})


def settle_mark_read(delivery: Delivery, outcome: Outcome) -> Again | None:
    """Nothing hangs on it: the next message marks the chat read again."""
    return None


def _store_chat(dialog: Dialog, chat: Mapping[str, Any]) -> None:
    context = chat.get("context") or {}
    item = context.get("value") or {}
    if context.get("type") == "item" and item:
        dialog.item = {
            "title": str(item.get("title") or ""),
            "price": str(item.get("price_string") or ""),
            "url": str(item.get("url") or ""),
            "image": largest((item.get("images") or {}).get("main")),
        }
        dialog.title = dialog.item["title"][:200]
    _store_contact(dialog, chat.get("users") or [])


def _store_contact(dialog: Dialog, users: Sequence[Mapping[str, Any]]) -> None:
    own = str(dialog.avito_account.avito_user_id) if dialog.avito_account else ""
    buyer = next((user for user in users if str(user.get("id")) != own), None)
    if buyer is None:
        return
    if dialog.contact is None:
        dialog.contact = Contact.objects.get_or_create(
            organization=dialog.organization, source="avito", external_id=str(buyer.get("id"))
        )[0]
    dialog.contact.name = str(buyer.get("name") or "")[:128]
    dialog.contact.save(update_fields=["name"])
