"""Where a person is reached."""

from dataclasses import dataclass

from accounts.models import User
from notifications.models import ChannelAddress

Channel = ChannelAddress.Channel


@dataclass(frozen=True, slots=True)
class Reach:
    """:param address: as a person reads it; empty where there is none.
    :param state: one of ``ChannelAddress.State``.
    """

    channel: Channel
    address: str
    state: str


def reach_of(user: User) -> list[Reach]:
    """Return every channel with what is known of it. One query."""
    known = {
        row.channel: row.state
        for row in ChannelAddress.objects.filter(user=user)
        if row.address == address_of(user, Channel(row.channel))
    }
    return [
        Reach(channel, _shown(user, channel), known.get(channel, ChannelAddress.State.ACTIVE))
        for channel in Channel
    ]


def address_of(user: User, channel: Channel) -> str:
    """Return a person's chat or e-mail address, empty where there is none."""
    if channel == Channel.TELEGRAM:
        return str(user.telegram_id or "")
    return user.email or ""


def _shown(user: User, channel: Channel) -> str:
    if channel == Channel.TELEGRAM and user.telegram_username:
        return f"@{user.telegram_username}"
    return address_of(user, channel)
