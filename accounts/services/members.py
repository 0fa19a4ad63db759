"""Members of an organization, as other members change them. The rules are ``permissions``'."""

import uuid

from django.db import transaction

from accounts.models import Membership, User
from accounts.permissions import may_place
from accounts.selectors.locks import lock_organization
from accounts.selectors.members import fresh_membership
from accounts.services.organizations import change_member_role, remove_member
from config.lib.errors import ForbiddenError, NotFoundError


@transaction.atomic
def change_role_of(
    *, actor: User, organization_id: uuid.UUID, member_id: int, role: str
) -> Membership:
    """Give another member another role; it counts with their next request.

    :raises NotFoundError: no such organization, or not the actor's, or no such member.
    :raises ForbiddenError: the actor may not give this role or not take the one that is there, or
        it is their own.
    """
    own, theirs = _both(actor, organization_id, member_id)
    if own.pk == theirs.pk or not (may_place(own, theirs.role) and may_place(own, role)):
        raise ForbiddenError
    return change_member_role(actor=actor, membership_id=theirs.pk, role=role)


@transaction.atomic
def remove(*, actor: User, organization_id: uuid.UUID, member_id: int) -> None:
    """Take a member out, or leave: one's own place anybody may give up.

    :raises NotFoundError: no such organization, or not the actor's, or no such member.
    :raises ForbiddenError: the actor may not take this member out.
    :raises ConflictError: ``last_owner``: the organization would be left without an owner.
    """
    own, theirs = _both(actor, organization_id, member_id)
    if own.pk != theirs.pk and not may_place(own, theirs.role):
        raise ForbiddenError
    remove_member(actor=actor, membership_id=theirs.pk)


def _both(actor: User, organization_id: uuid.UUID, member_id: int) -> tuple[Membership, Membership]:
    """Return the actor's place and the other's as they are now; nobody else changes any of them."""
    fresh_membership(actor, organization_id)
    lock_organization(organization_id)
    own = fresh_membership(actor, organization_id)
    theirs = Membership.objects.filter(organization=organization_id, pk=member_id).first()
    if theirs is None:
        raise NotFoundError
    return own, theirs
