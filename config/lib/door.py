"""Shorter ways to what is asked most: views behind a few middlewares instead of nineteen.

Sessions, languages, pages and the other apps' routes are most of what such a request would cost,
and it needs none of them. An app opens a door in its ``AppConfig.ready()``. Where no doors are put
up, as before Django's test client, the ordinary way answers the same: each of these routes is in
the site's own URLconf too.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.module_loading import import_string

from config.lib.registry import Registry

COUNTED = (
    "config.lib.metrics.MetricsMiddleware",
    "config.lib.correlation.RequestIdMiddleware",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Which requests go the short way, and which way that is.

    :param prefix: what their paths begin with.
    :param urlconf: the routes behind the door, each as in the site's own.
    :param middleware: what of ``MIDDLEWARE`` they pass, in its order.
    :param admits: looks at the environment of a request with the prefix; the site answers others.
    """

    prefix: str
    urlconf: str
    middleware: Sequence[str] = ()
    admits: Callable[[WSGIEnvironment], bool] | None = None


doors: Registry[Door] = Registry("door")


class DoorHandler(WSGIHandler):
    """Django's handler with a chain and routes of its own; signals and connections as ever."""

    def __init__(self, door: Door) -> None:
        self._door = door
        super().__init__()

    def load_middleware(self, is_async: bool = False) -> None:
        """Build the short chain; called once by the constructor."""
        self._view_middleware: list[Callable[..., Any]] = []
        self._template_response_middleware: list[Callable[..., Any]] = []
        self._exception_middleware: list[Callable[..., Any]] = []
        chain = convert_exception_to_response(self._route)
        for name in reversed((*COUNTED, *self._door.middleware)):
            chain = convert_exception_to_response(import_string(name)(chain))
        self._middleware_chain = chain

    def _route(self, request: HttpRequest) -> HttpResponseBase:
        request.urlconf = self._door.urlconf
        response: HttpResponseBase = self._get_response(request)  # type: ignore[attr-defined]
        # Of an answer without a length gunicorn makes chunks.
        if isinstance(response, HttpResponse):
            response.headers.setdefault("Content-Length", str(len(response.content)))
        return response


def with_doors(site: WSGIApplication) -> WSGIApplication:
    """Return ``site`` with the doors before it. Django must be set up."""
    handlers = [(door, DoorHandler(door)) for door in doors.values()]

    def choose(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        for door, handler in handlers:
            if path.startswith(door.prefix) and (door.admits is None or door.admits(environ)):
                return handler(environ, start_response)
        return site(environ, start_response)

    return choose
