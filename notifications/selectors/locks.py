"""The only way to lock rows of this app."""

from notifications.models import ChannelAddress, ChannelCode


def lock_address(*, user_id: int, channel: str) -> ChannelAddress | None:
    """Lock and return an address, or ``None`` if there is none."""
    rows = ChannelAddress.objects.select_for_update(of=("self",), no_key=True)
    return rows.filter(user=user_id, channel=channel).first()


def lock_code(code_hash: bytes) -> ChannelCode | None:
    """Lock and return a code with its person, or ``None`` if there is none."""
    rows = ChannelCode.objects.select_for_update(of=("self",)).select_related("user")
    return rows.filter(code_hash=code_hash).first()
