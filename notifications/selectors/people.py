"""Whom a notification concerns."""

import uuid

from django.db.models import QuerySet

from accounts.models import Membership, User


def owners_of(organization_id: uuid.UUID) -> QuerySet[User]:
    """Return the people who answer for an organization."""
    return User.objects.filter(
        memberships__organization=organization_id,
        memberships__role=Membership.Role.OWNER,
        is_active=True,
    )
