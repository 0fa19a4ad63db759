"""Invitations: a place in an organization for whoever holds the link.

A link is made of the invitation's id with a key of ours, and only its SHA-256 is kept: so it can
be put into a mail just before that leaves, and shown again to those who may invite, while the
database alone opens nothing.
"""

import base64
import uuid
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts.models import Invitation, Membership, User
from accounts.permissions import may_place
from accounts.selectors.invitations import find_open_invitation, hash_token, open_invitations
from accounts.selectors.locks import lock_organization
from accounts.selectors.members import fresh_membership
from accounts.services.audit import record_audit
from accounts.services.organizations import add_member
from accounts.signals import invitation_made
from config.lib.errors import (
    BusinessRuleError,
    ConflictError,
    FieldError,
    ForbiddenError,
    InputError,
    NotFoundError,
)

LIFE_DAYS = 7
MAX_OPEN = 50
PATH = "/invitations/"
_EMAIL_LENGTH = 254
_TOKEN_SALT = "accounts.invitation"  # noqa: S105  names the use of the key


def invitation_token(invitation: Invitation) -> str:
    """Return the secret of an invitation's link.

    :raises NotFoundError: it was made with another key, so its link cannot be told any more.
    """
    token = _derive(invitation.pk)
    if bytes(invitation.token_hash) != hash_token(token):
        raise NotFoundError
    return token


def invitation_url(invitation: Invitation) -> str:
    """Return the link that accepts an invitation.

    :raises NotFoundError: it was made with another key.
    """
    return f"{settings.SITE_URL}{PATH}{invitation_token(invitation)}"


@transaction.atomic
def invite(*, actor: User, organization_id: uuid.UUID, role: str, email: str = "") -> Invitation:
    """Offer a place for seven days. An earlier offer to the same address is withdrawn.

    Sends ``invitation_made`` where an address is given. Locks the organization.

    :param email: whom to send the link to; without it the actor hands it over.
    :raises NotFoundError: no such organization, or not the actor's.
    :raises ForbiddenError: the actor may not give this role.
    :raises InputError: the address is not one.
    :raises ConflictError: ``already_member``: who has this address works there already.
    :raises BusinessRuleError: ``too_many_invitations``: 50 are open.
    """
    fresh_membership(actor, organization_id)
    organization = lock_organization(organization_id)
    own = fresh_membership(actor, organization_id)
    if not may_place(own, role):
        raise ForbiddenError
    address = _clean_email(email)
    if address:
        _refuse_member(organization_id, address)
        _withdraw_same(organization_id, address)
    if open_invitations().filter(organization=organization).count() >= MAX_OPEN:
        text = _("Too many invitations are open. Withdraw some first.")
        raise BusinessRuleError(text, code="too_many_invitations")
    invitation = _insert(own, role=role, email=address)
    _audit(actor, "invitation.made", invitation, {"role": role, "email": address})
    if address:
        transaction.on_commit(
            lambda: invitation_made.send_robust(sender=Invitation, invitation_id=invitation.pk)
        )
    return invitation


@transaction.atomic
def withdraw(*, actor: User, organization_id: uuid.UUID, invitation_id: uuid.UUID) -> None:
    """Make an invitation's link worth nothing.

    :raises NotFoundError: no such organization, or not the actor's, or no such open invitation.
    :raises ForbiddenError: the actor could not have made it.
    """
    fresh_membership(actor, organization_id)
    lock_organization(organization_id)
    own = fresh_membership(actor, organization_id)
    rows = open_invitations().filter(organization=organization_id)
    invitation = rows.filter(pk=invitation_id).select_related("organization").first()
    if not may_place(own, Membership.Role.MANAGER):
        raise ForbiddenError
    if invitation is None:
        raise NotFoundError
    if not may_place(own, invitation.role):
        raise ForbiddenError
    Invitation.objects.filter(pk=invitation.pk).update(revoked_at=Now())
    _audit(actor, "invitation.withdrawn", invitation, {"role": invitation.role})


@transaction.atomic
def accept(*, user: User, token: str) -> Membership:
    """Take the place that a link offers; the link is then spent. Locks the organization.

    Whoever accepted it before gets the same place again.

    :raises NotFoundError: the link opens nothing, see ``find_open_invitation``.
    :raises ConflictError: ``already_member``: the user works there by another way; the link
        stays good for somebody else.
    """
    accepted = _accepted_before(user, token)
    if accepted is not None:
        return accepted
    found = find_open_invitation(token)
    lock_organization(found.organization_id)
    invitation = find_open_invitation(token)
    if Membership.objects.filter(organization=invitation.organization, user=user).exists():
        raise _already_member()
    Invitation.objects.filter(pk=invitation.pk).update(accepted_at=Now(), accepted_by=user)
    _audit(user, "invitation.accepted", invitation, {"role": invitation.role})
    return add_member(
        actor=user, organization=invitation.organization, user=user, role=invitation.role
    )


def _accepted_before(user: User, token: str) -> Membership | None:
    spent = Invitation.objects.filter(token_hash=hash_token(token), accepted_by=user).first()
    if spent is None:
        return None
    rows = Membership.objects.filter(organization=spent.organization_id, user=user)
    return rows.select_related("organization").first()


def _insert(own: Membership, *, role: str, email: str) -> Invitation:
    invitation = Invitation(
        organization=own.organization, email=email, role=role, invited_by=own.user
    )
    invitation.token_hash = hash_token(_derive(invitation.pk))
    invitation.created_at = Now()
    invitation.expires_at = Now() + timedelta(days=LIFE_DAYS)
    invitation.save(force_insert=True)
    invitation.refresh_from_db(fields=["created_at", "expires_at"])
    return invitation


def _derive(invitation_id: uuid.UUID) -> str:
    digest = salted_hmac(_TOKEN_SALT, str(invitation_id), algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _clean_email(email: str) -> str:
    address = email.strip()
    if address and not _is_email(address):
        text = _("Enter a valid e-mail address.")
        raise InputError(fields=[FieldError("email", "invalid", text)])
    return address


def _is_email(address: str) -> bool:
    try:
        validate_email(address)
    except ValidationError:
        return False
    return len(address) <= _EMAIL_LENGTH


def _refuse_member(organization_id: uuid.UUID, address: str) -> None:
    members = Membership.objects.filter(organization=organization_id)
    if members.filter(user__email__iexact=address).exists():
        raise _already_member()


def _withdraw_same(organization_id: uuid.UUID, address: str) -> None:
    same = open_invitations().filter(organization=organization_id, email__iexact=address)
    same.update(revoked_at=Now())


def _already_member() -> ConflictError:
    return ConflictError(_("They work here already."), code="already_member")


def _audit(actor: User, action: str, invitation: Invitation, details: dict[str, str]) -> None:
    record_audit(
        actor=actor,
        action=action,
        target=f"invitation:{invitation.pk}",
        organization=invitation.organization,
        details=details,
    )
