"""Access tokens: what stands in them, and how they are signed and read."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenError
from rest_framework_simplejwt.tokens import Token

from config.lib.errors import NotSignedInError, Text


class TokenRefusedError(NotSignedInError):
    """A bearer that signs nobody in. The code is one of three that clients act on."""

    texts: dict[str, Text] = {
        "token_expired": _("Your access has run out. Please renew it."),
        "token_invalid": _("This is not a valid access token."),
        "session_revoked": _("This session has ended. Please sign in again."),
    }

    def __init__(self, code: str) -> None:
        super().__init__(self.texts[code], code=code)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid access token says. Roles are never in it."""

    user_id: int
    session_id: uuid.UUID
    version: int


class SessionToken(Token):
    """A JWT with ``sub`` (text), ``sid``, ``jti``, ``ver`` and ``exp``."""

    token_type = "access"  # noqa: S105  the sort of token, not a secret
    lifetime = timedelta(minutes=10)


def encode_access_token(claims: Claims, *, now: datetime, ttl_seconds: int | None = None) -> str:
    """Return a signed access token.

    :param now: the database's clock, from which the lifetime counts.
    :param ttl_seconds: ``ACCESS_TOKEN_TTL_SECONDS`` unless given; clients that know no refresh
        get ``JWT_EXPIRES_SECONDS``.
    """
    seconds = settings.ACCESS_TOKEN_TTL_SECONDS if ttl_seconds is None else ttl_seconds
    token = SessionToken()
    token.set_iat(at_time=now)
    token.set_exp(from_time=now, lifetime=timedelta(seconds=seconds))
    token["sub"] = str(claims.user_id)
    token["sid"] = str(claims.session_id)
    token["ver"] = claims.version
    return str(token)


def decode_access_token(text: str) -> Claims:
    """Return the claims of a token whose signature and time are good.

    :raises TokenRefusedError: ``token_expired``, or ``token_invalid`` for anything else.
    """
    try:
        token = SessionToken(text)  # type: ignore[arg-type]  # text is what the class takes
        return Claims(
            user_id=int(token["sub"]),
            session_id=uuid.UUID(token["sid"]),
            version=int(token["ver"]),
        )
    except ExpiredTokenError:
        raise TokenRefusedError("token_expired") from None
    except (TokenError, KeyError, ValueError, TypeError, AttributeError, ArithmeticError, OSError):
        # The last two come of moments and numbers that no clock or integer can hold.
        raise TokenRefusedError("token_invalid") from None
