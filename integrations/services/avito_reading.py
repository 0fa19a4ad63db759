"""Reading an Avito account within its allowance, and storing what the inbox lacks.

What is read is stored in the very rows that webhooks store, so the two never double. A watermark
is not a time but the set of event ids that are in the inbox.
"""

import logging
import time
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from typing import Any, ParamSpec, TypeVar
from uuid import uuid4

from django.conf import settings
from django.utils import timezone

from config.lib.http import OutsideError, TooManyRequestsError
from integrations.avito.client import MAX_LIMIT, MAX_OFFSET, AvitoClient
from integrations.avito.errors import refusal_code
from integrations.avito.types import Chat, Message
from integrations.models import AvitoAccount, InboundEvent
from integrations.services import allowances, avito_accounts
from integrations.services.avito_tokens import access
from integrations.services.holds import place_hold
from integrations.services.inbox import receive
from integrations.services.rates import limit_per_second
from integrations.services.webhooks import (
    AVITO,
    DELETED,
    AvitoEvent,
    BadBodyError,
    avito_event,
    storable,
)
from integrations.signals import avito_messages_read

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

# Below the seven days for which the inbox keeps its rows: what is older must not look new.
LOOK_BACK = timedelta(days=6)
DEFAULT_PAUSE_SECONDS = 5.0
READS_LIMIT = 20


class Reader:
    """One look at one account.

    :param look_back: what is older than this is left where it is, and so is what was settled
        before the account came to us.
    """

    def __init__(self, account: AvitoAccount, *, look_back: timedelta = LOOK_BACK) -> None:
        self.account = account
        self.began = timezone.now()
        # In whole seconds, as Avito counts.
        self.fresh_from = int(max(account.created_at, self.began - look_back).timestamp())
        self._client: AvitoClient = access(account.pk).client

    def list_chats(self, *, unread_only: bool = False, offset: int = 0) -> list[Chat]:
        """Return a page of chats, those with the newest messages first."""
        return self._paced(self._client.list_chats, unread_only=unread_only, offset=offset)

    def find_new(self, chat_id: str, *, stops_early: bool = True) -> list[AvitoEvent]:
        """Return what of a chat is not in the inbox, oldest first; a long burst takes many pages.

        Tells those above which of our own messages the buyer has read.

        :param stops_early: a page with something known on it is the last one; else every message
            that is not too old is compared.
        """
        found: list[AvitoEvent] = []
        for offset in range(0, MAX_OFFSET + 1, MAX_LIMIT):
            page = self._paced(self._client.list_messages, chat_id, offset=offset)
            self._tell_read(chat_id, page)
            new = self._unknown(chat_id, page)
            found = new + found
            is_last = len(page) < MAX_LIMIT or page[0]["created"] < self.fresh_from
            if is_last or (stops_early and len(new) < MAX_LIMIT):
                break
        return found

    def look_for_reads(self, chat_id: str) -> None:
        """Tell those above which of our last messages in a chat the buyer has read."""
        page = self._paced(self._client.list_messages, chat_id, limit=READS_LIMIT)
        self._tell_read(chat_id, page)

    def store(self, events: Iterable[AvitoEvent]) -> int:
        """Store events in the inbox; return how many those were."""
        stored = 0
        for event in events:
            receive(
                source=AVITO,
                account_id=self.account.pk,
                external_id=event.external_id,
                lane=event.lane,
                payload=event.payload,
            )
            stored += 1
        return stored

    def event_of(self, chat_id: str, message: Message) -> AvitoEvent | None:
        """Return how a listed message stands in the inbox, ``None`` for what is not understood."""
        try:
            return avito_event(
                self.account.pk, storable(_webhook_value(self.account, chat_id, message))
            )
        except (BadBodyError, KeyError):
            logger.warning("message not understood", extra={"account_id": str(self.account.pk)})
            return None

    def known_ids(self, ids: Collection[str]) -> set[str]:
        """Return which of these event ids are in the inbox."""
        rows = InboundEvent.objects.filter(
            source=AVITO, account_id=self.account.pk, external_id__in=ids
        )
        return set(rows.values_list("external_id", flat=True))

    def _tell_read(self, chat_id: str, messages: Iterable[Message]) -> None:
        # Of our own messages ``is_read`` says nothing: we have read them ourselves.
        read = [m["id"] for m in messages if m["direction"] == "out" and m.get("read")]
        if read:
            avito_messages_read.send_robust(
                sender=AvitoAccount,
                account_id=self.account.pk,
                chat_id=chat_id,
                message_ids=read,
            )

    def _unknown(self, chat_id: str, page: Iterable[Message]) -> list[AvitoEvent]:
        wanted = [self.event_of(chat_id, message) for message in page if self._is_wanted(message)]
        events = [event for event in wanted if event is not None]
        known = self.known_ids([event.external_id for event in events])
        return [event for event in events if event.external_id not in known]

    def _is_wanted(self, message: Message) -> bool:
        """Leave out what was settled before the account came to us."""
        if message["created"] >= self.fresh_from:
            return True
        is_waiting = message["direction"] == "in" and not message.get("is_read")
        return is_waiting and message["type"] != DELETED

    def _paced(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Make a call within the allowance that the account's sends spend as well."""
        limits = [limit_per_second(self.account.sender, settings.AVITO_PER_SECOND)]
        member = uuid4().hex
        while wait := allowances.take(limits, member=member):
            time.sleep(wait)
        try:
            return call(*args, **kwargs)
        finally:
            allowances.finish(limits, member=member)


def note_failure(account: AvitoAccount, error: OutsideError) -> None:
    """Note on an account why Avito could not be read; a refusal for pace holds the account."""
    refusal = refusal_code(error)
    if refusal:
        avito_accounts.mark_refused(account_id=account.pk, status=refusal, text=str(error))
        return
    avito_accounts.note_error(account, str(error))
    if isinstance(error, TooManyRequestsError):
        pause = DEFAULT_PAUSE_SECONDS if error.retry_after is None else error.retry_after
        place_hold(key=account.sender, seconds=pause, reason="limited")


def sent_at(event: AvitoEvent) -> datetime:
    """Return when the message of an event was written, to the second."""
    created = event.payload["value"]["created"]
    return datetime.fromtimestamp(created, tz=timezone.get_current_timezone())


def _webhook_value(account: AvitoAccount, chat_id: str, message: Message) -> dict[str, Any]:
    """Return a listed message in the words of a webhook's ``payload.value``."""
    value = {
        "id": message["id"],
        "chat_id": chat_id,
        "chat_type": "u2i",
        "user_id": account.avito_user_id,
        "author_id": message["author_id"],
        "created": message["created"],
        "read": message.get("read"),
        "type": message["type"],
        "content": message["content"],
    }
    # Webhooks do not tell what a message answers.
    return value | ({"quote": message["quote"]} if message.get("quote") else {})
