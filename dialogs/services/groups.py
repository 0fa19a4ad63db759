"""A group that cannot be written to: it moved, or its bot lacks rights in it."""

from uuid import UUID

from django.db.models.functions import Now
from django.utils import timezone

from dialogs.models import Dialog, Message
from integrations.models import Bot, Delivery
from integrations.services.calls import Again, Outcome
from notifications.selectors.people import owners_of
from notifications.services import notify

GROUP_UNUSABLE = "dialogs.group_unusable"
UNUSABLE_PAUSE_SECONDS = 60.0

_UNUSABLE = frozenset(
    {
        "bot_kicked",
        "chat_not_found",
        "forbidden",
        "not_a_forum",
        "not_enough_rights",
        "topic_closed",
    }
)


def mend_group(delivery: Delivery, outcome: Outcome) -> Again | None:
    """Return when to try again what failed because of its group, or ``None`` for other failures.

    A group that moved is followed at once. For one that cannot be used the owners are told, once
    a day, and what waits goes out when it can be used again.

    Locks the bot, then its dialogs: call it before any dialog is locked.
    """
    if outcome.code == "chat_migrated":
        _follow(delivery, int(outcome.changes["chat_id"]))
        return Again()
    if outcome.code in _UNUSABLE:
        tell_unusable(delivery, outcome)
        return Again(UNUSABLE_PAUSE_SECONDS)
    if outcome.code == "sender_gone":
        return Again(UNUSABLE_PAUSE_SECONDS)
    return None


def tell_unusable(delivery: Delivery, outcome: Outcome) -> None:
    """Tell the owners of the delivery's bot, once a day, why its group cannot be used."""
    bot = Bot.objects.filter(pk=_bot_id(delivery)).first()
    if bot is None:
        return
    bot.last_error = f"{outcome.code}: {outcome.text}"[:300]
    Bot.objects.filter(pk=bot.pk).update(last_error=bot.last_error, last_error_at=Now())
    today = timezone.now().date().isoformat()
    for owner in owners_of(bot.organization_id):
        notify(
            kind=GROUP_UNUSABLE,
            recipient=owner,
            context={"bot": bot.username, "code": outcome.code, "reason": outcome.text},
            dedup_key=f"{GROUP_UNUSABLE}:{bot.pk}:{today}:{owner.pk}",
        )


def _follow(delivery: Delivery, new_chat_id: int) -> None:
    old_chat_id = int(delivery.budget_key.rpartition(":")[2])
    bot = Bot.objects.select_for_update().filter(pk=_bot_id(delivery)).first()
    if bot is None or new_chat_id == old_chat_id:
        return
    if bot.group_chat_id == old_chat_id:
        bot.group_chat_id = new_chat_id
        bot.save(update_fields=["group_chat_id"])
    moved = Dialog.objects.filter(bot=bot, telegram_chat_id=old_chat_id)
    # Ids of messages and topics start anew in the new group.
    Message.objects.filter(dialog__in=moved).update(telegram_message_id=None)
    moved.update(telegram_chat_id=new_chat_id, telegram_topic_id=None)


def _bot_id(delivery: Delivery) -> UUID:
    return UUID(delivery.sender.partition(":")[2])
