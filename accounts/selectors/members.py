"""Who works in an organization. Fetching is the permission check."""

import uuid

from django.db.models import QuerySet

from accounts.models import Membership, User
from accounts.selectors.organizations import membership_in
from config.lib.errors import NotFoundError


def fresh_membership(user: User, organization_id: uuid.UUID) -> Membership:
    """Return the user's place in an organization as it is stored now, not as a request knew it.

    :raises NotFoundError: no such organization, or not the user's.
    """
    rows = Membership.objects.filter(user=user, organization=organization_id)
    membership = rows.select_related("organization").first()
    if membership is None:
        raise NotFoundError
    return membership


def list_members_for(actor: User, organization_id: uuid.UUID) -> QuerySet[Membership]:
    """Return the members of an organization with their people, for any member to see.

    :raises NotFoundError: no such organization, or not the actor's.
    """
    membership = membership_in(actor, organization_id)
    members = Membership.objects.filter(organization=membership.organization_id)
    return members.select_related("user")


def get_member_for(actor: User, organization_id: uuid.UUID, member_id: int) -> Membership:
    """Return one member of an organization that ``actor`` belongs to.

    :raises NotFoundError: no such organization, or not the actor's, or no such member.
    """
    member = list_members_for(actor, organization_id).filter(pk=member_id).first()
    if member is None:
        raise NotFoundError
    return member
