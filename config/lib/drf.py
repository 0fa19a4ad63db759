"""Refusals on the wire: RFC 9457 ``application/problem+json``."""

import copy
import logging
from collections.abc import Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, JsonResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.fields import empty
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.utils.encoders import JSONEncoder

from config.lib.correlation import peek_correlation_id
from config.lib.errors import AppError, FieldError, InputError, NotFoundError, RateLimitedError

if TYPE_CHECKING:
    from accounts.models import User

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"


class QuerySerializer(Serializer[Any]):
    """Reads the query of a list, which names few of the fields that it might.

    DRF copies all fields for each request; here those given, required or defaulted.
    """

    def get_fields(self) -> dict[str, Any]:
        given = getattr(self, "initial_data", None)
        if given is None:
            return super().get_fields()
        return {
            name: copy.deepcopy(field)
            for name, field in self._declared_fields.items()
            if name in given or field.required or field.default is not empty
        }


class AuthedRequest(Request):
    """A request that has passed ``IsAuthenticated``."""

    user: "User"


class JsonEncoder(JSONEncoder):
    """DRF's encoder, which looks first for what most lists are full of."""

    def default(self, obj: Any) -> Any:
        if type(obj) is UUID:
            return str(obj)
        if type(obj) is datetime:
            text = obj.isoformat()
            return f"{text[:-6]}Z" if text.endswith("+00:00") else text
        return super().default(obj)


class JsonRenderer(JSONRenderer):
    """JSON that can say whatever JSON has said to us: a refusal may quote half of a surrogate pair,
    which UTF-8 has no bytes for.
    """

    encoder_class = JsonEncoder

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        try:
            return super().render(data, accepted_media_type, renderer_context)
        except UnicodeEncodeError:
            return _EscapingRenderer().render(data, accepted_media_type, renderer_context)


class _EscapingRenderer(JSONRenderer):
    encoder_class = JsonEncoder
    ensure_ascii = True


def problem_document(error: AppError) -> dict[str, object]:
    """Return the body that stands for ``error``, in the active language."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": str(error.detail),
        "code": error.error_code,
        "request_id": peek_correlation_id(),
        "errors": [
            {"field": item.field, "code": item.code, "message": str(item.message)}
            for item in error.fields
        ],
        **error.extra,
    }


def problem_headers(error: AppError) -> dict[str, str]:
    if isinstance(error, RateLimitedError):
        return {"Retry-After": str(error.retry_after)}
    if error.status == HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": 'Bearer realm="api"'}
    return {}


def problem_response(error: AppError) -> JsonResponse:
    """Return ``error`` as a plain Django response, for views outside of DRF."""
    return JsonResponse(
        problem_document(error),
        status=error.status,
        content_type=CONTENT_TYPE,
        headers=problem_headers(error),
    )


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Answer any refusal with a problem document; leave real faults to Django."""
    error = to_app_error(exc)
    if error is None:
        return None
    return Response(
        problem_document(error),
        status=error.status,
        headers=problem_headers(error),
        content_type=CONTENT_TYPE,
    )


def to_app_error(exc: Exception) -> AppError | None:
    """Translate what DRF and Django raise into our own refusals."""
    if isinstance(exc, AppError):
        return exc
    if isinstance(exc, Http404):
        return NotFoundError()
    # A body of brackets in brackets, deeper than the JSON reader can follow.
    if isinstance(exc, RecursionError):
        return InputError()
    if isinstance(exc, PermissionDenied):
        return _with_status(403, "permission_denied", _("You may not do this."))
    if isinstance(exc, exceptions.ValidationError):
        return InputError(fields=list(_field_errors(exc.get_full_details())))
    if isinstance(exc, exceptions.APIException):
        details = exc.get_full_details()
        code = details.get("code", exc.default_code) if isinstance(details, dict) else "error"
        return _with_status(exc.status_code, str(code), str(exc.detail))
    return None


def _with_status(status: int, code: str, text: str) -> AppError:
    kind = type("HttpError", (AppError,), {"status": status, "code": code})
    error: AppError = kind(text)
    return error


def _field_errors(details: Any, path: str = "") -> Iterator[FieldError]:
    if isinstance(details, list):
        for item in details:
            yield from _field_errors(item, path)
    elif isinstance(details, dict) and set(details) == {"message", "code"}:
        yield FieldError(path or "body", details["code"], details["message"])
    elif isinstance(details, dict):
        for name, item in details.items():
            inner = "" if name == "non_field_errors" else str(name)
            yield from _field_errors(item, ".".join(filter(None, (path, inner))))
