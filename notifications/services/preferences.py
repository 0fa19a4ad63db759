"""What a person wishes to be told over which channel. Mandatory kinds do not ask."""

from collections.abc import Collection

from django.db import transaction

from accounts.models import User
from notifications.channels import channels
from notifications.models import Preference
from notifications.services.kinds import kinds


def wish(channel: str, kind: str = "") -> str:
    """Return the name of a wish: a channel as a whole, or one kind over it."""
    return f"{channel}:{kind}" if kind else str(channel)


def muted_by(user: User) -> frozenset[str]:
    """Return the wishes (see ``wish``) that somebody has turned off; at first none."""
    preference = Preference.objects.filter(user=user).first()
    return frozenset(preference.muted) if preference is not None else frozenset()


def is_wanted(user: User, channel: str, kind: str = "") -> bool:
    """Tell whether somebody wants notices over a channel; so long as nothing is said, yes.

    :param kind: ask for this kind, which is wanted only where its channel is.
    """
    return muted_by(user).isdisjoint({wish(channel), wish(channel, kind)})


@transaction.atomic
def set_wanted(user: User, channel: str, *, is_wanted: bool) -> None:
    """Turn notices over a channel on or off; it counts for what is planned from now on."""
    locked = _lock(user)
    muted = set(locked.muted) - {str(channel)}
    _save(locked, muted if is_wanted else muted | {str(channel)})


@transaction.atomic
def set_wishes(user: User, *, offered: Collection[str], wanted: Collection[str]) -> None:
    """Turn on what is wanted of all that was offered, and the rest of it off.

    What was not offered stays as it is: a channel without an address, say.

    :param offered: wishes (see ``wish``), as is ``wanted``; what nobody can wish is passed over.
    """
    known = _known() & set(offered)
    locked = _lock(user)
    _save(locked, (set(locked.muted) - known) | (known - set(wanted)))


def _known() -> set[str]:
    optional = [name for name, kind in kinds.items() if not kind.mandatory]
    return {wish(channel, kind) for channel, _ in channels.items() for kind in ("", *optional)}


def _lock(user: User) -> Preference:
    preference, _ = Preference.objects.get_or_create(user=user)
    return Preference.objects.select_for_update(no_key=True).get(pk=preference.pk)


def _save(preference: Preference, muted: Collection[str]) -> None:
    preference.muted = sorted(muted)
    preference.save(update_fields=["muted"])
