"""One signed-in line to one panel: cookie and CSRF or a bearer, the envelope, nothing of words."""

import base64
import binascii
from typing import Any, cast

from django.conf import settings
from django_otp.oath import totp

from config.lib.http import (
    FOREIGN_ADDRESS,
    AmbiguousError,
    OutsideResponse,
    OutsideSession,
    PermanentError,
    SignInError,
    TransientError,
)
from integrations.xui import refusals
from integrations.xui.addresses import clean_url, may_connect
from integrations.xui.errors import (
    SYSTEM,
    AddressError,
    DownError,
    NotSignedInError,
    RefusedError,
    SignInRefusedError,
    read_refusal,
)
from integrations.xui.types import Credentials, Envelope

HEADERS = {
    # Refusals are told apart by their English kernel.
    "Accept-Language": "en-US",
    "Accept": "application/json",
    # Panels then say 401 to strangers where they would redirect them (to 2.8.3) or hide (3.0.2).
    "X-Requested-With": "XMLHttpRequest",
}
# A stranger is redirected (to 2.8.3), told that nothing is there (2.8.4), or refused for want of
# a CSRF token (3.0.0); an unknown call is a 404 as well.
_CLOSED = frozenset({301, 302, 303, 307, 308, 403, 404})


class ClosedError(Exception):
    """The panel does not know the call, or does not know us: its answer does not say which.

    Nothing was done.
    """

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


class Wire:
    """Calls of one panel in the name of one account. May be used by many threads.

    :raises AddressError: the address is not one a panel can have.
    """

    def __init__(self, url: str, credentials: Credentials) -> None:
        base_url = clean_url(url)
        self.credentials = credentials
        self.has_bearer = False
        self._refusal = refusals.fingerprint(base_url, credentials)
        self._csrf_token = ""
        self._has_signed_in = False
        self._session = OutsideSession(
            base_url,
            name=SYSTEM,
            read_seconds=settings.XUI_TIMEOUT_SECONDS,
            keeps_cookies=True,
            headers=HEADERS,
            may_connect=may_connect,
        )

    @property
    def has_session(self) -> bool:
        """Say whether there is anything by which the panel may know us."""
        return self.has_bearer or self._has_signed_in

    def choose_bearer(self, *, is_known: bool) -> None:
        """Speak by the API token if there is one and the panel knows of such (since 3.0.0)."""
        self.has_bearer = is_known and bool(self.credentials.token)

    def get(self, path: str) -> Any:
        """Return what a panel gives out under a path behind its base path."""
        return self.call("GET", path)

    def call(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        is_safe: bool | None = None,
        missing: type[RefusedError] = RefusedError,
    ) -> Any:
        """Return the ``obj`` of a call that succeeded.

        :param is_safe: whether doing it twice does no harm, by default for a GET alone.
        :param missing: what is missing where the panel says no more than ``record not found``.
        :raises ClosedError: the panel does not know the call, or us.
        :raises BusyError: its database is locked.
        :raises DownError: it is not there, and nothing was done.
        :raises AmbiguousError: it may have been done: no answer, or none that can be understood.
        :raises RefusedError: and its kinds: the panel refused.
        """
        answer = self._send(method, path, json=json, is_safe=is_safe)
        document = _envelope(answer)
        if not document["success"]:
            raise read_refusal(cast("dict[str, Any]", document), missing=missing)
        return document.get("obj")

    def take_csrf_token(self) -> bool:
        """Fetch the token without which panels since 3.0.0 take no POST; ``False`` if there is
        none such.
        """
        try:
            token = self.get("/csrf-token")
        except ClosedError:
            self._csrf_token = ""
        else:
            self._csrf_token = str(token or "")
        return bool(self._csrf_token)

    def sign_in(self) -> None:
        """Open a session with the password, unless the panel has refused it before.

        :raises SignInRefusedError: it refuses, or has refused; nobody tries again by itself.
        :raises NotSignedInError: it says yes but gives no session.
        """
        with refusals.turn(self._refusal):
            self.stop_if_refused()
            if not self.credentials.username:
                self.refuse()
            self._session.forget_cookies()
            self._has_signed_in = False
            self.take_csrf_token()
            self._open_session()

    def stop_if_refused(self) -> None:
        """Make no call with credentials that were refused.

        :raises SignInRefusedError: they were.
        """
        if refusals.is_refused(self._refusal):
            raise SignInRefusedError(is_remembered=True)

    def refuse(self) -> None:
        """Remember that the panel refuses the credentials.

        :raises SignInRefusedError: always.
        """
        refusals.remember(self._refusal)
        raise SignInRefusedError(is_remembered=False)

    def allow_again(self) -> None:
        """Let refused credentials be tried once more: a person has asked for it."""
        refusals.forget(self._refusal)

    def close(self) -> None:
        self._session.close()

    def _open_session(self) -> None:
        before = self._session.cookies
        form = {
            "username": self.credentials.username,
            "password": self.credentials.password,
            "twoFactorCode": _second_factor(self.credentials.totp_key),
        }
        try:
            self.call("POST", "/login", json=form, is_safe=True)
        except RefusedError:
            self.refuse()
        # A 2.9.2 was seen to say yes without a session; the CSRF token's cookie is none.
        if self._session.cookies in ({}, before):
            raise NotSignedInError
        self._has_signed_in = True

    def _send(
        self, method: str, path: str, *, json: object, is_safe: bool | None
    ) -> OutsideResponse:
        headers = {"X-CSRF-Token": self._csrf_token} if self._csrf_token else {}
        if self.has_bearer:
            headers = {"Authorization": f"Bearer {self.credentials.token}"}
        try:
            return self._session.call(method, path, json=json, headers=headers, is_safe=is_safe)
        except SignInError:
            raise ClosedError(401) from None
        except PermanentError as error:
            raise self._read_status(error) from None
        except TransientError as error:
            raise DownError(SYSTEM, str(error).partition(": ")[2]) from None

    def _read_status(self, error: PermanentError) -> Exception:
        if error.status == 403 and self.has_bearer:
            return RefusedError("the token may not do this")
        if error.status in _CLOSED:
            return ClosedError(error.status)
        if error.code == FOREIGN_ADDRESS:
            return AddressError("no panel may stand there")
        return RefusedError(" ".join(filter(None, (str(error.status), error.code, error.text))))


def _envelope(answer: OutsideResponse) -> Envelope:
    try:
        document = answer.json()
    except TransientError:
        raise DownError(SYSTEM, "the answer is not a panel's") from None
    if isinstance(document, dict) and isinstance(document.get("success"), bool):
        return cast("Envelope", document)
    if answer.is_safe:
        raise DownError(SYSTEM, "the answer is not a panel's")
    raise AmbiguousError(SYSTEM, "the answer is not a panel's")


def _second_factor(totp_key: str) -> str:
    """Return the code of this half minute, empty without a key.

    :raises SignInRefusedError: the key is not base32.
    """
    if not totp_key:
        return ""
    compact = totp_key.replace(" ", "").upper()
    try:
        key = base64.b32decode(compact + "=" * (-len(compact) % 8))
    except binascii.Error:
        raise SignInRefusedError(is_remembered=False) from None
    return f"{totp(key):06d}"
