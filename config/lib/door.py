"""A shorter way to the webhooks: their views behind three middlewares instead of seventeen.

Sessions, languages, pages and the other apps' routes are two thirds of what a webhook would cost,
and it needs none of them. Where this door is not put up, as in tests, the ordinary way answers
the same.
"""

from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponseBase
from django.utils.module_loading import import_string

PREFIX = "/api/webhooks/"
URLCONF = "integrations.api.webhook_urls"
MIDDLEWARE = (
    "config.lib.metrics.MetricsMiddleware",
    "config.lib.correlation.RequestIdMiddleware",
    "config.lib.routes.TrailingSlashMiddleware",
)


class DoorHandler(WSGIHandler):
    """Django's handler with a chain and routes of its own; signals and connections as ever."""

    def load_middleware(self, is_async: bool = False) -> None:
        """Build the short chain; called once by the constructor."""
        self._view_middleware: list[Callable[..., Any]] = []
        self._template_response_middleware: list[Callable[..., Any]] = []
        self._exception_middleware: list[Callable[..., Any]] = []
        chain = convert_exception_to_response(self._route)
        for name in reversed(MIDDLEWARE):
            chain = convert_exception_to_response(import_string(name)(chain))
        self._middleware_chain = chain

    def _route(self, request: HttpRequest) -> HttpResponseBase:
        request.urlconf = URLCONF
        response: HttpResponseBase = self._get_response(request)  # type: ignore[attr-defined]
        return response


def with_door(application: WSGIApplication) -> WSGIApplication:
    """Return ``application`` with the webhooks answered before it. Django must be set up."""
    door = DoorHandler()

    def choose(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        is_webhook = environ.get("PATH_INFO", "").startswith(PREFIX)
        return (door if is_webhook else application)(environ, start_response)

    return choose
