"""What became of a notice: its deliveries, one for each channel."""

from collections.abc import Sequence

from integrations.models import Delivery
from notifications.channels import channels
from notifications.models import Notification


def deliveries_of(notice: Notification) -> Sequence[Delivery]:
    """Return a notice's deliveries with the calls that were made for each. Two queries."""
    keys = [f"{channel.kind}:{notice.pk}" for channel in channels.values()]
    rows = Delivery.objects.filter(idempotency_key__in=keys).order_by("pk")
    return list(rows.prefetch_related("journal"))
