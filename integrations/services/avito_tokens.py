"""Access tokens of Avito accounts: sealed in the row, kept in the process, fetched by one.

Avito gives a token for a day and no refresh token. However many workers need a new one at the
same moment, one asks for it, under a lock that belongs to the session: no transaction is open
while Avito is asked.
"""

import time
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import DurationField, ExpressionWrapper, Value
from django.db.models.functions import Now
from django.utils import timezone

from config.lib.advisory import try_advisory_lock
from config.lib.http import PermanentError, SignInError, TransientError
from integrations.avito import client as avito
from integrations.avito.client import AvitoClient
from integrations.models import AvitoAccount
from integrations.services import secrets
from integrations.services.secrets import SecretRef

# A token is given up this long before Avito would.
SPARE_SECONDS = 300
# How long a changed or switched-off account may still be used by a process that knows the old one.
FRESH_SECONDS = 3.0
WAIT_SECONDS = 20.0
LOOK_SECONDS = 0.1
# Statuses in which calls are made: a subscription may have been bought meanwhile.
USABLE = (AvitoAccount.Status.ACTIVE, AvitoAccount.Status.NO_SUBSCRIPTION)


class AccountUnusableError(Exception):
    """The account is gone or not active. ``status`` is the row's, empty where there is none."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class Access:
    """What calls in the name of an account need."""

    user_id: int
    token: str
    fresh_until: float

    @property
    def client(self) -> AvitoClient:
        return AvitoClient(self.token, user_id=self.user_id)


_known: dict[UUID, Access] = {}


def client_secret_ref(account: AvitoAccount) -> SecretRef:
    """Return the place where an account's client secret is sealed."""
    return _ref(account, "avito.client_secret")


def access_token_ref(account: AvitoAccount) -> SecretRef:
    """Return the place where an account's access token is sealed."""
    return _ref(account, "avito.access_token")


def access(account_id: UUID, *, refused: str = "") -> Access:
    """Return a token that should work, fetched from Avito if there is none.

    :param refused: a token that Avito did not accept; another one is returned.
    :raises AccountUnusableError: the account is gone or switched off.
    :raises SignInError: Avito does not accept the account's credentials.
    :raises TransientError: Avito does not answer, or another process asks it for too long.
    :raises SecretsUnavailableError: a secret cannot be opened.
    """
    known = _known.get(account_id)
    if known is not None and known.fresh_until > time.monotonic() and known.token != refused:
        return known
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        stored = _stored(account_id, refused) or _fetch_alone(account_id, refused)
        if stored is not None:
            _known[account_id] = stored
            return stored
        if time.monotonic() > deadline:
            raise TransientError(avito.SYSTEM, "the token is being fetched elsewhere")
        time.sleep(LOOK_SECONDS)


def forget(account_id: UUID) -> None:
    """Look at the row again before the next call of this process."""
    _known.pop(account_id, None)


def _stored(account_id: UUID, refused: str) -> Access | None:
    return _access_of(_read(account_id), refused)


def _read(account_id: UUID) -> AvitoAccount:
    account = AvitoAccount.objects.filter(pk=account_id).first()
    if account is None or account.status not in USABLE:
        forget(account_id)
        raise AccountUnusableError(account.status if account else "")
    return account


def _access_of(account: AvitoAccount, refused: str) -> Access | None:
    lives_until = account.token_expires_at
    spare = timedelta(seconds=SPARE_SECONDS)
    if not account.sealed_access_token or lives_until is None:
        return None
    if lives_until - spare <= timezone.now():
        return None
    token = secrets.open(access_token_ref(account), account.sealed_access_token).decode()
    if token == refused:
        return None
    return Access(account.avito_user_id, token, time.monotonic() + FRESH_SECONDS)


def _fetch_alone(account_id: UUID, refused: str) -> Access | None:
    """Fetch a token, or return ``None`` while another process does."""
    with try_advisory_lock(f"avito-token:{account_id}") as is_mine:
        if not is_mine:
            return None
        account = _read(account_id)
        # Another may have stored one between our look and our lock.
        return _access_of(account, refused) or _fetch(account)


def _fetch(account: AvitoAccount) -> Access:
    secret = secrets.open(client_secret_ref(account), account.sealed_client_secret).decode()
    try:
        answer = avito.fetch_token(account.api_client_id, secret)
    except PermanentError as error:
        raise SignInError(avito.SYSTEM, error.text or "the credentials are refused") from None
    token = answer["access_token"]
    lifetime = Value(timedelta(seconds=float(answer["expires_in"])), output_field=DurationField())
    unchanged = AvitoAccount.objects.filter(
        pk=account.pk, sealed_client_secret=account.sealed_client_secret
    )
    unchanged.update(
        sealed_access_token=secrets.seal(access_token_ref(account), token),
        token_expires_at=ExpressionWrapper(Now() + lifetime, output_field=DurationField()),
    )
    return Access(account.avito_user_id, token, time.monotonic() + FRESH_SECONDS)


def _ref(account: AvitoAccount, purpose: str) -> SecretRef:
    return SecretRef(
        purpose=purpose,
        model="integrations.AvitoAccount",
        pk=str(account.pk),
        owner=str(account.organization_id),
    )
