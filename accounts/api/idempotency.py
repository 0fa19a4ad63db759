"""``Idempotency-Key`` on POST: a repeat gets the first answer and does nothing."""

import hashlib
import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.services.idempotency import Reservation, StoredAnswer, complete, release, reserve
from config.lib.drf import AuthedRequest
from config.lib.errors import FieldError, InputError

HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotent-Replayed"
_ROUTE_LENGTH = 200
_KEY = re.compile(r"[\x21-\x7e]{1,255}")

V = TypeVar("V", bound=APIView)
P = ParamSpec("P")
Handler = Callable[Concatenate[V, AuthedRequest, P], Response]
Work = Callable[[Reservation, Callable[[], Response]], Response]


class _FailedError(Exception):
    """Rolls the work back although the view returned: its answer is a fault."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


def idempotent(handler: Handler[V, P]) -> Handler[V, P]:
    """Make a POST handler of a signed-in view honour ``Idempotency-Key``.

    With a key the handler runs in one transaction with the storing of its answer: same body, the
    first answer again with ``Idempotent-Replayed: true``; another body, 422
    ``idempotency_key_reused``; in flight, 409 ``idempotency_in_flight``. A refusal, a fault or an
    answer from 500 on is not kept, and the key may be used again. Without a key it just runs.
    """

    return _honour(handler, _work_in_transaction)


def idempotent_outside(handler: Handler[V, P]) -> Handler[V, P]:
    """Like ``idempotent``, for a handler that calls the outside world: no transaction waits for it.

    The answer is stored after the work. A process killed between the two leaves the key in flight
    for a while; what then stops a repeat are the unique rows of the work itself.
    """
    return _honour(handler, _work_and_store)


def _honour(handler: Handler[V, P], work: Work) -> Handler[V, P]:
    @wraps(handler)
    def answer(view: V, request: AuthedRequest, /, *args: P.args, **kwargs: P.kwargs) -> Response:
        key = request.headers.get(HEADER)
        if key is None:
            return handler(view, request, *args, **kwargs)
        first = reserve(
            user=request.user, route=_route(request), key=_checked(key), body=_fingerprint(request)
        )
        if isinstance(first, StoredAnswer):
            return Response(first.body, status=first.status, headers={REPLAYED_HEADER: "true"})
        return work(first, lambda: handler(view, request, *args, **kwargs))

    return answer


def _work_and_store(reservation: Reservation, run: Callable[[], Response]) -> Response:
    try:
        response = run()
    except BaseException:
        release(reservation)
        raise
    if response.status_code >= status.HTTP_500_INTERNAL_SERVER_ERROR:
        release(reservation)
    else:
        complete(reservation, status=response.status_code, body=_plain(response.data))
    return response


def _work_in_transaction(reservation: Reservation, run: Callable[[], Response]) -> Response:
    try:
        with transaction.atomic():
            response = run()
            if response.status_code >= status.HTTP_500_INTERNAL_SERVER_ERROR:
                raise _FailedError(response)
            complete(reservation, status=response.status_code, body=_plain(response.data))
    except _FailedError as failed:
        release(reservation)
        return failed.response
    except BaseException:
        release(reservation)
        raise
    return response


def _checked(key: str) -> str:
    if not _KEY.fullmatch(key):
        text = _("1 to 255 visible ASCII characters.")
        raise InputError(fields=[FieldError(HEADER, "invalid", text)])
    return key


def _route(request: Request) -> str:
    return f"{request.method} {request.path_info.rstrip('/')}"[:_ROUTE_LENGTH]


def _fingerprint(request: Request) -> bytes:
    """Return the body in a form that does not depend on spaces, order or multipart boundaries."""
    return json.dumps(request.data, sort_keys=True, default=_stand_in).encode()


def _stand_in(value: object) -> object:
    if isinstance(value, UploadedFile):
        digest = hashlib.sha256()
        for chunk in value.chunks():
            digest.update(chunk)
        value.seek(0)
        return [value.name, digest.hexdigest()]
    return str(value)


def _plain(data: Any) -> Any:
    return json.loads(JSONRenderer().render(data)) if data is not None else None
