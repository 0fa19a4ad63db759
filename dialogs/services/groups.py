"""A group that cannot be written to: it moved, or its bot may not work in it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone, translation

from dialogs.models import Dialog, Message
from integrations.models import Bot, Delivery
from integrations.selectors.troubles import describe_group, mend_group_by
from integrations.services import group_holds, membership
from integrations.services.calls import Again, Outcome, Wait
from notifications.selectors.people import owners_of
from notifications.services import notify

GROUP_UNUSABLE = "dialogs.group_unusable"
GROUP_USABLE = "dialogs.group_usable"
TOPIC_REFUSED = "dialogs.topic_refused"
UNUSABLE_PAUSE_SECONDS = 60.0
RIGHTS_SECONDS = 600.0


def mend_group(delivery: Delivery, outcome: Outcome) -> Again | None:
    """Return when to try again what failed because of its group, or ``None`` for other failures.

    A group that moved is followed at once. For one that cannot be used everything waits under one
    hold, its owners are told once, and what waits goes out as soon as it can be used again.

    Locks the bot, then its dialogs: call it before any dialog is locked.
    """
    if outcome.code == "chat_migrated":
        chat_id = group_holds.chat_of(delivery.budget_key)
        if chat_id is not None:
            follow_group(_bot_id(delivery), chat_id, int(outcome.changes["chat_id"]))
        return Again()
    if outcome.code in membership.REFUSALS:
        return Again(0 if _is_held(delivery, outcome) else UNUSABLE_PAUSE_SECONDS)
    if outcome.code == "sender_gone":
        return Again(UNUSABLE_PAUSE_SECONDS)
    return None


def wait_for_rights(bot: Bot) -> Wait | None:
    """Return what the making of a topic has to wait for, while its bot may not make any.

    Nothing is asked of Telegram meanwhile; whoever finds the right restored wakes what waits.
    """
    if membership.may_make_topics(bot):
        return None
    return Wait(RIGHTS_SECONDS, "the bot may not make topics")


def wait_after_refusal(delivery: Delivery, bot: Bot) -> Wait | None:
    """Return what the opening or closing of a topic has to wait for once it was refused.

    It is tried first: a bot needs no right for a topic that it has made itself.
    """
    was_refused = delivery.last_error_code in membership.REFUSALS
    return wait_for_rights(bot) if was_refused else None


def tell_unusable(delivery: Delivery, outcome: Outcome) -> None:
    """Tell the owners of the delivery's bot, once a day, that Telegram makes no topic for it."""
    bot = Bot.objects.filter(pk=_bot_id(delivery)).first()
    if bot is None:
        return
    bot.last_error = f"{outcome.code}: {outcome.text}"[:300]
    Bot.objects.filter(pk=bot.pk).update(last_error=bot.last_error, last_error_at=Now())
    today = timezone.now().date().isoformat()
    for owner in owners_of(bot.organization_id):
        notify(
            kind=TOPIC_REFUSED,
            recipient=owner,
            context={"bot": bot.username, "code": outcome.code, "reason": outcome.text},
            dedup_key=f"{TOPIC_REFUSED}:{bot.pk}:{today}:{owner.pk}",
        )


def on_group_refused(sender: object, account: Bot, since: datetime, **_kwargs: Any) -> None:
    """Tell a bot's owners what keeps it from its group, and what to do."""
    for owner in owners_of(account.organization_id):
        with translation.override(owner.lang_code or settings.LANGUAGE_CODE):
            context = {
                "bot": account.username,
                "code": account.group_troubles[0],
                "reason": describe_group(account),
                "advice": mend_group_by(account),
            }
        notify(
            kind=GROUP_UNUSABLE,
            recipient=owner,
            context=context,
            dedup_key=f"{GROUP_UNUSABLE}:{account.pk}:{since.isoformat()}:{owner.pk}",
        )


def on_group_restored(sender: object, account: Bot, since: datetime, **_kwargs: Any) -> None:
    """Tell a bot's owners that what waited for its group goes out."""
    for owner in owners_of(account.organization_id):
        notify(
            kind=GROUP_USABLE,
            recipient=owner,
            context={"bot": account.username},
            dedup_key=f"{GROUP_USABLE}:{account.pk}:{since.isoformat()}:{owner.pk}",
        )


def take_move(*, bot_id: UUID, message: Mapping[str, Any]) -> bool:
    """Follow a group that tells of its move: the old one names the new, and the new one the old.

    :param message: a Bot API ``Message``.
    :returns: whether it was such a message.
    """
    here = message["chat"]["id"]
    if (new := message.get("migrate_to_chat_id")) is not None:
        follow_group(bot_id, here, new)
    elif (old := message.get("migrate_from_chat_id")) is not None:
        follow_group(bot_id, old, here)
    else:
        return False
    return True


@transaction.atomic
def follow_group(bot_id: UUID, old_chat_id: int, new_chat_id: int) -> None:
    """Have a bot and its dialogs go on in the group's new place; once, however often it is told.

    Ids of messages and topics start anew there. Locks the bot, then changes its dialogs.
    """
    rows = Bot.objects.select_for_update(of=("self",), no_key=True)
    bot = rows.filter(pk=bot_id, group_chat_id=old_chat_id).first()
    if bot is None or new_chat_id == old_chat_id:
        return
    bot.group_chat_id = new_chat_id
    bot.save(update_fields=["group_chat_id"])
    membership.forget_troubles(bot, chat_id=old_chat_id)
    # In a group without topics a dialog does not know its chat.
    own = Q(telegram_chat_id=old_chat_id) | Q(telegram_chat_id=None)
    moved = list(Dialog.objects.filter(own, bot_id=bot_id).values_list("pk", flat=True))
    Message.objects.filter(dialog__in=moved, telegram_message_id__isnull=False).update(
        telegram_message_id=None
    )
    Dialog.objects.filter(pk__in=moved, telegram_chat_id=old_chat_id).update(
        telegram_chat_id=new_chat_id, telegram_topic_id=None
    )


def _is_held(delivery: Delivery, outcome: Outcome) -> bool:
    chat_id = group_holds.chat_of(delivery.budget_key)
    return chat_id is not None and membership.note_refusal(
        bot_id=_bot_id(delivery), chat_id=chat_id, code=outcome.code, text=outcome.text
    )


def _bot_id(delivery: Delivery) -> UUID:
    return UUID(delivery.sender.partition(":")[2])
