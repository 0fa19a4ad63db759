"""The only way to lock rows of this app."""

from notifications.models import ChannelAddress


def lock_address(*, user_id: int, channel: str) -> ChannelAddress | None:
    """Lock and return an address, or ``None`` if there is none."""
    rows = ChannelAddress.objects.select_for_update(of=("self",), no_key=True)
    return rows.filter(user=user_id, channel=channel).first()
