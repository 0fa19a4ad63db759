"""One chat for all dialogs of a bot: an answer is a reply to what was relayed."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils import timezone, translation

from dialogs.selectors.places import is_single_chat
from dialogs.services.note_texts import note_text
from dialogs.services.telegram_content import Said, read_command
from dialogs.services.wording import language_of
from integrations.models import Bot, Delivery
from integrations.services.calls import Again, Call, Drop, Outcome, Policy, Prepared
from integrations.services.outbox import deliver

HINT = "dialogs.hint"
POLICY = Policy(max_attempts=3)


def is_meant(bot_id: UUID, message: Mapping[str, Any], said: Said) -> bool:
    """Say whether a message stands in the one chat of a bot without topics, and is not /start."""
    command = read_command(said.text)
    if command is not None and command.name == "start":
        return False
    return is_single_chat(bot_id, message["chat"]["id"])


def hint(bot_id: UUID, message: Mapping[str, Any]) -> None:
    """Explain, once a day in a chat, that only replies reach a buyer."""
    bot = Bot.objects.get(pk=bot_id)
    chat_id, today = message["chat"]["id"], timezone.now().date().isoformat()
    deliver(
        kind=HINT,
        sender=bot.sender,
        lane=f"chat:{bot_id}:{chat_id}",
        budget_key=f"{bot.sender}:{chat_id}",
        payload={"bot_id": str(bot_id), "chat_id": chat_id, "reply_to": message["message_id"]},
        idempotency_key=f"{HINT}:{bot_id}:{chat_id}:{today}",
    )


def prepare_hint(delivery: Delivery) -> Prepared:
    payload = delivery.payload
    bot = Bot.objects.select_related("organization").filter(pk=payload["bot_id"]).first()
    if bot is None or bot.group_chat_id != payload["chat_id"]:
        return Drop("the chat is another one now")
    with translation.override(language_of(bot.organization)):
        text = note_text("answer_by_reply", {})
    answered = {"message_id": payload["reply_to"], "allow_sending_without_reply": True}
    params = {"chat_id": payload["chat_id"], "text": text, "reply_parameters": answered}
    return Call("sendMessage", params)


def settle_hint(delivery: Delivery, outcome: Outcome) -> Again | None:
    """Nothing hangs on it."""
    return None
