"""Where people can be reached, and what we learn of it by trying."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from notifications.channels import address_of, ranked
from notifications.models import ChannelAddress
from notifications.selectors.locks import lock_address

State = ChannelAddress.State

STRIKES = 3
_LEARNT = ["address", "state", "strikes", "last_strike_at"]
# Telegram's "can't send messages to the user" comes and goes, so only refusals that lie apart
# count: the third is at least a day after the first.
STRIKE_GAP = timedelta(hours=12)


@transaction.atomic
def get_address(user: User, channel: str) -> ChannelAddress | None:
    """Return where ``user`` is reached over ``channel``, or ``None`` if nowhere.

    What was learnt of an older address does not hold for a new one.
    """
    value = address_of(user, channel)
    if not value:
        return None
    address, is_new = ChannelAddress.objects.get_or_create(
        user=user, channel=channel, defaults={"address": value}
    )
    if not is_new and address.address != value:
        address.address = value
        _revive(address)
    return address


@transaction.atomic
def find_active(people: Sequence[User]) -> dict[tuple[int, str], ChannelAddress]:
    """Return where ``people`` can be reached, by user id and channel.

    Three statements at most, besides those of the channels themselves.
    """
    values = {
        (user_id, channel.name): value
        for channel in ranked()
        for user_id, value in channel.find_addresses(people).items()
    }
    rows = ChannelAddress.objects.filter(user__in={user_id for user_id, _name in values})
    known = {(row.user_id, row.channel): row for row in rows}
    _write_new(values, known)
    return {key: known[key] for key in values if known[key].state == State.ACTIVE}


def _write_new(
    values: Mapping[tuple[int, str], str], known: dict[tuple[int, str], ChannelAddress]
) -> None:
    """Add rows for addresses that are new, and forget what was learnt of those they replace."""
    new = [
        ChannelAddress(user_id=user_id, channel=name, address=values[user_id, name])
        for user_id, name in sorted(values.keys() - known.keys())
    ]
    if new:
        ChannelAddress.objects.bulk_create(new, ignore_conflicts=True)
        known.update({(row.user_id, row.channel): row for row in new})
    changed = [
        row for key, row in sorted(known.items()) if values.get(key, row.address) != row.address
    ]
    for row in changed:
        row.address = values[row.user_id, row.channel]
        _forget(row)
    if changed:
        ChannelAddress.objects.bulk_update(changed, _LEARNT)


@transaction.atomic
def set_state(user: User, channel: str, state: State) -> None:
    """Note that somebody can no longer be reached, and why, or can be again."""
    address = get_address(user, channel)
    if address is None:
        return
    if state == State.ACTIVE:
        if address.state != state or address.strikes:
            _revive(address)
    elif address.state != state:
        address.state = state
        address.save(update_fields=["state"])


@transaction.atomic
def strike(user: User, channel: str) -> bool:
    """Count a refusal that may pass; return whether it was one too many."""
    address = lock_address(user_id=user.pk, channel=channel)
    if address is None:
        return True
    now = timezone.now()
    if address.last_strike_at is None or now - address.last_strike_at >= STRIKE_GAP:
        address.strikes += 1
        address.last_strike_at = now
    if address.strikes >= STRIKES:
        address.state = State.BLOCKED
    address.save(update_fields=["strikes", "last_strike_at", "state"])
    return address.state == State.BLOCKED


def _revive(address: ChannelAddress) -> None:
    _forget(address)
    address.save(update_fields=_LEARNT)


def _forget(address: ChannelAddress) -> None:
    address.state = State.ACTIVE
    address.strikes = 0
    address.last_strike_at = None
