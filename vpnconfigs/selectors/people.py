"""Who is told what."""

from django.db.models import QuerySet

from accounts.models import User


def staff() -> QuerySet[User]:
    """Return those who look after the shop."""
    roles = (User.Role.ADMIN, User.Role.SUPERUSER)
    return User.objects.filter(role__in=roles, is_active=True).order_by("pk")
