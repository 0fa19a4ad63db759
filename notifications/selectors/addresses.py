"""Where a person is reached."""

from dataclasses import dataclass

from accounts.models import User
from notifications.channels import NoticeChannel, ranked
from notifications.models import ChannelAddress


@dataclass(frozen=True, slots=True)
class Reach:
    """:param address: where calls go, empty where there is none; ``shown`` as a person reads it.
    :param state: one of ``ChannelAddress.State``.
    """

    channel: NoticeChannel
    address: str
    shown: str
    state: str


def reach_of(user: User) -> list[Reach]:
    """Return every channel with what is known of it."""
    known = {(row.channel, row.address): row.state for row in user.channel_addresses.all()}
    return [_reach(user, channel, known) for channel in ranked()]


def _reach(user: User, channel: NoticeChannel, known: dict[tuple[str, str], str]) -> Reach:
    address = channel.find_addresses([user]).get(user.pk, "")
    state = known.get((channel.name, address), ChannelAddress.State.ACTIVE)
    return Reach(channel, address, channel.shown(user, address), state)
