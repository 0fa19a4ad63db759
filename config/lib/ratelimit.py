"""Rate limits: every request per address, and single routes by a decorator.

The tally counts; here is who is counted (the client's address behind our proxies), the answer in
the site's form, and that requests are let through at once while Redis is gone.
"""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from rest_framework.request import Request

from config.lib.clientip import address_block, client_address
from config.lib.errors import RateLimitedError
from config.lib.pages import refusal_response
from config.lib.redis import RedisError
from config.lib.tally import Tally, window_of

P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)
AnyRequest = TypeVar("AnyRequest", HttpRequest, Request)
Key = Callable[[HttpRequest | Request], str]

logger = logging.getLogger(__name__)

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
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
tally = Tally()


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
    limit, seconds = _parse_rate(rate)
    window = window_of(group, key(request), limit=limit, seconds=seconds)
    try:
        used = tally.add(window, url=settings.RATE_LIMIT_REDIS_URL)
    except RedisError as error:
        _lost.tell(error)
        return None
    return Usage(
        policy=group,
        limit=limit,
        window_seconds=seconds,
        used=used,
        reset_seconds=max(1, window.ends_at - int(time.time())),
    )


@cache
def _parse_rate(rate: str) -> tuple[int, int]:
    """Return how many uses in how many seconds."""
    limit, _slash, period = rate.partition("/")
    return int(limit), int(period[:-1] or 1) * _UNITS[period[-1]]


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
