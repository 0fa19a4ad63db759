"""The only way out by ``requests``: always with time-outs, and with errors that say what is known.

The question after a failed call is whether it was done. ``TransientError``: it was not, or doing
it twice does no harm. ``PermanentError`` and ``SignInError``: it was refused. ``AmbiguousError``:
nobody knows, and the caller has to look before trying again.
"""

import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util.retry import Retry

from config.lib.http_guard import AddressRefusedError, GuardedAdapter, MayConnect
from config.lib.logs import redact
from config.lib.metrics import counter, histogram

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_BYTES = 20 * 1024 * 1024
TEXT_LENGTH = 300
FOREIGN_ADDRESS = "foreign_address"
_CHUNK_BYTES = 64 * 1024
_POOL_SIZE = 20
_NEVER_SENT = (NewConnectionError, ConnectTimeoutError, ssl.SSLCertVerificationError)

CALLS = counter(
    "depesha_outside_calls_total", "Calls of other systems by outcome.", ("system", "outcome")
)
DURATION = histogram(
    "depesha_outside_call_duration_seconds", "Time until the whole answer was read.", ("system",)
)


class OutsideError(Exception):
    """A call of an outside system failed. The text holds no address, header or secret.

    :param system: whose answer it was, such as ``avito``.
    """

    outcome = "error"

    def __init__(self, system: str, text: str) -> None:
        super().__init__(f"{system}: {text}")
        self.system = system


class TransientError(OutsideError):
    """Nothing was done, or doing it again is harmless. Try again later."""

    outcome = "transient"


class TooManyRequestsError(TransientError):
    """The other side asks to wait.

    :param retry_after: seconds as it said, or ``None`` if it did not say.
    """

    outcome = "too_many_requests"

    def __init__(self, system: str, *, retry_after: float | None) -> None:
        super().__init__(system, "too many requests")
        self.retry_after = retry_after


class PermanentError(OutsideError):
    """The other side refused; the same call will be refused again.

    :param status: the HTTP status, 0 if the call could not even be put into words.
    :param code: the other side's own code, or an empty string.
    :param text: what it said, redacted and cut.
    """

    outcome = "permanent"

    def __init__(self, system: str, *, status: int, code: str, text: str) -> None:
        super().__init__(system, " ".join(filter(None, (str(status), code, text))))
        self.status = status
        self.code = code
        self.text = text


class SignInError(OutsideError):
    """The credentials are not accepted (401)."""

    outcome = "sign_in"


class AmbiguousError(OutsideError):
    """The request was sent and its fate is unknown: it may have been done."""

    outcome = "ambiguous"


@dataclass(frozen=True, slots=True)
class OutsideResponse:
    """A 2xx answer, read to its end."""

    system: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    is_safe: bool

    def json(self) -> Any:
        """Return the body as JSON.

        :raises TransientError: it is not JSON, and the call may be made again.
        :raises AmbiguousError: it is not JSON, though the other side said that it did its work.
        """
        try:
            return json.loads(self.body)
        except ValueError:
            raise _unclear(self.system, "the answer is not JSON", is_safe=self.is_safe) from None


class OutsideSession:
    """Calls of one outside system over pooled connections. May be used by many threads.

    Takes no cookies unless asked to, follows no redirects, reads no proxy or netrc from the
    environment. Safe calls are tried up to three times, the others once; where no connection came
    about, nothing was sent, and any call is tried again.

    :param base_url: what every path is put behind.
    :param name: the system's name in errors, logs and metrics.
    :param read_seconds: how long a silence may last; the whole answer may take twice as long.
    :param keeps_cookies: send back the cookies of earlier answers, to those they came from.
    :param headers: what every call carries beside its own.
    :param may_connect: asked for each new connection, see ``config.lib.http_guard``.
    """

    def __init__(
        self,
        base_url: str,
        *,
        name: str,
        connect_seconds: float = 3,
        read_seconds: float = 10,
        max_bytes: int = MAX_BYTES,
        keeps_cookies: bool = False,
        headers: Mapping[str, str] | None = None,
        may_connect: MayConnect | None = None,
    ) -> None:
        self.name = name
        self._base_url = base_url.rstrip("/")
        self._timeout = (connect_seconds, read_seconds)
        self._max_bytes = max_bytes
        self._session = _new_session(may_connect)
        self._session.headers.update(headers or {})
        if not keeps_cookies:
            self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    @property
    def cookies(self) -> dict[str, str]:
        """Return the cookies that are kept, value by name."""
        return {cookie.name: cookie.value or "" for cookie in self._session.cookies}

    def forget_cookies(self) -> None:
        self._session.cookies.clear()

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, object] | None = None,
        json: object = None,
        data: object = None,
        files: object = None,
        headers: Mapping[str, str] | None = None,
        is_safe: bool | None = None,
    ) -> OutsideResponse:
        """Return the 2xx answer of one call.

        :param is_safe: whether doing it twice does no harm; by default what the method says. Only
            classifies the failure: a POST is never sent again from here.
        :raises TransientError: as above; ``TooManyRequestsError`` for a 429.
        :raises SignInError: for a 401.
        :raises PermanentError: for another 3xx or 4xx, a harmless call's answer larger than
            ``max_bytes``, or an address that ``may_connect`` refuses (``foreign_address``).
        :raises AmbiguousError: an unsafe call was sent, and no clear answer came.
        """
        safe = method in SAFE_METHODS if is_safe is None else is_safe
        began = time.perf_counter()
        outcome = "ok"
        try:
            return self._call(
                method,
                path,
                safe,
                params=params,
                json=json,
                data=data,
                files=files,
                headers=headers,
            )
        except OutsideError as error:
            outcome = error.outcome
            raise
        finally:
            CALLS.labels(system=self.name, outcome=outcome).inc()
            DURATION.labels(system=self.name).observe(time.perf_counter() - began)

    def close(self) -> None:
        self._session.close()

    def _call(self, method: str, path: str, is_safe: bool, **parts: Any) -> OutsideResponse:
        try:
            with self._session.request(
                method,
                self._base_url + path,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
                **parts,
            ) as response:
                body = self._read(response, is_safe=is_safe)
        except AddressRefusedError:
            raise PermanentError(self.name, status=0, code=FOREIGN_ADDRESS, text="") from None
        # The chain is cut: the texts of requests hold the whole address.
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidHeader) as error:
            raise PermanentError(
                self.name, status=0, code="bad_request", text=type(error).__name__
            ) from None
        except requests.RequestException as error:
            if not _may_have_been_sent(error):
                raise TransientError(self.name, "no connection") from None
            raise _unclear(self.name, type(error).__name__, is_safe=is_safe) from None
        self._check(response, body, is_safe=is_safe)
        return OutsideResponse(self.name, response.status_code, response.headers, body, is_safe)

    def _read(self, response: requests.Response, *, is_safe: bool) -> bytes:
        deadline = time.monotonic() + 2 * self._timeout[1]
        body = bytearray()
        for chunk in response.iter_content(_CHUNK_BYTES):
            body += chunk
            if len(body) > self._max_bytes:
                raise self._too_large(response, is_safe=is_safe)
            if time.monotonic() > deadline:
                raise _unclear(self.name, "the answer took too long", is_safe=is_safe)
        return bytes(body)

    def _too_large(self, response: requests.Response, *, is_safe: bool) -> OutsideError:
        if response.ok and not is_safe:
            return AmbiguousError(self.name, "the answer is too large")
        return PermanentError(self.name, status=response.status_code, code="too_large", text="")

    def _check(self, response: requests.Response, body: bytes, *, is_safe: bool) -> None:
        status = response.status_code
        if status < 300:
            return
        if status == 429:
            raise TooManyRequestsError(
                self.name, retry_after=_seconds(response.headers.get("Retry-After", ""))
            )
        if status == 401:
            raise SignInError(self.name, "the credentials are not accepted")
        if status == 408 or status >= 500:
            raise _unclear(self.name, f"status {status}", is_safe=is_safe)
        code, text = _explain(body)
        raise PermanentError(self.name, status=status, code=code, text=text)


def _new_session(may_connect: MayConnect | None) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    retry = Retry(
        total=2,
        redirect=0,
        status_forcelist=(502, 503, 504),
        allowed_methods=SAFE_METHODS,
        backoff_factor=0.2,
        respect_retry_after_header=False,
        raise_on_status=False,
        raise_on_redirect=False,
    )
    options: dict[str, Any] = {"pool_maxsize": _POOL_SIZE, "max_retries": retry}
    adapter = GuardedAdapter(may_connect, **options) if may_connect else HTTPAdapter(**options)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _unclear(system: str, text: str, *, is_safe: bool) -> OutsideError:
    return TransientError(system, text) if is_safe else AmbiguousError(system, text)


def _may_have_been_sent(error: BaseException) -> bool:
    """Say ``False`` only where the cause proves that no byte of the request left."""
    causes: list[object] = [error]
    while causes:
        cause = causes.pop()
        if isinstance(cause, _NEVER_SENT):
            return False
        if isinstance(cause, BaseException):
            causes += [*cause.args, getattr(cause, "reason", None)]
    return True


def _seconds(retry_after: str) -> float | None:
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)


def _explain(body: bytes) -> tuple[str, str]:
    """Return the code and the text of an error answer, from the shapes that are in use."""
    try:
        document = json.loads(body)
    except ValueError:
        return "", ""
    if not isinstance(document, dict):
        return "", ""
    error = document.get("error")
    inner = error if isinstance(error, dict) else document
    code = inner.get("code") or (error if isinstance(error, str) else "")
    text = inner.get("message") or inner.get("error_description") or inner.get("description") or ""
    return redact(str(code))[:TEXT_LENGTH], redact(str(text))[:TEXT_LENGTH]
