from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts.models import Session, User


def live_sessions_of(user: User) -> QuerySet[Session]:
    """Return a person's open sessions, the one seen last first."""
    return Session.objects.filter(
        user=user,
        revoked_at__isnull=True,
        expires_at__gt=Now(),
        idle_expires_at__gt=Now(),
    ).order_by("-last_seen_at", "pk")
