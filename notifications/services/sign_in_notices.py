"""Telling people of sign-ins that they may not have made themselves."""

from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from accounts.models import Session
from notifications.services.notifying import notify

SIGNED_IN = "accounts.signed_in"
# The task that calls ``tell_of_sign_in``.
TELL = "notifications.tell_of_sign_in"
LIFE = timedelta(days=1)


def tell_of_sign_in(*, user_id: int, session_id: UUID | str) -> None:
    """Tell a person of a sign-in from a device that was not seen before, the first one aside."""
    session = Session.objects.select_related("user").filter(pk=session_id, user=user_id).first()
    if session is None:
        return
    earlier = Session.objects.filter(user=user_id, created_at__lt=session.created_at)
    devices = set(earlier.values_list("device", flat=True))
    if not devices or session.device in devices:
        return
    notify(
        kind=SIGNED_IN,
        recipient=session.user,
        context={"device": session.device, "ip": session.ip or ""},
        dedup_key=f"{SIGNED_IN}:{session.pk}",
        expires_at=timezone.now() + LIFE,
    )
