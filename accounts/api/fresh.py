"""Step-up at the door of the API."""

import uuid

from rest_framework.request import Request

from accounts.selectors.principals import Principal
from accounts.services.step_up import require_fresh


def session_id_of(request: Request) -> uuid.UUID | None:
    """Return the caller's session, or ``None`` for a program."""
    return request.auth.session_id if isinstance(request.auth, Principal) else None


def require_fresh_caller(request: Request) -> None:
    """Refuse unless the caller has proven who they are within ten minutes.

    :raises ForbiddenError: ``reauthentication_required``.
    """
    require_fresh(session_id_of(request))
