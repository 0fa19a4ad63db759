"""What is answered when no view answered: problem+json to programs, pages to people."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseServerError
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from config.lib.drf import problem_response
from config.lib.errors import AppError, ForbiddenError, InputError, NotFoundError
from config.lib.pages import error_page, is_api_request


class ServerFaultError(AppError):
    code = "server_error"
    status = 500


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, InputError(code="bad_request"), "errors/400.html")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, ForbiddenError(), "errors/403.html")


def csrf_failure(request: HttpRequest, reason: str = "", **_: Any) -> HttpResponse:
    """Answer a form without a valid token; the reason is for the log, not for the sender."""
    return _answer(request, ForbiddenError(code="csrf_failed"), "errors/403_csrf.html")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, NotFoundError(), "errors/404.html")


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer after a fault of ours. No context processor runs: what failed may fail again."""
    error = ServerFaultError(_("Something went wrong on our side."))
    if is_api_request(request):
        return problem_response(error)
    return HttpResponseServerError(render_to_string("errors/500.html"))


def _answer(request: HttpRequest, error: AppError, template: str) -> HttpResponse:
    if is_api_request(request):
        return problem_response(error)
    return error_page(request, template, status=error.status)
