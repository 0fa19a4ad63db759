"""Refusals as pages."""

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from config.lib.drf import problem_headers
from config.lib.errors import AppError

logger = logging.getLogger(__name__)


class AppErrorMiddleware:
    """Turn a service's refusal into a page with the matching status."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exc: Exception) -> HttpResponse | None:
        """Return the page of a refusal; anything else goes on to Django."""
        if not isinstance(exc, AppError):
            return None
        return render(
            request,
            "errors/refused.html",
            {"error": exc},
            status=exc.status,
            headers=problem_headers(exc),
        )
