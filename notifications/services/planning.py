"""From "somebody should know" to one delivery for each channel that reaches them."""

from django.db import transaction
from django.db.models.functions import Now

from config.lib.correlation import correlated
from integrations.models import Bot
from integrations.services.outbox import deliver
from notifications.models import ChannelAddress, Notification
from notifications.services.addresses import get_address
from notifications.services.kinds import kinds
from notifications.services.preferences import is_wanted

TO_TELEGRAM = "notifications.telegram"
TO_EMAIL = "notifications.email"
MAIL_SENDER = "mail:site"
BATCH = 100


def plan_due() -> int:
    """Plan every notification that is not planned yet; return how many there were.

    Any number may run at once: each row is planned by one of them.
    """
    total = 0
    while count := _plan_batch():
        total += count
    return total


@transaction.atomic
def _plan_batch() -> int:
    rows = (
        Notification.objects.filter(planned_at__isnull=True)
        .select_related("recipient")
        .select_for_update(of=("self",), skip_locked=True)
        .order_by("pk")[:BATCH]
    )
    notifications = list(rows)
    bot = Bot.objects.filter(is_platform=True, status=Bot.Status.ACTIVE).first()
    for notification in notifications:
        with correlated(notification.correlation_id):
            _plan(notification, bot)
    planned = [notification.pk for notification in notifications]
    Notification.objects.filter(pk__in=planned).update(planned_at=Now())
    return len(notifications)


def _plan(notification: Notification, bot: Bot | None) -> None:
    telegram = get_address(notification.recipient, ChannelAddress.Channel.TELEGRAM)
    if telegram is not None and bot is not None:
        budget = f"{bot.sender}:{telegram.address}"
        _deliver(notification, telegram, TO_TELEGRAM, sender=bot.sender, budget_key=budget)
    email = get_address(notification.recipient, ChannelAddress.Channel.EMAIL)
    if email is not None:
        _deliver(notification, email, TO_EMAIL, sender=MAIL_SENDER, budget_key=MAIL_SENDER)


def _deliver(
    notification: Notification,
    address: ChannelAddress,
    kind: str,
    *,
    sender: str,
    budget_key: str,
) -> None:
    if address.state != ChannelAddress.State.ACTIVE or not _is_wanted(notification, address):
        return
    deliver(
        kind=kind,
        sender=sender,
        lane=f"notify:{notification.recipient_id}:{address.channel}",
        budget_key=budget_key,
        payload={"notification_id": notification.pk},
        idempotency_key=f"{kind}:{notification.pk}",
        expires_at=notification.expires_at,
    )


def _is_wanted(notification: Notification, address: ChannelAddress) -> bool:
    kind = kinds.find(notification.kind)
    if kind is None or kind.mandatory:
        return True
    return is_wanted(notification.recipient, address.channel, notification.kind)
