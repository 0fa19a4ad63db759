"""The one inbox of the whole site: what came in is a row before anybody is told "ok".

A row is handled by the handlers registered for its source and kind, inside one transaction with
the mark that it is done, so a handler never calls the outside world: it writes deliveries.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, Value
from django.db.models.functions import Now

from config.lib.correlation import correlated, get_correlation_id
from config.lib.queue import ring
from config.lib.registry import Registry
from integrations.models import InboundEvent
from integrations.selectors.lanes import waiting_events

logger = logging.getLogger(__name__)

Handler = Callable[[InboundEvent], bool]
KindOf = Callable[[Mapping[str, Any]], str]

BELL = "integrations.process_inbox"
MAX_ATTEMPTS = 5
BACKOFF_SECONDS = 1.0
BATCH = 50

State = InboundEvent.State

_kind_of: Registry[KindOf] = Registry("inbound source")
_handlers: dict[tuple[str, str], list[Handler]] = {}


def register_source(source: str, kind_of: KindOf) -> None:
    """Say how the kind of an event of ``source`` is read from its payload."""
    _kind_of.register(source, kind_of)


def register_handler(source: str, kind: str, handler: Handler) -> None:
    """Add a handler. Called in ``AppConfig.ready()`` only.

    Handlers are asked in the order of registration until one returns ``True`` ("mine"). An event
    that nobody claims is done all the same. A handler may run twice for one event and must then
    do nothing new; it runs in a transaction and must not call the outside world.
    """
    registered = _handlers.setdefault((source, kind), [])
    if handler not in registered:
        registered.append(handler)


def handlers_for(event: InboundEvent) -> list[Handler]:
    """Return who may claim ``event``, in the order in which they are asked."""
    kind_of = _kind_of.find(event.source)
    return _handlers.get((event.source, kind_of(event.payload)), []) if kind_of else []


def receive(
    *,
    source: str,
    account_id: UUID,
    external_id: str,
    lane: str,
    payload: Mapping[str, Any],
) -> InboundEvent:
    """Store an event once and ring for it after the commit; a repeat returns the first row.

    :param external_id: the outside's own id of the event, unique within ``(source, account)``.
    :param lane: one chat; its events are handled in the order in which they were stored.
    """
    event, is_new = InboundEvent.objects.get_or_create(
        source=source,
        account_id=account_id,
        external_id=external_id,
        defaults={
            "lane": lane,
            "payload": dict(payload),
            "not_before": Now(),
            "received_at": Now(),
            "correlation_id": get_correlation_id(),
        },
    )
    if is_new:
        transaction.on_commit(lambda: ring(BELL))
    return event


def drain() -> int:
    """Handle what is due, lane by lane, until nothing is; return how many events were handled.

    Any number of processes may drain at once: a lane's first event is locked by whoever handles
    it, and nobody else looks behind it.
    """
    handled = 0
    while heads := waiting_events(most=BATCH):
        done = sum(process(event_id) for event_id in heads)
        handled += done
        if not done:
            break
    return handled


def process(event_id: int) -> bool:
    """Handle one event, the first of its lane.

    :returns: whether its lane may go on: it was handled or set aside. ``False`` when somebody
        else has it or when it failed and waits for its next try.
    """
    try:
        return _handle(event_id)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        logger.exception("handler failed", extra={"inbound_event": event_id})
        return _note_failure(event_id, error)


@transaction.atomic
def _handle(event_id: int) -> bool:
    rows = InboundEvent.objects.select_for_update(skip_locked=True, no_key=True)
    event = rows.filter(pk=event_id, state=State.NEW).first()
    if event is None:
        return False
    with correlated(event.correlation_id):
        for handler in handlers_for(event):
            if handler(event):
                break
    InboundEvent.objects.filter(pk=event_id).update(
        state=State.DONE, processed_at=Now(), attempts=F("attempts") + 1
    )
    return True


@transaction.atomic
def _note_failure(event_id: int, error: Exception) -> bool:
    rows = InboundEvent.objects.select_for_update(no_key=True)
    event = rows.filter(pk=event_id, state=State.NEW).first()
    if event is None:
        return False
    event.attempts += 1
    event.last_error = f"{type(error).__name__}: {error}"[:2000]
    is_poison = event.attempts >= MAX_ATTEMPTS
    if is_poison:
        event.state = State.SET_ASIDE
    pause = timedelta(seconds=BACKOFF_SECONDS * 2 ** (event.attempts - 1))
    InboundEvent.objects.filter(pk=event_id).update(
        state=event.state,
        attempts=event.attempts,
        last_error=event.last_error,
        not_before=Now() + Value(pause),
    )
    return is_poison


@transaction.atomic
def replay(event_ids: Collection[int]) -> int:
    """Let events be handled once more, from a clean start; return how many."""
    count = InboundEvent.objects.filter(pk__in=event_ids).update(
        state=State.NEW, attempts=0, last_error="", not_before=Now(), processed_at=None
    )
    transaction.on_commit(lambda: ring(BELL))
    return count
