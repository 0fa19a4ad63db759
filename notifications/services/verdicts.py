"""What becomes of a notice that is due, decided from what is known, without asking anybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from notifications.channels import NoticeChannel
from notifications.models import Notification, Preference
from notifications.services.kinds import Frequency, InQuiet, NotificationKind
from notifications.services.preferences import frequency_of, in_order, wish
from notifications.services.quiet_hours import next_hour, quiet_until, zone_of

State = Notification.State

# A kind that this process does not know may be known to a newer one that starts just now.
UNKNOWN_PAUSE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Verdict:
    """:param due_at: when to look again, for what is ``WAITING`` or ``GATHERED``.
    :param channels: where it goes, for ``HANDED_ON``. :param then: what is tried, in this order,
        where that fails.
    """

    state: Notification.State
    due_at: datetime | None = None
    channels: Sequence[NoticeChannel] = ()
    then: Sequence[NoticeChannel] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What a verdict hangs on.

    :param kind: ``None``: nobody registered it here.
    :param reachable: the channels that reach the person now, by rank.
    :param told_lately: how many notices of this kind the person got within the hour.
    """

    now: datetime
    kind: NotificationKind | None
    wishes: Preference
    reachable: Sequence[NoticeChannel]
    told_lately: int = 0


def judge(notice: Notification, facts: Facts) -> Verdict:
    """Decide whether a notice is told now, later, together with others, or not at all."""
    if notice.expires_at is not None and notice.expires_at <= facts.now:
        return Verdict(State.TOO_LATE)
    if facts.kind is None:
        return Verdict(State.WAITING, due_at=facts.now + UNKNOWN_PAUSE)
    if facts.kind.mandatory:
        return _hand_on(facts.reachable)
    return _when(notice, facts.kind, facts) or _where(notice, facts)


def _when(notice: Notification, kind: NotificationKind, facts: Facts) -> Verdict | None:
    """Return what keeps it from being told at once, or ``None``."""
    frequency = frequency_of(facts.wishes, notice.kind, kind)
    if frequency is Frequency.OFF:
        return Verdict(State.ON_SITE)
    zone = zone_of(notice.recipient.timezone)
    is_too_much = kind.hourly_limit is not None and facts.told_lately >= kind.hourly_limit
    if frequency is Frequency.DIGEST or is_too_much:
        due = next_hour(facts.now, zone, facts.wishes.digest_hour)
        return _put_off(notice, kind, State.GATHERED, due)
    wishes = facts.wishes
    until = quiet_until(facts.now, zone, wishes.quiet_from, wishes.quiet_to)
    return None if until is None else _put_off(notice, kind, State.WAITING, until)


def _put_off(
    notice: Notification, kind: NotificationKind, state: Notification.State, due: datetime
) -> Verdict | None:
    if notice.expires_at is None or notice.expires_at > due:
        return Verdict(state, due_at=due)
    return None if kind.in_quiet is InQuiet.SEND else Verdict(State.TOO_LATE)


def _where(notice: Notification, facts: Facts) -> Verdict:
    muted = set(facts.wishes.muted)
    wanted = [
        channel
        for channel in in_order(facts.reachable, facts.wishes.channel_order)
        if muted.isdisjoint({wish(channel.name), wish(channel.name, notice.kind)})
    ]
    if facts.wishes.reach == Preference.Reach.FIRST:
        return _hand_on(wanted[:1], wanted[1:])
    return _hand_on(wanted)


def _hand_on(channels: Sequence[NoticeChannel], then: Sequence[NoticeChannel] = ()) -> Verdict:
    if not channels:
        return Verdict(State.ON_SITE)
    return Verdict(State.HANDED_ON, channels=channels, then=then)
