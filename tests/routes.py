"""Every route of the site, as the resolver knows it. Tests over all routes begin here, so a route
that a later change adds is tested without anybody thinking of it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver

# The admin asks for staff before it looks anything up; a webhook's secret is its own sign-in.
NOT_WALKED = ("admin/", "static/", "api/webhooks/")


@dataclass(frozen=True)
class Route:
    """A route's pattern and the names of the objects in it."""

    pattern: str
    parameters: tuple[str, ...]

    def __str__(self) -> str:
        return self.pattern or "/"

    def path(self, values: dict[str, object]) -> str:
        """Put objects in; ``values`` maps a parameter's name to what stands in the address."""
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda m: str(values[m[1]]), self.pattern)


def all_routes() -> list[Route]:
    return [
        Route(pattern, tuple(re.findall(r"<(?:\w+:)?(\w+)>", pattern)))
        for pattern in sorted(set(_walk(get_resolver().url_patterns)))
        if not pattern.startswith(NOT_WALKED)
    ]


def _walk(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        whole = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, whole)
        else:
            yield whole
