"""Open places in organizations."""

import hashlib
import uuid

from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts.models import Invitation, User
from accounts.permissions import may_place
from accounts.selectors.members import fresh_membership
from accounts.selectors.organizations import get_organization_for
from config.lib.errors import NotFoundError


def open_invitations() -> QuerySet[Invitation]:
    """Return the invitations that nobody has accepted or withdrawn, and that have not run out."""
    return Invitation.objects.filter(
        accepted_at__isnull=True, revoked_at__isnull=True, expires_at__gt=Now()
    )


def list_invitations_for(actor: User, organization_id: uuid.UUID) -> QuerySet[Invitation]:
    """Return an organization's open invitations, for those who may make some.

    :raises NotFoundError: no such organization, or not the actor's.
    :raises ForbiddenError: the actor is a manager there.
    """
    organization = get_organization_for(actor, organization_id, can_manage=True)
    return open_invitations().filter(organization=organization).select_related("invited_by")


def get_invitation_for(
    actor: User, organization_id: uuid.UUID, invitation_id: uuid.UUID
) -> Invitation:
    """Return one open invitation of an organization, for those who may make some.

    :raises NotFoundError: no such organization, or not the actor's, or no such invitation.
    :raises ForbiddenError: the actor is a manager there.
    """
    invitation = list_invitations_for(actor, organization_id).filter(pk=invitation_id).first()
    if invitation is None:
        raise NotFoundError
    return invitation


def find_open_invitation(token: str) -> Invitation:
    """Return the invitation that a link stands for.

    It holds only as long as whoever made it could make it again.

    :raises NotFoundError: there is none, or it was accepted, withdrawn or has run out, or its
        maker has lost the right to make it. These look the same.
    """
    rows = open_invitations().select_related("organization", "invited_by")
    invitation = rows.filter(token_hash=hash_token(token)).first()
    if invitation is None or not _is_still_meant(invitation):
        raise NotFoundError
    return invitation


def hash_token(token: str) -> bytes:
    """Return what is kept of a link's token."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()


def _is_still_meant(invitation: Invitation) -> bool:
    host = invitation.invited_by
    if host is None or not host.is_active:
        return False
    try:
        membership = fresh_membership(host, invitation.organization_id)
    except NotFoundError:
        return False
    return may_place(membership, invitation.role)
