"""Handing an organization over."""

import uuid
from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Session, User
from accounts.selectors.locks import lock_organization
from accounts.selectors.members import fresh_membership
from accounts.services.audit import record_audit
from accounts.services.sessions import drop_cached
from config.lib.errors import ConflictError, ForbiddenError, NotFoundError

FRESH_MINUTES = 10


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
    :raises ForbiddenError: the actor is no owner; ``fresh_sign_in_required``: the session has
        shown no credential of late.
    :raises ConflictError: ``already_owner``: that member is one; nothing is changed.
    """
    fresh_membership(actor, organization_id)
    organization = lock_organization(organization_id)
    own = fresh_membership(actor, organization_id)
    if own.role != Membership.Role.OWNER:
        raise ForbiddenError
    _require_fresh(actor, session_id)
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


def _require_fresh(actor: User, session_id: uuid.UUID | None) -> None:
    """Someone who acts as another person has shown no credential of that person."""
    fresh = Session.objects.filter(
        pk=session_id,
        user=actor,
        impersonator__isnull=True,
        authenticated_at__gt=Now() - timedelta(minutes=FRESH_MINUTES),
    )
    if session_id is None or not fresh.exists():
        text = _("Sign in again first: this needs a sign-in of the last ten minutes.")
        raise ForbiddenError(text, code="fresh_sign_in_required")
