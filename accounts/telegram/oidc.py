"""A client of "Log in with Telegram": OpenID Connect, code flow with PKCE.

A person is known by the claim ``id``; ``sub`` is another number. There is no userinfo endpoint
and no e-mail address. Source: core.telegram.org/widgets/login (OpenID Connect)
"""

import base64
import hashlib
import logging
import secrets
import time
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt
from django.conf import settings

from accounts.telegram.errors import TelegramRefusedError
from accounts.telegram.person import TelegramPerson, build_person
from config.lib.errors import NotFoundError, OutsideWorldError
from config.lib.http import OutsideError, OutsideSession, PermanentError, SignInError

logger = logging.getLogger(__name__)

SCOPES = "openid profile telegram:bot_access"
# What Telegram may sign with. Never a shared secret, never nothing.
ALGORITHMS = ["RS256", "ES256", "EdDSA"]
CACHE_SECONDS = 3600.0
# A key that is not known yet makes us ask again, but not for everybody who invents one.
REFRESH_SECONDS = 30.0
LEEWAY_SECONDS = 30
LOGIN_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Login:
    """A sign-in that has begun; kept by the browser in its signed cookie.

    :param began_at: seconds since 1970.
    """

    state: str
    verifier: str
    nonce: str
    began_at: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class OidcIdentity:
    """Whom Telegram has confirmed, and when: seconds since 1970."""

    person: TelegramPerson
    auth_date: float


def is_configured() -> bool:
    return bool(settings.TELEGRAM_OIDC_CLIENT_ID)


def begin_login(*, redirect_uri: str) -> tuple[str, Login]:
    """Return where to send the browser, and what to keep until it is back.

    :raises NotFoundError: this way of signing in is switched off.
    :raises OutsideWorldError: Telegram does not answer.
    """
    login = Login(
        state=secrets.token_urlsafe(24),
        verifier=secrets.token_urlsafe(48),
        nonce=secrets.token_urlsafe(16),
        began_at=time.time(),
    )
    query = urlencode(
        {
            "response_type": "code",
            "client_id": settings.TELEGRAM_OIDC_CLIENT_ID,
            "redirect_uri": redirect_uri,
            "scope": SCOPES,
            "state": login.state,
            "nonce": login.nonce,
            "code_challenge": _challenge(login.verifier),
            "code_challenge_method": "S256",
        }
    )
    return f"{_provider().endpoint('authorization_endpoint')}?{query}", login


def finish_login(*, login: Login, state: str, code: str, redirect_uri: str) -> OidcIdentity:
    """Return who has come back with this code.

    :raises TelegramRefusedError: ``telegram_login_failed``: another browser's answer, too late,
        or a code or an id token that Telegram did not give for this sign-in.
    :raises OutsideWorldError: Telegram does not answer.
    """
    if not code or not secrets.compare_digest(state.encode(), login.state.encode()):
        raise TelegramRefusedError("telegram_login_failed")
    if time.time() - login.began_at > LOGIN_SECONDS:
        raise TelegramRefusedError("telegram_login_failed")
    provider = _provider()
    claims = provider.verify(_fetch_id_token(provider, login, code, redirect_uri))
    # Telegram need not give it back; if it does, it must be this sign-in's.
    if claims.get("nonce", login.nonce) != login.nonce:
        raise TelegramRefusedError("telegram_login_failed")
    return OidcIdentity(_person_of(claims), float(claims["iat"]))


class Provider:
    """What an issuer says of itself, and its keys; each asked for once an hour."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        # Its endpoints come as whole addresses.
        self.session = OutsideSession("", name="telegram-oidc")
        self._document: dict[str, Any] = {}
        self._document_until = 0.0
        self._keys: dict[str, jwt.PyJWK] = {}
        self._keys_read_at = float("-inf")

    def endpoint(self, name: str) -> str:
        """Return an address from the issuer's document.

        :raises OutsideWorldError: there is none, it is not at a place as safe as the issuer, or the
            issuer does not answer.
        """
        if time.monotonic() > self._document_until:
            path = "/.well-known/openid-configuration"
            self._document = self.get(f"{self.issuer}{path}")
            self._document_until = time.monotonic() + CACHE_SECONDS
        address = self._document.get(name)
        if self._document.get("issuer") != self.issuer or not isinstance(address, str):
            raise OutsideWorldError
        if urlsplit(address).scheme != urlsplit(self.issuer).scheme:
            raise OutsideWorldError
        return address

    def verify(self, id_token: str) -> dict[str, Any]:
        """Return the claims of a token that the issuer made for us and that is valid now.

        :raises TelegramRefusedError: ``telegram_login_failed``.
        """
        try:
            header = jwt.get_unverified_header(id_token)
            key = self._key(str(header.get("kid", "")))
            if header.get("alg") not in ALGORITHMS or header["alg"] != key.algorithm_name:
                raise TelegramRefusedError("telegram_login_failed")
            claims: dict[str, Any] = jwt.decode(
                id_token,
                key,
                algorithms=[key.algorithm_name],
                audience=settings.TELEGRAM_OIDC_CLIENT_ID,
                issuer=self.issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "aud", "iss"]},
            )
        except jwt.PyJWTError as error:
            logger.warning("id token refused", extra={"error": type(error).__name__})
            raise TelegramRefusedError("telegram_login_failed") from None
        return claims

    def get(self, address: str) -> dict[str, Any]:
        try:
            return _object(self.session.call("GET", address).json())
        except OutsideError as error:
            raise OutsideWorldError from error

    def _key(self, key_id: str) -> jwt.PyJWK:
        age = time.monotonic() - self._keys_read_at
        if age > CACHE_SECONDS or (key_id not in self._keys and age > REFRESH_SECONDS):
            self._keys = self._read_keys()
            self._keys_read_at = time.monotonic()
        if key_id not in self._keys:
            raise TelegramRefusedError("telegram_login_failed")
        return self._keys[key_id]

    def _read_keys(self) -> dict[str, jwt.PyJWK]:
        keys = jwt.PyJWKSet.from_dict(self.get(self.endpoint("jwks_uri"))).keys
        return {str(key.key_id or ""): key for key in keys}


def _provider() -> Provider:
    if not is_configured():
        raise NotFoundError
    return _provider_at(settings.TELEGRAM_OIDC_ISSUER)


@cache
def _provider_at(issuer: str) -> Provider:
    return Provider(issuer)


def _fetch_id_token(provider: Provider, login: Login, code: str, redirect_uri: str) -> str:
    credentials = f"{settings.TELEGRAM_OIDC_CLIENT_ID}:{settings.TELEGRAM_OIDC_CLIENT_SECRET}"
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "client_id": settings.TELEGRAM_OIDC_CLIENT_ID,
        "code_verifier": login.verifier,
    }
    basic = base64.b64encode(credentials.encode()).decode()
    try:
        answer = provider.session.call(
            "POST",
            provider.endpoint("token_endpoint"),
            data=form,
            headers={"Authorization": f"Basic {basic}"},
        )
        return str(_object(answer.json()).get("id_token", ""))
    except (PermanentError, SignInError) as error:
        logger.warning("code refused", extra={"error": str(error)})
        raise TelegramRefusedError("telegram_login_failed") from None
    except OutsideError as error:
        raise OutsideWorldError from error


def _object(document: object) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise OutsideWorldError
    return document


def _person_of(claims: dict[str, Any]) -> TelegramPerson:
    telegram_id = claims.get("id")
    if isinstance(telegram_id, str) and telegram_id.isascii() and telegram_id.isdigit():
        telegram_id = int(telegram_id[:20])
    return build_person(
        {
            "id": telegram_id,
            "first_name": claims.get("given_name") or claims.get("name"),
            "last_name": claims.get("family_name"),
            "username": claims.get("preferred_username"),
        }
    )


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
