"""Telling people of sign-ins that they may not have made themselves."""

from datetime import timedelta
from uuid import UUID

from django.db.models import CharField, Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from accounts.models import Session
from notifications.models import Notification
from notifications.services.notifying import notify

SIGNED_IN = "accounts.signed_in"
# The task that calls ``tell_of_sign_in``.
TELL = "notifications.tell_of_sign_in"
LIFE = timedelta(days=1)
# What the task of a sign-in has not told within the first, its broker has lost; what is older than
# the second is no news.
PATIENCE = timedelta(seconds=30)
LOOK_BACK = timedelta(hours=6)


def tell_of_missed_sign_ins() -> int:
    """Tell of those sign-ins whose task was lost with its broker; return how many there were."""
    missed = list(_missed_sign_ins())
    for session in missed:
        tell_of_sign_in(user_id=session.user_id, session_id=session.pk)
    return len(missed)


def _missed_sign_ins() -> QuerySet[Session]:
    now = timezone.now()
    earlier = Session.objects.filter(
        user=OuterRef("user"), created_at__lt=OuterRef("created_at")
    ).order_by()
    key = Concat(Value(f"{SIGNED_IN}:"), Cast("pk", CharField()), output_field=CharField())
    recent = Session.objects.filter(
        Exists(earlier), created_at__gt=now - LOOK_BACK, created_at__lt=now - PATIENCE
    )
    strange = recent.exclude(Exists(earlier.filter(device=OuterRef("device"))))
    return strange.alias(key=key).exclude(
        Exists(Notification.objects.filter(dedup_key=OuterRef("key")))
    )


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
