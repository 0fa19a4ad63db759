"""Step-up: secrets, money and what cannot be undone ask for an identity proven just now."""

import uuid
from datetime import timedelta

from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import Session
from config.lib.errors import ForbiddenError

FRESH_MINUTES = 10


def require_fresh(session_id: uuid.UUID | None) -> None:
    """Refuse unless this session's person has shown a credential within ten minutes.

    :param session_id: ``None`` for who came without a session, such as a program.
    :raises ForbiddenError: ``reauthentication_required``; who acts as another person never passes.
    """
    fresh = Session.objects.filter(
        pk=session_id or uuid.UUID(int=0),
        impersonator__isnull=True,
        revoked_at__isnull=True,
        authenticated_at__gt=Now() - timedelta(minutes=FRESH_MINUTES),
    )
    if not fresh.exists():
        raise ForbiddenError(_("Please confirm that it is you."), code="reauthentication_required")


def mark_fresh(session_id: uuid.UUID) -> None:
    """Note that a session's person has shown a credential just now; the caller has checked it."""
    Session.objects.filter(pk=session_id, impersonator__isnull=True).update(authenticated_at=Now())
