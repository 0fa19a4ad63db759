"""The way from a path to a view.

Both ``/x`` and ``/x/`` answer, without a redirect, which would lose the body of a POST.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import ResolverMatch, URLResolver
from django.urls.resolvers import RoutePattern

# Django's admin and static files keep the slashes they were written with.
_AS_WRITTEN = ("/admin/", "/static/")

ROUTES_KEPT = 2048


class KeptRoutes(URLResolver):
    """Routes that remember where a path led: trying hundreds of patterns costs 0.3 ms.

    Lists, pages and probes are asked under few paths; what has an id in it is tried as ever.
    """

    def __init__(self, patterns: Sequence[Any]) -> None:
        super().__init__(RoutePattern(""), patterns)
        self._find = lru_cache(maxsize=ROUTES_KEPT)(super().resolve)

    def resolve(self, path: str) -> ResolverMatch:
        """Return a path's view. What does not resolve is not remembered.

        :raises Resolver404: no pattern fits.
        """
        return self._find(path)


class TrailingSlashMiddleware:
    """Routes are declared without a slash at the end; a request's own is dropped."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if len(path) > 1 and path.endswith("/") and not path.startswith(_AS_WRITTEN):
            request.path_info = path.rstrip("/") or "/"
        return self.get_response(request)
