"""From "somebody should know" to one delivery for each channel that shall tell them.

A batch is read and written in a fixed number of statements, however many notices it holds. Any
number of planners may run at once: each notice is planned by one of them.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Count, Value
from django.db.models.functions import Now

from accounts.models import User
from config.lib.advisory import lock_key
from integrations.services.calls import LaneDelivery
from integrations.services.outbox import deliver_many
from notifications.channels import NoticeChannel, ranked
from notifications.models import ChannelAddress, Notification, Preference
from notifications.services.addresses import find_active
from notifications.services.digests import gather_due
from notifications.services.fallback import delivery_of
from notifications.services.kinds import kinds
from notifications.services.verdicts import Facts, Verdict, judge

BATCH = 500
THROTTLE_SPAN = timedelta(hours=1)
State = Notification.State

_WRITE = """
    UPDATE notifications_notification AS notice
    SET state = made.state, due_at = coalesce(made.due_at, notice.due_at),
        planned_at = CASE WHEN made.due_at IS NULL THEN clock_timestamp() END
    FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[]) AS made(id, state, due_at)
    WHERE notice.id = made.id
"""
# In the order of the keys, so that two planners wait for each other in one direction only.
_LOCK = "SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS asked(key)"


@dataclass(frozen=True, slots=True)
class Batch:
    """What the verdicts over a batch hang on, read in a handful of statements."""

    now: datetime
    senders: Mapping[str, str]
    channels: Sequence[NoticeChannel]
    wishes: Mapping[int, Preference]
    addresses: Mapping[tuple[int, str], ChannelAddress]
    told: Counter[tuple[int, str]]


def plan_due() -> int:
    """Plan every notice that is due; return how many were looked at."""
    gather_due()
    total = 0
    while count := _plan_batch():
        total += count
    return total


@transaction.atomic
def _plan_batch() -> int:
    rows = (
        Notification.objects.filter(state=State.WAITING, due_at__lte=Now())
        .select_related("recipient")
        .select_for_update(of=("self",), skip_locked=True, no_key=True)
        .order_by("due_at", "pk")[:BATCH]
    )
    notices = list(rows)
    if notices:
        batch = _read(notices, _now())
        verdicts = [_judge(notice, batch) for notice in notices]
        deliver_many(list(_deliveries(notices, verdicts, batch)))
        _write(notices, verdicts)
    return len(notices)


def _now() -> datetime:
    """Ask the clock that the due times are held against: one behind it would find them early."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def _read(notices: Sequence[Notification], now: datetime) -> Batch:
    people = {notice.recipient_id: notice.recipient for notice in notices}
    channels = ranked()
    found = {channel.name: channel.find_sender() for channel in channels}
    senders = {name: sender for name, sender in found.items() if sender is not None}
    told = _told_lately(notices)
    return Batch(
        now=now,
        senders=senders,
        channels=[channel for channel in channels if channel.name in senders],
        wishes={row.user_id: row for row in Preference.objects.filter(user__in=people)},
        addresses=find_active(list(people.values())),
        told=told,
    )


def _told_lately(notices: Sequence[Notification]) -> Counter[tuple[int, str]]:
    """Count what throttled kinds have told within the hour, and keep other planners from it."""
    limited = [notice for notice in notices if _limit_of(notice) is not None]
    if not limited:
        return Counter()
    pairs = {(notice.recipient_id, notice.kind) for notice in limited}
    keys = sorted(lock_key(f"throttle:{person}:{kind}") for person, kind in pairs)
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [keys])
    told = (
        Notification.objects.filter(
            recipient__in={person for person, _kind in pairs},
            kind__in={kind for _person, kind in pairs},
            state=State.HANDED_ON,
            planned_at__gt=Now() - Value(THROTTLE_SPAN),
        )
        .values_list("recipient", "kind")
        .annotate(count=Count("pk"))
    )
    return Counter({(person, kind): count for person, kind, count in told})


def _limit_of(notice: Notification) -> int | None:
    kind = kinds.find(notice.kind)
    return kind.hourly_limit if kind is not None and not kind.mandatory else None


def _judge(notice: Notification, batch: Batch) -> Verdict:
    pair = (notice.recipient_id, notice.kind)
    facts = Facts(
        now=batch.now,
        kind=kinds.find(notice.kind),
        wishes=batch.wishes.get(notice.recipient_id) or Preference(),
        reachable=_reachable(notice.recipient, batch),
        told_lately=batch.told[pair],
    )
    verdict = judge(notice, facts)
    if verdict.state == State.HANDED_ON:
        batch.told[pair] += 1
    return verdict


def _reachable(person: User, batch: Batch) -> list[NoticeChannel]:
    return [channel for channel in batch.channels if (person.pk, channel.name) in batch.addresses]


def _deliveries(
    notices: Sequence[Notification], verdicts: Sequence[Verdict], batch: Batch
) -> Iterator[LaneDelivery]:
    for notice, verdict in zip(notices, verdicts, strict=True):
        then = [channel.name for channel in verdict.then]
        for channel in verdict.channels:
            address = batch.addresses[notice.recipient_id, channel.name]
            sender = batch.senders[channel.name]
            yield delivery_of(notice, channel, sender, address.address, then)


def _write(notices: Sequence[Notification], verdicts: Sequence[Verdict]) -> None:
    ids = [notice.pk for notice in notices]
    states = [verdict.state.value for verdict in verdicts]
    dues = [verdict.due_at for verdict in verdicts]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [ids, states, dues])
