"""Requests, as far as the asker may see them."""

import uuid

from django.db.models import QuerySet

from accounts.models import User
from config.lib.errors import NotFoundError
from vpnconfigs.models import Request, RequestMessage

MOST_MESSAGES = 500


def requests_of(user: User) -> QuerySet[Request]:
    """Return what a person has asked for, the newest first."""
    rows = Request.objects.filter(user=user).select_related("tariff", "config")
    return rows.order_by("-created_at", "id")


def get_request_for(actor: User, request_id: uuid.UUID | str) -> Request:
    """Return a request of the actor's own.

    :raises NotFoundError: there is none, or somebody else has asked.
    """
    try:
        found = requests_of(actor).filter(pk=uuid.UUID(str(request_id))).first()
    except ValueError:
        found = None
    if found is None:
        raise NotFoundError
    return found


def messages_of(request: Request) -> list[RequestMessage]:
    """Return the conversation about a request, the last 500 messages, the oldest first."""
    rows = request.messages.select_related("author").order_by("-id")[:MOST_MESSAGES]
    return list(reversed(rows))
