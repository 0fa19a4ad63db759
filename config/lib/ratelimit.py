"""Rate limits: every request per address, and single routes by a decorator.

django-ratelimit counts; this wrapper gives it the client's address behind our proxies, a cache
that counts in two round trips (its own way over Django's Redis cache takes three), answers in
the site's form, and lets requests through at once while Redis is gone.
"""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.conf import settings
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from django_ratelimit.core import get_usage
from rest_framework.request import Request

from config.lib.clientip import address_block, client_address
from config.lib.errors import RateLimitedError
from config.lib.pages import refusal_response
from config.lib.redis import RedisError, get_redis_at

P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)
AnyRequest = TypeVar("AnyRequest", HttpRequest, Request)
Key = Callable[[HttpRequest | Request], str]

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 60
LOST_LOG_SECONDS = 60.0
# Files are cheap; webhooks come from few addresses in bursts and carry a secret; so do VPN apps,
# thousands behind one carrier's address, and are counted by their secret; probes and Prometheus
# must get through exactly when the site is crowded.
_EXEMPT = (
    "/static/",
    "/api/webhooks/",
    "/sub/",
    "/metrics",
    "/health",
    "/api/v1/health/",
    "/api/app/v1/health",
)
_COUNT = """
local count = redis.call('INCRBY', KEYS[1], ARGV[1])
if count == tonumber(ARGV[1]) then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
return count
"""


class CounterCache(BaseCache):
    """The two calls by which django-ratelimit counts, in one round trip.

    It calls ``add``, and ``incr`` where the key was there already. Here ``add`` has counted by
    then, and the ``incr`` that follows gets that count. Django keeps one object per thread.
    """

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self._url = location
        self._counted: dict[str, int] = {}

    def add(
        self,
        key: Any,
        value: Any,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> bool:
        seconds = self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout
        name = self.make_and_validate_key(key, version)
        count = int(get_redis_at(self._url).eval(_COUNT, 1, name, value, int(seconds or 0)))
        if count == value:
            return True
        self._counted[name] = count
        return False

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        try:
            return self._counted.pop(self.make_and_validate_key(key, version))
        except KeyError:
            raise ValueError(f"Key {key!r} was not added.") from None


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of one limit a client has used."""

    policy: str
    limit: int
    window_seconds: int
    used: int
    reset_seconds: int

    @property
    def is_exceeded(self) -> bool:
        return self.used > self.limit


class AddressLimitMiddleware:
    """Refuse an address that asks more than ``DEFAULT_REQUESTS_PER_MINUTE``.

    Also answers with the ``RateLimit`` fields of every limit that was counted on the way.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        usages: list[Usage] = []
        request.rate_limits = usages  # type: ignore[attr-defined]
        response = self._refuse(request) or self.get_response(request)
        if usages:
            _describe(response, usages)
        return response

    def _refuse(self, request: HttpRequest) -> HttpResponse | None:
        if request.path_info.startswith(_EXEMPT):
            return None
        try:
            spend(
                request,
                group="default",
                rate=f"{settings.DEFAULT_REQUESTS_PER_MINUTE}/m",
                key=_by_address,
            )
        except RateLimitedError as error:
            with translation.override(translation.get_language_from_request(request)):
                return refusal_response(request, error)
        return None


def limited(
    group: str, rate: str | Callable[[], str], key: str | Key = "address"
) -> Callable[[Callable[Concatenate[AnyRequest, P], R]], Callable[Concatenate[AnyRequest, P], R]]:
    """Limit a view, Django's or DRF's; a class or method through ``method_decorator``.

    :param group: the limit's name, shown to the client; routes of one group share a count.
    :param rate: ``10/m``, ``5/30s``, ``100/h``, or a function that reads it from the settings.
    :param key: ``address``, ``user`` (the address of who is not signed in) or a function.
    """
    key_of = _KEYS[key] if isinstance(key, str) else key

    def decorate(
        view: Callable[Concatenate[AnyRequest, P], R],
    ) -> Callable[Concatenate[AnyRequest, P], R]:
        @wraps(view)
        def answer(request: AnyRequest, /, *args: P.args, **kwargs: P.kwargs) -> R:
            spend(request, group=group, rate=rate() if callable(rate) else rate, key=key_of)
            return view(request, *args, **kwargs)

        return answer

    return decorate


def spend(request: HttpRequest | Request, *, group: str, rate: str, key: Key) -> None:
    """Count one use of the limit ``group``; nothing is counted while Redis is gone.

    :raises RateLimitedError: the limit was used up before; with the seconds until it is new.
    """
    if not settings.RATE_LIMIT_ENABLED:
        return
    usage = _count(request, group=group, rate=rate, key=key)
    if usage is None:
        return
    plain = request._request if isinstance(request, Request) else request
    plain.__dict__.setdefault("rate_limits", []).append(usage)
    if usage.is_exceeded:
        raise RateLimitedError(retry_after=usage.reset_seconds)


def _count(request: HttpRequest | Request, *, group: str, rate: str, key: Key) -> Usage | None:
    try:
        usage = get_usage(
            request, group=group, key=lambda *_: key(request), rate=rate, increment=True
        )
    except RedisError as error:
        _lost.tell(error)
        return None
    if usage is None:
        return None
    return Usage(
        policy=group,
        limit=usage["limit"],
        window_seconds=_window_seconds(rate),
        used=usage["count"],
        reset_seconds=max(usage["time_left"], 1),
    )


def _window_seconds(rate: str) -> int:
    period = rate.partition("/")[2]
    return int(period[:-1] or 1) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[period[-1]]


def _by_address(request: HttpRequest | Request) -> str:
    return address_block(client_address(request))


def _by_user(request: HttpRequest | Request) -> str:
    if request.user.is_authenticated:
        return f"user:{request.user.pk}"
    return _by_address(request)


_KEYS: dict[str, Key] = {"address": _by_address, "user": _by_user}


def _describe(response: HttpResponse, usages: Iterable[Usage]) -> None:
    """Set the structured fields of draft-ietf-httpapi-ratelimit-headers."""
    response["RateLimit-Policy"] = ", ".join(
        f'"{usage.policy}";q={usage.limit};w={usage.window_seconds}' for usage in usages
    )
    response["RateLimit"] = ", ".join(
        f'"{usage.policy}";r={max(usage.limit - usage.used, 0)};t={usage.reset_seconds}'
        for usage in usages
    )


class _LostNotice:
    """Says once a minute, not once a request, that nothing is being counted."""

    def __init__(self) -> None:
        self._silent_until = 0.0

    def tell(self, error: Exception) -> None:
        if time.monotonic() >= self._silent_until:
            self._silent_until = time.monotonic() + LOST_LOG_SECONDS
            logger.warning("rate limits are not counted", extra={"error": str(error)})


_lost = _LostNotice()
