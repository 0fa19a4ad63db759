"""What a person wishes to be told, over which channel and when. Mandatory kinds do not ask."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import time

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from config.lib.errors import FieldError, InputError
from notifications.channels import NoticeChannel, channels, ranked
from notifications.models import Preference
from notifications.services.digests import DIGEST
from notifications.services.kinds import Frequency, NotificationKind, kinds

HOURS = 24


@dataclass(frozen=True, slots=True)
class Timing:
    """When and in which order; see ``Preference``."""

    quiet_from: time | None
    quiet_to: time | None
    digest_hour: int
    channel_order: Sequence[str]
    reach: str
    frequencies: Mapping[str, str]


def wish(channel: str, kind: str = "") -> str:
    """Return the name of a wish: a channel as a whole, or one kind over it."""
    return f"{channel}:{kind}" if kind else str(channel)


def wishes_of(user: User) -> Preference:
    """Return what somebody wishes; so long as nothing is said, a row that is not kept."""
    return Preference.objects.filter(user=user).first() or Preference(user=user)


def muted_by(user: User) -> frozenset[str]:
    """Return the wishes (see ``wish``) that somebody has turned off; at first none."""
    return frozenset(wishes_of(user).muted)


def is_wanted(user: User, channel: str, kind: str = "") -> bool:
    """Tell whether somebody wants notices over a channel; so long as nothing is said, yes.

    :param kind: ask for this kind, which is wanted only where its channel is.
    """
    return muted_by(user).isdisjoint({wish(channel), wish(channel, kind)})


def frequency_of(wishes: Preference, name: str, kind: NotificationKind) -> Frequency:
    """Return how often somebody wants to be told of a kind."""
    try:
        return Frequency(wishes.frequencies.get(name))
    except ValueError:
        return kind.frequency


def in_order(offered: Iterable[NoticeChannel], order: Sequence[str]) -> list[NoticeChannel]:
    """Return channels in a person's order; those that it does not name come after."""
    place = {name: number for number, name in enumerate(order)}
    return sorted(offered, key=lambda channel: place.get(channel.name, len(place)))


def optional_kinds() -> list[tuple[str, NotificationKind]]:
    """Return the kinds that people choose of."""
    return [(name, kind) for name, kind in kinds.items() if not kind.mandatory and name != DIGEST]


@transaction.atomic
def set_wanted(user: User, channel: str, *, is_wanted: bool) -> None:
    """Turn notices over a channel on or off; it counts for what is planned from now on."""
    locked = _lock(user)
    muted = set(locked.muted) - {str(channel)}
    _save_muted(locked, muted if is_wanted else muted | {str(channel)})


@transaction.atomic
def set_wishes(user: User, *, offered: Collection[str], wanted: Collection[str]) -> None:
    """Turn on what is wanted of all that was offered, and the rest of it off.

    What was not offered stays as it is: a channel without an address, say.

    :param offered: wishes (see ``wish``), as is ``wanted``; what nobody can wish is passed over.
    """
    known = all_wishes() & set(offered)
    locked = _lock(user)
    _save_muted(locked, (set(locked.muted) - known) | (known - set(wanted)))


@transaction.atomic
def save_preferences(
    user: User, timing: Timing, *, offered: Collection[str], wanted: Collection[str]
) -> Preference:
    """Keep everything that a person has chosen, as ``set_timing`` and ``set_wishes`` do.

    :raises InputError: see ``set_timing``; nothing is changed.
    """
    set_timing(user, timing)
    set_wishes(user, offered=offered, wanted=wanted)
    return wishes_of(user)


@transaction.atomic
def set_timing(user: User, timing: Timing) -> Preference:
    """Keep when and in which order somebody wants to be told; return it as it is now.

    :raises InputError: a value that cannot be, or one end of the quiet hours without the
        other; nothing is changed.
    """
    _check(timing)
    locked = _lock(user)
    optional = dict(optional_kinds())
    others = {name: each for name, each in locked.frequencies.items() if name not in optional}
    locked.quiet_from, locked.quiet_to = timing.quiet_from, timing.quiet_to
    locked.digest_hour, locked.reach = timing.digest_hour, timing.reach
    locked.channel_order = _whole_order(timing.channel_order)
    locked.frequencies = others | dict(timing.frequencies)
    locked.save()
    return locked


def _check(timing: Timing) -> None:
    wrong = list(_wrong(timing))
    if wrong:
        raise InputError(fields=wrong)


def _wrong(timing: Timing) -> Iterator[FieldError]:
    if (timing.quiet_from is None) != (timing.quiet_to is None):
        missing = "quiet_from" if timing.quiet_from is None else "quiet_to"
        text = _("Quiet hours need both a beginning and an end.")
        yield FieldError(missing, "required", text)
    if not 0 <= timing.digest_hour < HOURS:
        yield FieldError("digest_hour", "invalid", _("This is no hour of a day."))
    if timing.reach not in Preference.Reach.values:
        yield FieldError("reach", "invalid_choice", _("Choose one of the given values."))
    if not all(name in channels for name in timing.channel_order):
        yield FieldError("channel_order", "invalid_choice", _("There is no such channel."))
    known, values = dict(optional_kinds()), {each.value for each in Frequency}
    if not known.keys() >= timing.frequencies.keys():
        yield FieldError("frequencies", "invalid_choice", _("There is no such notification."))
    elif not values.issuperset(timing.frequencies.values()):
        yield FieldError("frequencies", "invalid_choice", _("Choose one of the given values."))


def _whole_order(order: Sequence[str]) -> list[str]:
    """Return every channel once, in this order; none at all where it is the usual one."""
    usual = [channel.name for channel in ranked()]
    whole = list(dict.fromkeys([*order, *usual]))
    return [] if whole == usual else whole


def all_wishes() -> set[str]:
    """Return every wish (see ``wish``) that somebody may have."""
    optional = [name for name, _kind in optional_kinds()]
    return {wish(channel, kind) for channel, _each in channels.items() for kind in ("", *optional)}


def _lock(user: User) -> Preference:
    preference, _is_new = Preference.objects.get_or_create(user=user)
    return Preference.objects.select_for_update(no_key=True).get(pk=preference.pk)


def _save_muted(preference: Preference, muted: Collection[str]) -> None:
    preference.muted = sorted(muted)
    preference.save(update_fields=["muted"])
