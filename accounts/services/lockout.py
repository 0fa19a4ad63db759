"""Lock-out: ten wrong passwords for one login, or from one address, close it for 15 minutes.

django-axes asks and tells; what it keeps its counts in is this handler, two keys in Redis
(docs/adr/0006-lockout.md). A login that nobody has is counted like any other, so being locked
out says nothing about who is registered.
"""

import hashlib
from typing import Any

from axes.handlers.base import AbstractAxesHandler, AxesBaseHandler
from axes.helpers import get_cache_timeout, get_failure_limit
from django.conf import settings
from django.contrib.auth import authenticate
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services.passwords import invalid_credentials
from accounts.services.totp import verify_code
from config.lib.clientip import address_block, client_address
from config.lib.errors import RateLimitedError
from config.lib.redis import RedisError, get_redis_at


class LockedOutError(RateLimitedError):
    """Too many wrong passwords; ``retry_after`` is when the next one is looked at."""

    code = "locked_out"
    text = _("Too many wrong passwords. Please wait, or set a new password by e-mail.")


def authenticate_person(request: Any, *, login: str, password: str) -> User:
    """Return who signs in with these; a failure counts for the login and for the address.

    The right password ends the count of its login, not that of the address: else whoever has an
    account could go on guessing at those of others.

    :param request: Django's own request (of a DRF request its ``_request``).
    :param login: e-mail address or user name.
    :raises LockedOutError: this login or this address has failed too often; nothing was checked.
    :raises NotSignedInError: ``invalid_credentials``: unknown, wrong, banned, or without password.
    """
    user = authenticate(request=request, username=login, password=password)
    if getattr(request, "axes_locked_out", False):
        raise LockedOutError(retry_after=request.lockout_seconds)
    if not isinstance(user, User):
        raise invalid_credentials()
    if getattr(request, "lockout_failures", 0):
        forget_failures(login)
    return user


def confirm_password(request: Any, *, user: User, password: str) -> None:
    """Refuse a password that is not this person's; counted as a failed sign-in is.

    :raises LockedOutError: too many wrong ones; nothing was checked.
    :raises NotSignedInError: ``invalid_credentials``.
    """
    login = user.email or user.username or ""
    if authenticate_person(request, login=login, password=password).pk != user.pk:
        raise invalid_credentials()


def confirm_identity(request: Any, *, user: User, password: str = "", otp: str = "") -> None:
    """Refuse unless a signed-in person shows a credential once more: a code, or the password.

    :raises LockedOutError: too many wrong passwords; nothing was checked.
    :raises NotSignedInError: ``invalid_credentials``, or ``otp_invalid``.
    :raises RateLimitedError: ``locked_out``: too soon after wrong codes.
    """
    if otp:
        verify_code(user=user, code=otp)
    else:
        confirm_password(request, user=user, password=password)


def forget_failures(*logins: str | None) -> None:
    """Open these logins again: their owner has proven who they are."""
    keys = [_login_key(login) for login in logins if login]
    try:
        if keys:
            get_redis_at(settings.RATE_LIMIT_REDIS_URL).delete(*keys)
    except RedisError:
        return


def clean_login(request: Any, credentials: dict[str, Any] | None) -> str:
    """Return the login by which failures are counted (``AXES_USERNAME_CALLABLE``)."""
    return str((credentials or {}).get("username") or "").strip().casefold()


def address_of(request: Any) -> str:
    """Return the address by which failures are counted (``AXES_CLIENT_IP_CALLABLE``)."""
    return address_block(client_address(request))


class LockoutHandler(AbstractAxesHandler, AxesBaseHandler):  # type: ignore[misc]  # no types
    """Counts for django-axes, in one round trip each way; nothing is counted without Redis."""

    def get_failures(self, request: Any, credentials: dict[str, Any] | None = None) -> int:
        """Return the higher one of both counts, and note on the request how long it stands."""
        keys = _keys(request, credentials)
        try:
            pipe = get_redis_at(settings.RATE_LIMIT_REDIS_URL).pipeline(transaction=False)
            for key in keys:
                pipe.get(key)
                pipe.ttl(key)
            answers = pipe.execute()
        except RedisError:
            return 0
        counts = [int(count or 0) for count in answers[::2]]
        limit = get_failure_limit(request, credentials)
        waits = [ttl for count, ttl in zip(counts, answers[1::2], strict=True) if count >= limit]
        request.lockout_failures = counts[0]
        request.lockout_seconds = max([1, *waits])
        return max(counts)

    def user_login_failed(
        self, sender: Any, credentials: dict[str, Any], request: Any = None, **kwargs: Any
    ) -> None:
        """Count one failure; whoever is locked out already does not lengthen it."""
        if request is None or request.axes_locked_out:
            return
        try:
            pipe = get_redis_at(settings.RATE_LIMIT_REDIS_URL).pipeline()
            for key in _keys(request, credentials):
                pipe.incr(key)
                pipe.expire(key, get_cache_timeout(request) or 1)
            pipe.execute()
        except RedisError:
            return

    def user_logged_in(self, sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
        """Nothing: ``authenticate_person`` knows under which login somebody came in."""

    def user_logged_out(self, sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
        """Nothing is counted here."""


def _keys(request: Any, credentials: dict[str, Any] | None) -> list[str]:
    """Return the keys of the login and of the address, in this order."""
    address = address_of(request)
    return [_login_key(clean_login(request, credentials)), f"lockout:address:{address}"]


def _login_key(login: str) -> str:
    digest = hashlib.sha256(login.strip().casefold().encode(errors="replace")).hexdigest()
    return f"lockout:login:{digest}"
