"""Avito's refusals for pace: a moment's pause concerns nobody, one that lasts its owner."""

from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from integrations.models import AvitoAccount, Hold, IntegrationLog
from integrations.selectors.locks import lock_avito_account
from integrations.selectors.troubles import LASTING_LIMIT
from integrations.services.log import log_event
from integrations.signals import avito_account_limited

LIMITED = "limited"
# A break between two refusals that is longer than this ends it.
BREAK = timedelta(minutes=2)


def watch_limits() -> None:
    """Note which accounts Avito slows down, and say so, once, where that lasts."""
    limited = _limited_accounts()
    watched = AvitoAccount.objects.filter(limited_at__isnull=False)
    watched.exclude(pk__in=limited).update(limited_at=None)
    AvitoAccount.objects.filter(pk__in=limited, limited_at=None).update(limited_at=Now())
    for account in watched.filter(limited_at__lte=timezone.now() - LASTING_LIMIT):
        _tell(account)


def _limited_accounts() -> set[str]:
    """Return the accounts with a hold for pace on themselves or on one of their chats, lately."""
    lately = Hold.objects.filter(
        key__startswith="avito:", reason=LIMITED, until__gt=timezone.now() - BREAK
    )
    return {key.split(":")[1] for key in lately.values_list("key", flat=True)}


@transaction.atomic
def _tell(account: AvitoAccount) -> None:
    account = lock_avito_account(account.pk)
    said = IntegrationLog.objects.filter(
        organization=account.organization_id, account_id=account.pk, event=LIMITED
    )
    if account.limited_at is None or said.filter(created_at__gte=account.limited_at).exists():
        return
    log_event(
        organization_id=account.organization_id,
        source="avito",
        account_id=account.pk,
        event=LIMITED,
        level=IntegrationLog.Level.WARNING,
    )
    avito_account_limited.send(
        sender=AvitoAccount, organization=account.organization, account=account
    )
