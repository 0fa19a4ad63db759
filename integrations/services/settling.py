"""What becomes of a delivery after a call, and how deliveries of dead workers are taken back.

Every change asks for the lease it was claimed under, so a pump that was believed dead cannot
settle what another one has taken over.
"""

import logging
import random
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Value
from django.db.models.functions import Now
from django.utils import timezone

from config.lib.advisory import try_advisory_lock
from integrations.models import Delivery, DeliveryAttempt
from integrations.services.calls import Again, Ambiguity, Kind, Outcome, Policy, ReadBack, Status
from integrations.services.given_up import log_given_up
from integrations.services.holds import hold_refused, place_hold
from integrations.services.outbox import kinds

logger = logging.getLogger(__name__)

DEFAULT_HOLD_SECONDS = 5.0
AMBIGUOUS_PAUSE_SECONDS = 2.0
BACKOFF_JITTER = 0.2
# A pump that lives renews nothing: no call takes so long, and its lock tells of its death sooner.
LEASE_SECONDS = 60
# A pump needs a moment to take its lock again after a restart of the database.
GRACE_SECONDS = 3

State = Delivery.State


def lock_name(token: UUID) -> str:
    """Name the advisory lock that a pump holds as long as it lives."""
    return f"pump:{token}"


def mark_dispatched(delivery: Delivery) -> bool:
    """Commit that the call is about to be made.

    :returns: whether it may be: the lease holds, and no hold was placed since the claim.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE integrations_delivery SET dispatched_at = clock_timestamp()"
            " WHERE id = %s AND state = 'sending' AND lease_token = %s AND NOT EXISTS ("
            " SELECT 1 FROM integrations_hold AS hold WHERE hold.key IN (%s, %s)"
            " AND hold.until > clock_timestamp()) RETURNING dispatched_at",
            [delivery.pk, delivery.lease_token, delivery.budget_key, delivery.sender],
        )
        row = cursor.fetchone()
    return row is not None


def release(delivery: Delivery, *, seconds: float = 0.0) -> None:
    """Give a claimed delivery back unsent; it costs no attempt."""
    state = State.AMBIGUOUS if delivery.ambiguous_at else State.QUEUED
    if state == State.QUEUED and delivery.attempts:
        state = State.RETRY
    _write(delivery, state=state, not_before=_in(seconds))


@transaction.atomic
def settle(delivery: Delivery, outcome: Outcome, *, latency_ms: int = 0) -> bool:
    """Record what a call came to and tell the delivery's kind.

    :returns: whether the lease still held; without it nothing is changed.
    """
    if not _hold_lease(delivery):
        logger.warning("lease lost before settling", extra={"delivery": delivery.pk})
        return False
    DeliveryAttempt.objects.create(
        delivery=delivery,
        at=Now(),
        outcome=outcome.status.value,
        error_code=outcome.code[:64],
        error=outcome.text[:500],
        latency_ms=latency_ms,
    )
    kind = kinds.get(delivery.kind)
    match outcome.status:
        case Status.SENT:
            _sent(delivery, outcome, kind)
        case Status.RETRY:
            _retry(delivery, outcome, kind)
        case Status.LIMITED:
            _limited(delivery, outcome)
        case Status.AMBIGUOUS:
            _ambiguous(delivery, outcome, kind)
        case Status.PERMANENT:
            _permanent(delivery, outcome, kind)
    return True


@transaction.atomic
def settle_read_back(delivery: Delivery, outcome: Outcome, read_back: ReadBack) -> bool:
    """Record what looking for an unclear send found: sent after all, or surely not.

    Where nobody may look any more, say because the chat is gone, a person decides.
    """
    if not _hold_lease(delivery):
        return False
    if outcome.status is Status.LIMITED:
        _limited(delivery, outcome)
    elif outcome.status is Status.PERMANENT:
        _write(delivery, state=State.AMBIGUOUS, needs_person=True, **_error(outcome))
        unclear = Outcome(Status.AMBIGUOUS, code=outcome.code, text=outcome.text)
        kinds.get(delivery.kind).settle(delivery, unclear)
    elif outcome.status is not Status.SENT:
        _write(
            delivery,
            state=State.AMBIGUOUS,
            not_before=_in(_look_again_seconds(delivery)),
            **_error(outcome),
        )
    elif (found := read_back.find(delivery, outcome.result)) is not None:
        _sent(delivery, Outcome(Status.SENT, result=found), kinds.get(delivery.kind))
    else:
        delivery.ambiguous_at = None
        _write(delivery, state=State.RETRY, not_before=Now(), ambiguous_at=None)
    return True


def drop(delivery: Delivery, *, reason: str) -> None:
    """End a delivery whose reason is gone; its lane goes on."""
    _write(delivery, state=State.CANCELLED, last_error_code=reason[:64], settled_at=Now())


def take_back_lost(*, own: UUID) -> int:
    """Free what dead pumps hold; return how much that was.

    A pump is dead when nobody holds its advisory lock (the database lets go of it with the
    connection), or when its lease is older than any call can be. What was not dispatched goes
    back untouched; the rest is unclear, and its kind's policy decides.
    """
    old = Now() - Value(timedelta(seconds=GRACE_SECONDS))
    sending = Delivery.objects.filter(state=State.SENDING, leased_at__lt=old)
    freed = 0
    for token in sending.values_list("lease_token", flat=True).distinct():
        if token is None:
            continue
        with try_advisory_lock(lock_name(token)) as is_free:
            rows = sending.filter(lease_token=token)
            # A session gets its own lock again, so of its own rows only the age tells.
            if token == own or not is_free:
                rows = rows.filter(leased_at__lt=Now() - Value(timedelta(seconds=LEASE_SECONDS)))
            freed += sum(_take_back(delivery) for delivery in rows)
    return freed


def _take_back(delivery: Delivery) -> bool:
    leased_at = delivery.leased_at
    dispatched_at = delivery.dispatched_at
    if leased_at and dispatched_at and dispatched_at >= leased_at:
        return settle(delivery, Outcome(Status.AMBIGUOUS, code="worker_lost"))
    release(delivery)
    return True


def _sent(delivery: Delivery, outcome: Outcome, kind: Kind) -> None:
    result = result_of(outcome)
    _write(
        delivery,
        state=State.SENT,
        result=result,
        attempts=F("attempts") + 1,
        settled_at=Now(),
        ambiguous_at=None,
    )
    delivery.result = result
    kind.settle(delivery, outcome)


def result_of(outcome: Outcome) -> dict[str, Any] | list[Any]:
    """Return an answer as it is kept."""
    return outcome.result if isinstance(outcome.result, dict | list) else {"value": outcome.result}


def _retry(delivery: Delivery, outcome: Outcome, kind: Kind) -> None:
    tried = delivery.attempts + 1
    most = kind.policy.max_attempts
    if most is not None and tried >= most:
        _die(delivery, outcome, kind)
        return
    _write(
        delivery,
        state=State.RETRY,
        attempts=tried,
        not_before=_in(backoff_seconds(kind.policy, tried)),
        **_error(outcome),
    )


def _limited(delivery: Delivery, outcome: Outcome) -> None:
    seconds = outcome.retry_after or DEFAULT_HOLD_SECONDS
    if outcome.whole_sender:
        place_hold(key=delivery.sender, seconds=seconds, reason=outcome.code)
    else:
        hold_refused(
            sender=delivery.sender,
            budget_key=delivery.budget_key,
            seconds=seconds,
            reason=outcome.code,
        )
    state = State.AMBIGUOUS if delivery.ambiguous_at else State.RETRY
    _write(delivery, state=state, not_before=Now(), **_error(outcome))


def _ambiguous(delivery: Delivery, outcome: Outcome, kind: Kind) -> None:
    rule = kind.policy.on_ambiguous
    if rule is Ambiguity.REPEATABLE:
        _retry(delivery, outcome, kind)
        return
    was_lost = outcome.code == "worker_lost"
    again = isinstance(rule, ReadBack) or (
        rule is Ambiguity.AT_LEAST_ONCE and (was_lost or not delivery.uncertain)
    )
    _write(
        delivery,
        state=State.AMBIGUOUS,
        needs_person=not again,
        uncertain=delivery.uncertain or rule is Ambiguity.AT_LEAST_ONCE,
        attempts=F("attempts") + 1,
        ambiguous_at=Now(),
        not_before=_in(0 if was_lost else AMBIGUOUS_PAUSE_SECONDS),
        **_error(outcome),
    )
    if not again:
        kind.settle(delivery, outcome)


def _permanent(delivery: Delivery, outcome: Outcome, kind: Kind) -> None:
    answer = kind.settle(delivery, outcome)
    if isinstance(answer, Again):
        unclear = {"state": State.AMBIGUOUS, "ambiguous_at": Now()}
        changes = unclear if answer.looks else {"state": State.RETRY}
        _write(delivery, not_before=_in(answer.seconds), **changes, **_error(outcome))
    else:
        _write(
            delivery,
            state=State.DEAD,
            attempts=F("attempts") + 1,
            settled_at=Now(),
            **_error(outcome),
        )
        log_given_up(delivery, outcome)


def _die(delivery: Delivery, outcome: Outcome, kind: Kind) -> None:
    _write(
        delivery,
        state=State.DEAD,
        attempts=F("attempts") + 1,
        settled_at=Now(),
        **_error(outcome),
    )
    log_given_up(delivery, outcome)
    kind.settle(delivery, Outcome(Status.PERMANENT, code=outcome.code, text=outcome.text))


def backoff_seconds(policy: Policy, tried: int) -> float:
    """Return the pause after the ``tried``-th failure: doubling, capped, spread a little."""
    doubled: float = policy.backoff_seconds * 2 ** min(tried - 1, 30)
    pause = min(doubled, policy.backoff_cap_seconds)
    return pause * (1 + random.uniform(-BACKOFF_JITTER, BACKOFF_JITTER))  # noqa: S311


def _look_again_seconds(delivery: Delivery) -> float:
    """Return the pause before the next look: as long as it is unclear already, so it doubles."""
    cap = kinds.get(delivery.kind).policy.backoff_cap_seconds
    since = delivery.ambiguous_at or timezone.now()
    unclear = (timezone.now() - since).total_seconds()
    return min(max(unclear, AMBIGUOUS_PAUSE_SECONDS), cap)


def _hold_lease(delivery: Delivery) -> bool:
    rows = Delivery.objects.select_for_update(of=("self",), no_key=True)
    held = rows.filter(pk=delivery.pk, state=State.SENDING, lease_token=delivery.lease_token)
    return held.exists()


def _write(delivery: Delivery, **changes: Any) -> None:
    held = Delivery.objects.filter(
        pk=delivery.pk, state=State.SENDING, lease_token=delivery.lease_token
    )
    held.update(lease_token=None, leased_at=None, **changes)


def _error(outcome: Outcome) -> Mapping[str, Any]:
    return {"last_error_code": outcome.code[:64], "last_error": outcome.text[:500]}


def _in(seconds: float) -> Any:
    return Now() + Value(timedelta(seconds=seconds)) if seconds else Now()
