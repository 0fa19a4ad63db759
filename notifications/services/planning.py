"""From "somebody should know" to one delivery for each channel that reaches them."""

from django.db import transaction
from django.db.models.functions import Now

from config.lib.correlation import correlated
from integrations.services.calls import Ambiguity
from integrations.services.outbox import deliver
from notifications.channels import NoticeChannel, ranked
from notifications.models import ChannelAddress, Notification
from notifications.services.addresses import get_address
from notifications.services.kinds import kinds
from notifications.services.preferences import is_wanted

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
        Notification.objects.filter(planned_at__isnull=True, due_at__lte=Now())
        .select_related("recipient")
        .select_for_update(of=("self",), skip_locked=True)
        .order_by("due_at", "pk")[:BATCH]
    )
    notifications = list(rows)
    senders = {channel.name: channel.find_sender() for channel in ranked()}
    for notification in notifications:
        with correlated(notification.correlation_id):
            _plan(notification, senders)
    planned = [notification.pk for notification in notifications]
    Notification.objects.filter(pk__in=planned).update(
        planned_at=Now(), state=Notification.State.HANDED_ON
    )
    return len(notifications)


def _plan(notification: Notification, senders: dict[str, str | None]) -> None:
    for channel in ranked():
        address = get_address(notification.recipient, channel.name)
        sender = senders[channel.name]
        if address is not None and sender is not None:
            _deliver(notification, address, channel, sender)


def _deliver(
    notification: Notification, address: ChannelAddress, channel: NoticeChannel, sender: str
) -> None:
    if address.state != ChannelAddress.State.ACTIVE or not _is_wanted(notification, address):
        return
    kind = kinds.find(notification.kind)
    is_once = kind is not None and kind.on_ambiguous is Ambiguity.AT_MOST_ONCE
    deliver(
        kind=channel.once_kind if is_once else channel.kind,
        sender=sender,
        lane=f"notify:{notification.recipient_id}:{channel.name}",
        budget_key=channel.budget_of(sender, address.address),
        payload={"notification_id": notification.pk},
        idempotency_key=f"{channel.kind}:{notification.pk}",
        expires_at=notification.expires_at,
    )


def _is_wanted(notification: Notification, address: ChannelAddress) -> bool:
    kind = kinds.find(notification.kind)
    if kind is None or kind.mandatory:
        return True
    return is_wanted(notification.recipient, address.channel, notification.kind)
