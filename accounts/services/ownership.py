"""Handing an organization over."""

import uuid

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, User
from accounts.selectors.locks import lock_organization
from accounts.selectors.members import fresh_membership
from accounts.services.audit import record_audit
from accounts.services.sessions import drop_cached
from accounts.services.step_up import require_fresh
from config.lib.errors import ConflictError, ForbiddenError, NotFoundError


@transaction.atomic
def transfer_ownership(
    *,
    actor: User,
    session_id: uuid.UUID | None,
    organization_id: uuid.UUID,
    member_id: int,
) -> Membership:
    """Make another member the owner and the actor an admin, both at once.

    :param session_id: the actor's, which must have shown a credential within ten minutes.
    :returns: the new owner's place.
    :raises NotFoundError: no such organization, or not the actor's, or no such member, or
        one who is banned.
    :raises ForbiddenError: the actor is no owner; ``reauthentication_required``: the session has
        shown no credential of late.
    :raises ConflictError: ``already_owner``: that member is one; nothing is changed.
    """
    fresh_membership(actor, organization_id)
    organization = lock_organization(organization_id)
    own = fresh_membership(actor, organization_id)
    if own.role != Membership.Role.OWNER:
        raise ForbiddenError
    require_fresh(session_id)
    active = Membership.objects.filter(organization=organization, user__is_active=True)
    heir = active.filter(pk=member_id).first()
    if heir is None:
        raise NotFoundError
    if heir.role == Membership.Role.OWNER:
        raise ConflictError(_("This member is an owner already."), code="already_owner")
    heir.role, own.role = Membership.Role.OWNER, Membership.Role.ADMIN
    heir.save(update_fields=["role"])
    own.save(update_fields=["role"])
    record_audit(
        actor=actor,
        action="organization.transferred",
        target=f"user:{heir.user_id}",
        organization=organization,
        details={"from": actor.pk, "to": heir.user_id},
    )
    drop_cached([actor.pk, heir.user_id])
    return heir
