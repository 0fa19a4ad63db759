"""Avito accounts of an organization: their credentials, their webhooks, their life.

Every call of Avito is made outside of transactions; what it taught us is stored afterwards.
"""

import logging
import secrets as randomness
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, User
from accounts.services.audit import record_audit
from config.lib.errors import (
    ConflictError,
    FieldError,
    InputError,
    NotFoundError,
    OutsideTimeoutError,
    OutsideWorldError,
)
from config.lib.http import OutsideError, PermanentError, SignInError
from integrations.avito import client as avito
from integrations.avito.client import AvitoClient
from integrations.avito.types import Self
from integrations.models import AvitoAccount, Bot, IntegrationLog
from integrations.selectors.locks import lock_avito_account
from integrations.services import avito_tokens, secrets
from integrations.services.bots import hash_secret, refusal_of
from integrations.services.holds import release_hold
from integrations.services.log import log_event
from integrations.signals import avito_account_refused

logger = logging.getLogger(__name__)

SOURCE = "avito"
PUMP = "integrations.pump_avito"
WEBHOOK_PATH = "/api/webhooks/avito"
ERROR_LENGTH = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class AvitoAccountChanges:
    """What may be changed; ``None`` leaves a field as it is.

    :param bot: who relays this account's dialogs; ``no_bot`` takes it away.
    :param is_active: switches the account on or off.
    """

    name: str | None = None
    api_client_id: str | None = None
    api_client_secret: str | None = None
    bot: Bot | None = None
    no_bot: bool = False
    is_active: bool | None = None

    @property
    def has_credentials(self) -> bool:
        return self.api_client_id is not None or self.api_client_secret is not None


def create_avito_account(
    *,
    actor: User | None,
    organization: Organization,
    name: str,
    api_client_id: str,
    api_client_secret: str,
    bot: Bot | None = None,
) -> AvitoAccount:
    """Add an account and subscribe to its messages; what goes wrong with that is noted on it.

    :raises InputError: ``credentials_refused``: Avito does not accept them.
    :raises ConflictError: ``account_taken``: this account is already here, whoever has it.
    :raises NotFoundError: the bot is another organization's.
    :raises OutsideWorldError: Avito does not answer; nothing is stored.
    """
    _check_bot(bot, organization.pk)
    profile = _whose(api_client_id, api_client_secret)
    account = AvitoAccount(
        pk=uuid4(),
        organization=organization,
        name=name or profile.get("name") or str(profile["id"]),
        api_client_id=api_client_id,
        avito_user_id=profile["id"],
        bot=bot,
    )
    _seal_secret(account, api_client_secret)
    try:
        with transaction.atomic():
            account.save(force_insert=True)
            _record(account, actor=actor, action="avito_account.created", event="account_added")
    except IntegrityError as error:
        if "avito_user_id" not in str(error):
            raise
        text = _("This Avito account is already connected.")
        raise ConflictError(text, code="account_taken") from None
    transaction.on_commit(lambda: _try_subscribe(account))
    return account


def update_avito_account(
    *, actor: User, account: AvitoAccount, changes: AvitoAccountChanges
) -> AvitoAccount:
    """Change what is given. New credentials must be the same account's and switch it on.

    :raises InputError: ``credentials_refused``, or ``other_account``.
    :raises NotFoundError: the bot is another organization's.
    :raises OutsideWorldError: Avito does not answer; nothing is changed.
    """
    _check_bot(changes.bot, account.organization_id)
    client_id = changes.api_client_id or account.api_client_id
    client_secret = changes.api_client_secret or _open_secret(account)
    if changes.has_credentials and _whose(client_id, client_secret)["id"] != account.avito_user_id:
        raise _bad_credentials("other_account", _("These belong to another Avito account."))
    with transaction.atomic():
        account = lock_avito_account(account.pk)
        _apply(account, changes, client_id=client_id, client_secret=client_secret)
        account.save()
        _record(account, actor=actor, action="avito_account.changed", event="account_changed")
    avito_tokens.forget(account.pk)
    if account.status == AvitoAccount.Status.ACTIVE:
        release_hold(key=account.sender, task=PUMP)
    if changes.has_credentials or changes.is_active:
        transaction.on_commit(lambda: _try_subscribe(account))
    elif changes.is_active is False:
        _try_unsubscribe(account)
    return account


def delete_avito_account(*, actor: User, account: AvitoAccount) -> None:
    """Remove an account and what hangs on it. Avito is told if it answers."""
    _try_unsubscribe(account)
    with transaction.atomic():
        account = lock_avito_account(account.pk)
        _record(account, actor=actor, action="avito_account.deleted", event="account_removed")
        account.delete()
    avito_tokens.forget(account.pk)


def subscribe(account: AvitoAccount) -> AvitoAccount:
    """Let Avito tell us of messages at an address that is new each time; old ones are dropped.

    Only a hash of the address's secret is kept. It counts from before Avito hears of the address,
    for an event may come before the answer.

    :raises OutsideWorldError: Avito refused or does not answer; the old address stays.
    """
    secret = randomness.token_urlsafe(32)
    url = f"{url_prefix(account)}{secret}"
    client = _client(account)
    path_hash = hash_secret(secret)
    AvitoAccount.objects.filter(pk=account.pk).update(next_webhook_path_hash=path_hash)
    try:
        client.subscribe(url)
    except OutsideError as error:
        raise refusal_of(error) from error
    with transaction.atomic():
        AvitoAccount.objects.filter(pk=account.pk).update(
            webhook_path_hash=path_hash,
            next_webhook_path_hash=None,
            webhook_set_at=Now(),
            last_error="",
            last_error_at=None,
        )
        _log(account, "webhook_set")
    _drop_subscriptions(account, client, keep=url)
    account.refresh_from_db()
    return account


@transaction.atomic
def mark_refused(*, account_id: UUID, status: str, text: str) -> None:
    """Note that Avito does not work for an account, and say so to those above, once.

    :param status: ``bad_credentials`` or ``no_subscription``.
    """
    account = AvitoAccount.objects.select_for_update().filter(pk=account_id).first()
    if account is None or account.status == AvitoAccount.Status.INACTIVE:
        return
    if account.status == status:
        _note_error(account, text)
        return
    account.status = status
    _note_error(account, text, status=status)
    _log(account, status, text=text, level=IntegrationLog.Level.ERROR)
    avito_account_refused.send(
        sender=AvitoAccount, organization=account.organization, account=account
    )
    transaction.on_commit(lambda: avito_tokens.forget(account_id))


def mark_working(account: AvitoAccount) -> None:
    """Note that Avito answers an account again that had no subscription or an error."""
    AvitoAccount.objects.filter(pk=account.pk, status__in=avito_tokens.USABLE).update(
        status=AvitoAccount.Status.ACTIVE, last_error="", last_error_at=None
    )
    if account.status == AvitoAccount.Status.NO_SUBSCRIPTION:
        release_hold(key=account.sender, task=PUMP)


def note_error(account: AvitoAccount, text: str) -> None:
    """Keep what went wrong last, for the owner to see."""
    _note_error(account, text)


def _whose(client_id: str, client_secret: str) -> Self:
    try:
        token = avito.fetch_token(client_id, client_secret)["access_token"]
        return AvitoClient(token).get_self()
    except (SignInError, PermanentError):
        text = _("Avito does not accept these credentials.")
        raise _bad_credentials("credentials_refused", text) from None
    except OutsideError as error:
        raise refusal_of(error) from error


def _bad_credentials(code: str, message: Any) -> InputError:
    return InputError(message, code=code, fields=[FieldError("api_client_secret", code, message)])


def _check_bot(bot: Bot | None, organization_id: UUID) -> None:
    if bot is not None and bot.organization_id != organization_id:
        raise NotFoundError


def _seal_secret(account: AvitoAccount, client_secret: str) -> None:
    ref = avito_tokens.client_secret_ref(account)
    account.sealed_client_secret = secrets.seal(ref, client_secret)
    account.sealed_access_token = ""
    account.token_expires_at = None


def _open_secret(account: AvitoAccount) -> str:
    ref = avito_tokens.client_secret_ref(account)
    return secrets.open(ref, account.sealed_client_secret).decode()


def _apply(
    account: AvitoAccount, changes: AvitoAccountChanges, *, client_id: str, client_secret: str
) -> None:
    if changes.name is not None:
        account.name = changes.name
    if changes.bot is not None or changes.no_bot:
        account.bot = changes.bot
    if changes.has_credentials:
        account.api_client_id = client_id
        _seal_secret(account, client_secret)
        account.status = AvitoAccount.Status.ACTIVE
    if changes.is_active is not None:
        status = AvitoAccount.Status
        account.status = status.ACTIVE if changes.is_active else status.INACTIVE


def url_prefix(account: AvitoAccount) -> str:
    """Return how every address begins that we give Avito for an account."""
    return f"{settings.SITE_URL}{WEBHOOK_PATH}/{account.pk}/"


def _client(account: AvitoAccount) -> AvitoClient:
    """Return a client for an account in whatever state; switching off is a call, too."""
    try:
        return avito_tokens.access(account.pk).client
    except avito_tokens.AccountUnusableError:
        token = avito.fetch_token(account.api_client_id, _open_secret(account))
        return AvitoClient(token["access_token"], user_id=account.avito_user_id)
    except OutsideError as error:
        raise refusal_of(error) from error


def _drop_subscriptions(account: AvitoAccount, client: AvitoClient, *, keep: str = "") -> None:
    """Take away our own addresses of this account; those of others stay."""
    try:
        for subscription in client.list_subscriptions():
            url = subscription["url"]
            if url.startswith(url_prefix(account)) and url != keep:
                client.unsubscribe(url)
    except OutsideError as error:
        logger.warning(
            "old webhook stays", extra={"account_id": str(account.pk), "error": str(error)}
        )


def _try_subscribe(account: AvitoAccount) -> None:
    try:
        subscribe(account)
    except (OutsideWorldError, OutsideTimeoutError) as error:
        with transaction.atomic():
            _note_error(account, str(error.detail))
            level = IntegrationLog.Level.ERROR
            _log(account, "webhook_failed", text=str(error.detail), level=level)


def _try_unsubscribe(account: AvitoAccount) -> None:
    try:
        _drop_subscriptions(account, _client(account))
    except (OutsideError, OutsideWorldError, OutsideTimeoutError) as error:
        logger.warning("webhook stays", extra={"account_id": str(account.pk), "error": str(error)})
    AvitoAccount.objects.filter(pk=account.pk).update(
        webhook_path_hash=None, next_webhook_path_hash=None, webhook_set_at=None
    )


def _note_error(account: AvitoAccount, text: str, **fields: Any) -> None:
    account.last_error = text[:ERROR_LENGTH]
    AvitoAccount.objects.filter(pk=account.pk).update(
        last_error=account.last_error, last_error_at=Now(), **fields
    )


def _record(account: AvitoAccount, *, actor: User | None, action: str, event: str) -> None:
    record_audit(
        actor=actor,
        organization=account.organization,
        action=action,
        target=f"avito_account:{account.pk}",
        details={"avito_user_id": account.avito_user_id},
    )
    _log(account, event)


def _log(
    account: AvitoAccount, event: str, *, text: str = "", level: str = IntegrationLog.Level.INFO
) -> None:
    log_event(
        organization_id=account.organization_id,
        source=SOURCE,
        account_id=account.pk,
        event=event,
        text=text,
        level=level,
    )
