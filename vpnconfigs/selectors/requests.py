"""Requests, as far as the asker may see them."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from config.lib.errors import NotFoundError
from vpnconfigs.models import Request, RequestMessage

# Keys of pages.
NEWEST_FIRST = ("-created_at", "id")
OLDEST_MESSAGE_FIRST = ("id",)
SORTS: dict[str, tuple[str, ...]] = {
    "-created_at": NEWEST_FIRST,
    "created_at": ("created_at", "id"),
    "-last_message_at": ("-last_message_at", "id"),
    "last_message_at": ("last_message_at", "id"),
}


def requests_of(user: User) -> QuerySet[Request]:
    """Return what a person has asked for."""
    return Request.objects.filter(user=user).select_related("tariff")


def get_request_for(actor: User, request_id: uuid.UUID) -> Request:
    """Return a request of the actor's own.

    :raises NotFoundError: there is none, or somebody else has asked.
    """
    return _get(requests_of(actor).select_related("user", "config"), request_id)


def get_request(request_id: uuid.UUID) -> Request:
    """Return anybody's request, for staff.

    :raises NotFoundError: there is none.
    """
    return _get(_all(), request_id)


def find_requests(filters: Mapping[str, Any]) -> QuerySet[Request]:
    """Return requests for staff.

    :param filters: any of ``state``, ``kind``, ``user`` (an id), ``unread``.
    """
    names = {"state": "state", "kind": "kind", "user": "user_id", "unread": "is_unread_by_staff"}
    given = {path: filters[name] for name, path in names.items() if name in filters}
    return _all().filter(**given)


def messages_of(request: Request) -> QuerySet[RequestMessage]:
    """Return the conversation about a request."""
    return request.messages.select_related("author")


def _all() -> QuerySet[Request]:
    return Request.objects.select_related("user", "tariff", "config", "decided_by")


def _get(rows: QuerySet[Request], request_id: uuid.UUID) -> Request:
    request = rows.filter(pk=request_id).first()
    if request is None:
        raise NotFoundError
    return request
