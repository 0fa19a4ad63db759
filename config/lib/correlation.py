"""One id through everything that one cause sets in motion.

The request id names one HTTP request; the correlation id is kept on every row and in every task
that came of it, so that a message can be followed from webhook to delivery.
"""

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-ID"
_HEADER_META = "HTTP_X_REQUEST_ID"
# Not "correlation_id": a worker overwrites that header with the message's own, the task's id.
TASK_HEADER = "x_correlation_id"
MAX_LENGTH = 64
_ACCEPTED = re.compile(r"[A-Za-z0-9-]{8,64}")
_current: ContextVar[str] = ContextVar("correlation_id", default="")
_facts: ContextVar[dict[str, object] | None] = ContextVar("log_facts", default=None)


def new_correlation_id() -> str:
    return uuid.uuid4().hex


def get_correlation_id() -> str:
    """Return the id of what is going on; outside of any request or task a new one each time."""
    return _current.get() or new_correlation_id()


def peek_correlation_id() -> str:
    """Return the id of what is going on, or an empty string. For log lines."""
    return _current.get()


def note(**facts: object) -> None:
    """Put ``facts`` (``user_id``, ``tenant``) on every later log line of this request or task.

    Outside of any nothing happens: a fact that is never forgotten would end up on others' lines.
    """
    current = _facts.get()
    if current is not None:
        current.update(facts)


def peek_facts() -> dict[str, object]:
    """Return what ``note`` was told since this request or task began."""
    return _facts.get() or {}


@contextmanager
def correlated(correlation_id: str) -> Iterator[None]:
    """Run the block under ``correlation_id``; an empty one makes a new one."""
    token = _current.set(correlation_id or new_correlation_id())
    facts_token = _facts.set({})
    try:
        yield
    finally:
        _facts.reset(facts_token)
        _current.reset(token)


class RequestIdMiddleware:
    """Take ``X-Request-ID`` (8 to 64 letters, digits, dashes) or make one; answer with it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Not ``request.headers``, which would be made of all headers for this one.
        given = request.META.get(_HEADER_META, "")
        request_id = given if _ACCEPTED.fullmatch(given) else new_correlation_id()
        request.correlation_id = request_id  # type: ignore[attr-defined]
        with correlated(request_id):
            response = self.get_response(request)
        response[HEADER] = request_id
        return response
