"""Reading Avito by asking: webhooks may get lost, so what counts is what the poll finds.

The poll stores the very rows that webhooks store, so the two never double. Its watermark is the
set of message ids that are in the inbox.
"""

import logging
import time
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any, ParamSpec, TypeVar
from uuid import uuid4

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from config.lib.advisory import try_advisory_lock
from config.lib.correlation import correlated
from config.lib.http import OutsideError, TooManyRequestsError
from integrations.avito.client import MAX_LIMIT, MAX_OFFSET, AvitoClient
from integrations.avito.errors import refusal_code
from integrations.avito.types import Chat, Message
from integrations.models import AvitoAccount, Hold, InboundEvent
from integrations.services import allowances, avito_accounts
from integrations.services.avito_tokens import AccountUnusableError, access
from integrations.services.holds import place_hold
from integrations.services.inbox import receive
from integrations.services.rates import limit_per_second
from integrations.services.secrets import SecretsUnavailableError
from integrations.services.webhooks import AVITO, BadBodyError, avito_event, storable

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

# Anybody may ring the poll through the address without a secret.
SHORTEST_GAP = timedelta(seconds=2)
# Chats that the seller read in Avito's own app are no longer unread there.
SWEEP_SECONDS = 300
# Below the seven days for which the inbox keeps its rows: what is older must not look new.
LOOK_BACK = timedelta(days=6)
# How often an account without a subscription is tried again.
REFUSED_GAP = timedelta(hours=1)
DEFAULT_PAUSE_SECONDS = 5.0


def poll_due() -> int:
    """Look for new messages of every account whose turn it is; return how many were stored.

    Any number of processes may poll at once; no two poll the same account.
    """
    stored = 0
    for account in _due_accounts():
        with try_advisory_lock(f"avito-poll:{account.pk}") as is_mine, correlated(""):
            if is_mine:
                stored += poll_account(account)
    return stored


def poll_account(account: AvitoAccount) -> int:
    """Store what is new of one account; return how many messages that were.

    What goes wrong is noted on the account and never raised: the others wait for their turn.
    """
    try:
        stored = _Poll(account).run()
    except AccountUnusableError:
        return 0
    except OutsideError as error:
        _note(account, error)
        return 0
    except (SecretsUnavailableError, KeyError, TypeError) as error:
        logger.exception("poll failed", extra={"account_id": str(account.pk)})
        avito_accounts.note_error(account, f"{type(error).__name__}: {error}")
        return 0
    AvitoAccount.objects.filter(pk=account.pk).update(polled_at=timezone.now())
    if account.last_error or account.status != AvitoAccount.Status.ACTIVE:
        avito_accounts.mark_working(account)
    return stored


class _Poll:
    """One look at one account."""

    def __init__(self, account: AvitoAccount) -> None:
        self.account = account
        self.client: AvitoClient = access(account.pk).client
        self.began = timezone.now()
        # In whole seconds, as Avito counts.
        self.fresh_from = int(max(account.created_at, self.began - LOOK_BACK).timestamp())

    def run(self) -> int:
        chats = self._paced(self.client.list_chats, unread_only=True)
        if self._is_sweep():
            recent = self._paced(self.client.list_chats)
            known = {chat["id"] for chat in chats}
            chats += [chat for chat in recent if chat["id"] not in known and self._is_recent(chat)]
        return sum(self._store_chat(chat["id"]) for chat in self._changed(chats))

    def _is_sweep(self) -> bool:
        """Say whether five minutes' border was crossed since the last successful poll."""
        last = self.account.polled_at
        return last is None or _sweep_of(last) != _sweep_of(self.began)

    def _is_recent(self, chat: Chat) -> bool:
        return chat["updated"] >= self.fresh_from

    def _changed(self, chats: list[Chat]) -> list[Chat]:
        """Keep the chats whose last message is not in the inbox, the longest waiting first."""
        last_ids = {chat["id"]: chat.get("last_message", {}).get("id") for chat in chats}
        known = self._known_ids([message_id for message_id in last_ids.values() if message_id])
        changed = [chat for chat in chats if last_ids[chat["id"]] not in known]
        return sorted(changed, key=lambda chat: chat["updated"])

    def _store_chat(self, chat_id: str) -> int:
        new = self._new_messages(chat_id)
        return sum(self._store(chat_id, message) for message in new)

    def _new_messages(self, chat_id: str) -> list[Message]:
        """Return what is not in the inbox, oldest first; a long burst takes several pages."""
        found: list[Message] = []
        for offset in range(0, MAX_OFFSET + 1, MAX_LIMIT):
            page = self._paced(self.client.list_messages, chat_id, offset=offset)
            known = self._known_ids([message["id"] for message in page])
            new = [m for m in page if m["id"] not in known and self._is_wanted(m)]
            found = new + found
            if len(new) < MAX_LIMIT:
                break
        return found

    def _is_wanted(self, message: Message) -> bool:
        """Leave out what was settled before the account came to us."""
        is_waiting = message["direction"] == "in" and not message.get("is_read")
        return is_waiting or message["created"] >= self.fresh_from

    def _store(self, chat_id: str, message: Message) -> int:
        value = _webhook_value(self.account, chat_id, message)
        try:
            event = avito_event(self.account.pk, storable(value))
        except BadBodyError:
            logger.warning("message not understood", extra={"account_id": str(self.account.pk)})
            return 0
        receive(
            source=AVITO,
            account_id=self.account.pk,
            external_id=event.external_id,
            lane=event.lane,
            payload=event.payload,
        )
        return 1

    def _known_ids(self, ids: Collection[str]) -> set[str]:
        rows = InboundEvent.objects.filter(
            source=AVITO, account_id=self.account.pk, external_id__in=ids
        )
        return set(rows.values_list("external_id", flat=True))

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


def _due_accounts() -> list[AvitoAccount]:
    """Return whose turn it is, the longest unpolled first; nobody is asked under a hold."""
    now = timezone.now()
    status = AvitoAccount.Status
    is_due = Q(status=status.ACTIVE) & (Q(polled_at=None) | Q(polled_at__lte=now - SHORTEST_GAP))
    may_work_again = Q(status=status.NO_SUBSCRIPTION, last_error_at__lte=now - REFUSED_GAP)
    rows = AvitoAccount.objects.filter(is_due | may_work_again)
    held = set(Hold.objects.filter(until__gt=now).values_list("key", flat=True))
    ordered = rows.order_by(F("polled_at").asc(nulls_first=True))
    return [account for account in ordered if account.sender not in held]


def _note(account: AvitoAccount, error: OutsideError) -> None:
    refusal = refusal_code(error)
    if refusal:
        avito_accounts.mark_refused(account_id=account.pk, status=refusal, text=str(error))
        return
    avito_accounts.note_error(account, str(error))
    if isinstance(error, TooManyRequestsError):
        pause = DEFAULT_PAUSE_SECONDS if error.retry_after is None else error.retry_after
        place_hold(key=account.sender, seconds=pause, reason="limited")


def _sweep_of(moment: datetime) -> int:
    return int(moment.timestamp()) // SWEEP_SECONDS


def _webhook_value(account: AvitoAccount, chat_id: str, message: Message) -> dict[str, Any]:
    """Return a listed message in the words of a webhook's ``payload.value``."""
    return {
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
