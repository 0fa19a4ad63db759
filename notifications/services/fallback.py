"""One delivery for each channel, and the next channel where one fails.

A delivery carries the names of those that come after it; it is written when its turn comes, so
that nobody is told twice because two were under way.
"""

from collections.abc import Sequence

from integrations.models import Delivery
from integrations.services.calls import Ambiguity, LaneDelivery
from integrations.services.outbox import deliver_many
from notifications.channels import NoticeChannel, channels
from notifications.models import ChannelAddress, Notification
from notifications.services.addresses import get_address
from notifications.services.kinds import NotificationKind, kinds


def delivery_of(
    notice: Notification,
    channel: NoticeChannel,
    sender: str,
    address: str,
    then: Sequence[str],
) -> LaneDelivery:
    """Return what tells a notice over a channel.

    :param then: the channels that are tried, in this order, where this one fails.
    """
    kind = kinds.find(notice.kind)
    return LaneDelivery(
        kind=channel.once_kind if _is_once(kind) else channel.kind,
        sender=sender,
        lane=f"notify:{notice.recipient_id}:{channel.name}",
        budget_key=channel.budget_of(sender, address),
        payload={"notification_id": notice.pk, **({"then": list(then)} if then else {})},
        idempotency_key=f"{channel.kind}:{notice.pk}",
        correlation_id=notice.correlation_id,
        expires_at=notice.expires_at,
    )


def _is_once(kind: NotificationKind | None) -> bool:
    return kind is not None and kind.on_ambiguous is Ambiguity.AT_MOST_ONCE


def fall_back(delivery: Delivery, notice: Notification) -> bool:
    """Hand a notice to the next channel that reaches the person; return whether there is one.

    In the caller's transaction; a repeat changes nothing.
    """
    then = list(delivery.payload.get("then", []))
    while then:
        channel = channels.find(then.pop(0))
        found = _way(notice, channel) if channel is not None else None
        if channel is not None and found is not None:
            deliver_many([delivery_of(notice, channel, *found, then)])
            return True
    return False


def _way(notice: Notification, channel: NoticeChannel) -> tuple[str, str] | None:
    sender = channel.find_sender()
    address = get_address(notice.recipient, channel.name)
    if sender is None or address is None or address.state != ChannelAddress.State.ACTIVE:
        return None
    return sender, address.address
