"""The one inbox of the whole site: what came in is a row before anybody is told "ok".

A row is handled by the handlers registered for its source and kind, inside one transaction with
the mark that it is done, so a handler never calls the outside world: it writes deliveries.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from config.lib.correlation import get_correlation_id
from config.lib.queue import ring
from config.lib.registry import Registry
from integrations.models import InboundEvent

logger = logging.getLogger(__name__)

Handler = Callable[[InboundEvent], bool]
KindOf = Callable[[Mapping[str, Any]], str]

BELL = "integrations.process_inbox"

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
