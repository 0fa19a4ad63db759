"""The words that the outbox and its kinds speak with each other."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Protocol

from integrations.models import Delivery


@dataclass(frozen=True, slots=True)
class Call:
    """One call to an outside system, ready to be made.

    :param method: the name that the channel's sender knows it by, such as ``sendMessage``.
    :param params: its parameters, JSON-shaped; to Telegram also the bytes of a picture.
    """

    method: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wait:
    """Not yet: something that this delivery needs is not there. Its lane waits; no attempt is
    spent.
    """

    seconds: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """What ``deliver`` takes, as a value: a delivery still to be written."""

    kind: str
    sender: str
    budget_key: str
    payload: Mapping[str, Any]
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class LaneDelivery:
    """What ``deliver_many`` takes: everything that ``deliver`` does, for one of many."""

    kind: str
    sender: str
    lane: str
    budget_key: str
    payload: Mapping[str, Any]
    idempotency_key: str
    correlation_id: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ahead:
    """These must go first, in this order and in the same lane: a topic that is to be made."""

    deliveries: Sequence[NewDelivery]


@dataclass(frozen=True, slots=True)
class Drop:
    """Not at all: the reason for this delivery is gone."""

    reason: str


Prepared = Call | Wait | Ahead | Drop


class Status(Enum):
    """What became of one call."""

    SENT = "sent"
    # Surely not done; worth another try after a while.
    RETRY = "retry"
    # Refused for its pace: surely not done, costs no attempt, makes a hold.
    LIMITED = "limited"
    # Nobody knows whether it was done.
    AMBIGUOUS = "ambiguous"
    # Surely not done, and never will be.
    PERMANENT = "permanent"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one call.

    :param result: the outside system's answer, for ``SENT``.
    :param code: a stable name of the error, such as ``thread_not_found``.
    :param text: the outside system's own words, free of secrets.
    :param retry_after: seconds asked for by ``LIMITED``.
    :param changes: what the sender learned on the way, such as a new chat id.
    :param whole_sender: the hold that ``LIMITED`` makes is on the sender, not on one allowance.
    """

    status: Status
    result: Any = None
    code: str = ""
    text: str = ""
    retry_after: float | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    whole_sender: bool = False


@dataclass(frozen=True, slots=True)
class Again:
    """``settle`` answers this to a permanent failure whose cause it has mended: the delivery goes
    back to the head of its lane.

    :param looks: what was refused may have been done already: it is read back first. Only of kinds
        with ``ReadBack``.
    """

    seconds: float = 0.0
    looks: bool = False


@dataclass(frozen=True, slots=True)
class ReadBack:
    """How to look whether an unclear send happened.

    :param call: makes the call that lists what was sent; it changes nothing outside.
    :param find: picks this delivery's own result out of that call's answer, or ``None``. Must not
        pick one that belongs to another delivery. Runs in a transaction.
    """

    call: Callable[[Delivery], Call]
    find: Callable[[Delivery, Any], Any]


class Ambiguity(Enum):
    """What an unclear outcome means when nothing can be read back."""

    # Sent again once, and marked uncertain for all to see.
    AT_LEAST_ONCE = "at_least_once"
    # Never sent again by itself: a person decides.
    AT_MOST_ONCE = "at_most_once"
    # Twice is as good as once, as with a reaction: an unclear outcome is one more failed try.
    REPEATABLE = "repeatable"


@dataclass(frozen=True, slots=True)
class Policy:
    """How much a kind's deliveries matter.

    :param on_ambiguous: see ``Ambiguity`` and ``ReadBack``.
    :param max_attempts: dead after so many failed tries; ``None`` waits without end.
    :param backoff_seconds: the pause after the first failure; it doubles up to the cap.
    """

    on_ambiguous: Ambiguity | ReadBack = Ambiguity.AT_LEAST_ONCE
    max_attempts: int | None = 8
    backoff_seconds: float = 1.0
    backoff_cap_seconds: float = 60.0


class Prepare(Protocol):
    """Runs just before dispatch, outside of any lock, so that it sees the latest state."""

    def __call__(self, delivery: Delivery) -> Prepared: ...


class Settle(Protocol):
    """Tells the owner what became of a delivery, in the transaction that records it.

    Called with ``SENT``, ``AMBIGUOUS`` (where a person must decide) and ``PERMANENT`` outcomes,
    the last one also for a delivery that died of age or attempts.
    """

    def __call__(self, delivery: Delivery, outcome: Outcome) -> Again | None: ...


@dataclass(frozen=True, slots=True)
class Bulk:
    """For a kind of which thousands leave at once: the same for many, in a handful of statements.

    :param prepare: as ``Prepare`` of each, in the same order: a call, ``Drop``, or the exception
        that stands for a fault in one of them.
    :param settle_sent: as ``Settle`` of all with ``SENT``, in the transaction that records it.
    """

    prepare: Callable[[Sequence[Delivery]], Sequence[Call | Drop | Exception]]
    settle_sent: Callable[[Sequence[Delivery]], None]


@dataclass(frozen=True, slots=True)
class Kind:
    prepare: Prepare
    settle: Settle
    policy: Policy
    bulk: Bulk | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``count`` calls in any ``seconds``, under a key of its own.

    A call counts from its start until ``seconds`` after its end (``services.allowances``).

    :param burst: so many at once instead, and then evenly; ``seconds`` count from the start. For
        an allowance so wide that calls which come late cannot fill it; see ADR 2.
    """

    key: str
    count: int
    seconds: float
    burst: int = 0


class Send(Protocol):
    """Makes one call in the name of ``sender`` and never raises for what the outside does."""

    async def __call__(self, sender: str, call: Call) -> Outcome: ...


@dataclass(frozen=True, slots=True)
class Channel:
    """One way out.

    :param task: the bell that wakes its pump.
    :param send: makes the calls.
    :param limits: whose allowances a prepared call spends.
    :param window: how many calls may be in the air at once.
    :param prefix: what the names of its senders begin with, before the colon.
    :param pumps: how many pumps may run at once; ``None`` leaves that to the number of worker
        processes. A channel that shares its worker must say: else its bells, each of which may
        pump for a minute, take every process while the rest of the work waits.
    :param close: ends the connections that ``send`` keeps on the running event loop.
    """

    name: str
    task: str
    send: Send
    limits: Callable[[Delivery, Call], Sequence[Limit]]
    window: int
    prefix: str
    pumps: int | None = None
    close: Callable[[], Coroutine[Any, Any, None]] | None = None
