"""Refusals outside of DRF: a page for a person, a problem document for a program."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from config.lib.drf import problem_headers, problem_response
from config.lib.errors import AppError

# Where programs call: api.md's paths and their aliases.
_API_PATHS = (
    "/api/",
    "/auth/",
    "/bots",
    "/messages/",
    "/leads",
    "/health",
    "/metrics",
    "/openapi.json",
)


def is_api_request(request: HttpRequest) -> bool:
    """Say whether a program asks: by the path, elsewhere by asking for JSON and not for HTML."""
    accept = request.META.get("HTTP_ACCEPT", "")
    return request.path.startswith(_API_PATHS) or ("json" in accept and "text/html" not in accept)


def refusal_response(request: HttpRequest, error: AppError) -> HttpResponse:
    """Return what stands for ``error``: problem+json for a program, a page for a person."""
    if is_api_request(request):
        return problem_response(error)
    page = error_page(request, "errors/refused.html", status=error.status, error=error)
    for name, value in problem_headers(error).items():
        page[name] = value
    return page


def error_page(
    request: HttpRequest, template: str, *, status: int, **context: object
) -> HttpResponse:
    """Return a page that says what went wrong.

    A request that was refused before anybody looked who sent it gets the page of a stranger: the
    context of the other pages needs the person.
    """
    known = request if hasattr(request, "user") else None
    return HttpResponse(render_to_string(template, context, known), status=status)


class AppErrorMiddleware:
    """Turn a service's refusal into an answer with the matching status."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exc: Exception) -> HttpResponse | None:
        """Answer a refusal; anything else goes on to Django."""
        return refusal_response(request, exc) if isinstance(exc, AppError) else None
