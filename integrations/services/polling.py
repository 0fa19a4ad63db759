"""Reading Avito by asking: webhooks may get lost, so what counts is what the poll finds.

Chats with something unread are looked at each time; recent ones, which the seller may have opened
in Avito's own app, and what our own messages came to there, more slowly.
"""

import logging
from datetime import datetime, timedelta

from django.db.models import F, Q
from django.utils import timezone

from config.lib.advisory import try_advisory_lock
from config.lib.correlation import correlated
from config.lib.http import OutsideError
from integrations.avito.types import Chat
from integrations.models import AvitoAccount, Hold
from integrations.services import avito_accounts, avito_limits
from integrations.services.avito_reading import Reader, note_failure
from integrations.services.avito_tokens import AccountUnusableError
from integrations.services.secrets import SecretsUnavailableError

logger = logging.getLogger(__name__)

# Anybody may ring the poll through the address without a secret.
SHORTEST_GAP = timedelta(seconds=2)
# Chats that the seller read in Avito's own app are no longer unread there.
SWEEP_SECONDS = 60
# Up to which age, in seconds, our last word in a chat is looked at, and how often.
READ_LOOKS = ((600, SWEEP_SECONDS), (3600, 300))
# How often an account without a subscription is tried again.
REFUSED_GAP = timedelta(hours=1)


def poll_due() -> int:
    """Look for new messages of every account whose turn it is; return how many were stored.

    Any number of processes may poll at once; no two poll the same account.
    """
    avito_limits.watch_limits()
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
        stored = _poll(account)
    except AccountUnusableError:
        return 0
    except OutsideError as error:
        note_failure(account, error)
        return 0
    except (SecretsUnavailableError, KeyError, TypeError) as error:
        logger.exception("poll failed", extra={"account_id": str(account.pk)})
        avito_accounts.note_error(account, f"{type(error).__name__}: {error}")
        return 0
    AvitoAccount.objects.filter(pk=account.pk).update(polled_at=timezone.now())
    if account.last_error or account.status != AvitoAccount.Status.ACTIVE:
        avito_accounts.mark_working(account)
    return stored


def _poll(account: AvitoAccount) -> int:
    reader = Reader(account)
    chats = reader.list_chats(unread_only=True)
    if _crosses(account, reader.began, SWEEP_SECONDS):
        known = {chat["id"] for chat in chats}
        recent = [chat for chat in reader.list_chats() if chat["updated"] >= reader.fresh_from]
        chats += [chat for chat in recent if chat["id"] not in known]
    changed = _changed(reader, chats)
    stored = sum(reader.store(reader.find_new(chat_id)) for chat_id in changed)
    for chat in chats:
        if chat["id"] not in changed and _may_be_read(account, chat, reader.began):
            reader.look_for_reads(chat["id"])
    return stored


def _may_be_read(account: AvitoAccount, chat: Chat, moment: datetime) -> bool:
    """Say whether to look now whether the buyer has read our last word: less often as it ages.

    Chats are listed without it. What is read later still is found by the hourly comparison, or
    when the buyer answers.
    """
    last = chat.get("last_message")
    if last is None or last["direction"] != "out":
        return False
    age = moment.timestamp() - last["created"]
    pauses = (pause for most, pause in READ_LOOKS if age < most)
    return any(_crosses(account, moment, pause) for pause in pauses)


def _changed(reader: Reader, chats: list[Chat]) -> list[str]:
    """Return the chats whose last message is not in the inbox, the longest waiting first."""
    last_ids = {}
    for chat in sorted(chats, key=lambda chat: chat["updated"]):
        last = chat.get("last_message")
        event = reader.event_of(chat["id"], last) if last else None
        last_ids[chat["id"]] = event.external_id if event else ""
    known = reader.known_ids(list(filter(None, last_ids.values())))
    return [chat_id for chat_id, last_id in last_ids.items() if last_id not in known]


def _crosses(account: AvitoAccount, moment: datetime, seconds: int) -> bool:
    """Say whether a border of so many seconds was crossed since the last successful poll."""
    last = account.polled_at
    return last is None or int(last.timestamp()) // seconds != int(moment.timestamp()) // seconds


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
