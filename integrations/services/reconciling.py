"""The hourly comparison: is every message of the last day that stands on Avito here as well?

Webhook and poll between them should leave nothing out. What they did is taken in now, and counted:
the gauge ``depesha_avito_gap`` is 0 on a good day.
"""

import logging
import time
from datetime import timedelta

from django.db.models import F, Q
from django.utils import timezone

from config.lib.advisory import try_advisory_lock
from config.lib.correlation import correlated
from config.lib.http import OutsideError
from integrations.avito.client import MAX_LIMIT, MAX_OFFSET
from integrations.models import AvitoAccount, Hold, IntegrationLog
from integrations.services.avito_reading import Reader, note_failure, sent_at
from integrations.services.avito_tokens import AccountUnusableError
from integrations.services.log import log_event
from integrations.services.secrets import SecretsUnavailableError

logger = logging.getLogger(__name__)

WINDOW = timedelta(hours=24)
EVERY = timedelta(hours=1)
# So young a message may still be on its way to us by webhook or poll.
IN_FLIGHT = timedelta(minutes=2)
# No account is begun after this, so that a round ends; the others come first in the next one.
ROUND_SECONDS = 240.0


def reconcile_due() -> int:
    """Compare the accounts whose hour is over; return how many those were.

    Any number of processes may do so at once; no two compare the same account.
    """
    deadline = time.monotonic() + ROUND_SECONDS
    compared = 0
    for account in _due_accounts():
        if time.monotonic() > deadline:
            break
        with try_advisory_lock(f"avito-reconcile:{account.pk}") as is_mine, correlated(""):
            compared += is_mine and reconcile_account(account) is not None
    return compared


def reconcile_account(account: AvitoAccount) -> int | None:
    """Take in what of the last day is on Avito and not here; return how much had been missed.

    :returns: ``None`` where Avito could not be asked: the last comparison stands.
    """
    try:
        gap = _compare(Reader(account, look_back=WINDOW))
    except AccountUnusableError:
        return None
    except OutsideError as error:
        note_failure(account, error)
        return None
    except (SecretsUnavailableError, KeyError, TypeError):
        logger.exception("comparison failed", extra={"account_id": str(account.pk)})
        return None
    AvitoAccount.objects.filter(pk=account.pk).update(gap=gap, reconciled_at=timezone.now())
    if gap:
        log_event(
            organization_id=account.organization_id,
            source="avito",
            account_id=account.pk,
            event="gap_found",
            text=str(gap),
            level=IntegrationLog.Level.WARNING,
        )
    return gap


def _compare(reader: Reader) -> int:
    gap = 0
    for chat_id in _recent_chats(reader):
        missing = reader.find_new(chat_id, stops_early=False)
        reader.store(missing)
        gap += sum(sent_at(event) < reader.began - IN_FLIGHT for event in missing)
    return gap


def _recent_chats(reader: Reader) -> list[str]:
    """Return the chats that changed within the window, as far as Avito's pages reach."""
    found: list[str] = []
    for offset in range(0, MAX_OFFSET + 1, MAX_LIMIT):
        page = reader.list_chats(offset=offset)
        recent = [chat["id"] for chat in page if chat["updated"] >= reader.fresh_from]
        found += recent
        if len(recent) < MAX_LIMIT:
            break
    # A chat that moved up meanwhile stands on two pages.
    return list(dict.fromkeys(found))


def _due_accounts() -> list[AvitoAccount]:
    """Return the active accounts whose last comparison is an hour old, the oldest first."""
    now = timezone.now()
    active = AvitoAccount.objects.filter(status=AvitoAccount.Status.ACTIVE)
    due = active.filter(Q(reconciled_at=None) | Q(reconciled_at__lte=now - EVERY))
    held = set(Hold.objects.filter(until__gt=now).values_list("key", flat=True))
    ordered = due.order_by(F("reconciled_at").asc(nulls_first=True))
    return [account for account in ordered if account.sender not in held]
