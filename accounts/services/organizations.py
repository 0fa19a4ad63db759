"""Organizations and who belongs to them."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Organization, User
from accounts.organization_settings import write_fields
from accounts.selectors.locks import lock_membership
from accounts.selectors.organizations import get_organization_for
from accounts.services.audit import record_audit
from accounts.services.bot_sessions import end_outgrown_sessions
from accounts.services.sessions import drop_cached
from accounts.signals import organization_opened
from config.lib.errors import ConflictError, FieldError, InputError

_NAME_LENGTH = 128


@transaction.atomic
def open_organization(*, owner: User, name: str) -> Membership:
    """Make an organization with ``owner`` at its head. Sends ``organization_opened``.

    What other organizations' bots have opened for them ends.

    :raises InputError: the name is empty or longer than 128 characters.
    """
    organization = Organization.objects.create(name=_clean_name(name), timezone=owner.timezone)
    membership = Membership.objects.create(
        organization=organization, user=owner, role=Membership.Role.OWNER
    )
    record_audit(
        actor=owner,
        action="organization.opened",
        target=f"organization:{organization.pk}",
        organization=organization,
    )
    drop_cached([owner.pk])
    end_outgrown_sessions(user_id=owner.pk, organization_id=organization.pk)
    transaction.on_commit(
        lambda: organization_opened.send_robust(
            sender=Organization, organization_id=organization.pk, owner_id=owner.pk
        )
    )
    return membership


@transaction.atomic
def rename_organization(
    *, actor: User, organization_id: uuid.UUID | str, name: str
) -> Organization:
    """Give an organization another name.

    :raises NotFoundError: no such organization, or not the actor's.
    :raises ForbiddenError: the actor is a manager there.
    :raises InputError: the name is empty or longer than 128 characters.
    """
    organization = get_organization_for(actor, organization_id, can_manage=True)
    _rename(actor, organization, name)
    return organization


@transaction.atomic
def update_organization(
    *, actor: User, organization_id: uuid.UUID | str, changes: Mapping[str, Any]
) -> Organization:
    """Change an organization's name and what other apps keep of it: all of it or nothing.

    :param changes: ``name``, and fields of ``organization_settings``.
    :raises NotFoundError: no such organization, or not the actor's.
    :raises ForbiddenError: the actor is a manager there.
    :raises InputError: a value is refused; nothing is changed.
    """
    organization = get_organization_for(actor, organization_id, can_manage=True)
    if "name" in changes:
        organization = rename_organization(
            actor=actor, organization_id=organization_id, name=changes["name"]
        )
    write_fields(actor, organization, changes)
    return organization


@transaction.atomic
def rename_as_staff(*, actor: User, organization_id: uuid.UUID, name: str) -> None:
    """Give anybody's organization another name.

    :param actor: staff, which the admin has checked; audited.
    :raises InputError: the name is empty or longer than 128 characters.
    """
    _rename(actor, Organization.objects.get(pk=organization_id), name)


@transaction.atomic
def add_member(
    *, actor: User | None, organization: Organization, user: User, role: str
) -> Membership:
    """Take somebody into an organization; a member already keeps their role.

    What other organizations' bots have opened for them ends.

    :param actor: who is audited; the caller has checked that they may.
    """
    membership, is_new = Membership.objects.get_or_create(
        organization=organization, user=user, defaults={"role": role}
    )
    if is_new:
        _audit_member(actor, "member.added", membership, {"role": role})
        drop_cached([user.pk])
        end_outgrown_sessions(user_id=user.pk, organization_id=organization.pk)
    return membership


def _rename(actor: User, organization: Organization, name: str) -> None:
    details = {"from": organization.name}
    organization.name = _clean_name(name)
    organization.save(update_fields=["name"])
    record_audit(
        actor=actor,
        action="organization.renamed",
        target=f"organization:{organization.pk}",
        organization=organization,
        details=details,
    )
    drop_cached(_member_ids(organization.pk))


@transaction.atomic
def change_member_role(*, actor: User | None, membership_id: int, role: str) -> Membership:
    """Give a member another role; it counts with the member's next request.

    :param actor: who is audited; the caller has checked that they may.
    :raises NotFoundError: there is no such membership.
    :raises ConflictError: ``last_owner``: the organization would be left without an owner.
    """
    membership = lock_membership(membership_id)
    _keep_an_owner(membership, becomes=role)
    details = {"from": membership.role, "to": role}
    membership.role = role
    membership.save(update_fields=["role"])
    _audit_member(actor, "member.role_changed", membership, details)
    drop_cached([membership.user_id])
    return membership


@transaction.atomic
def remove_member(*, actor: User | None, membership_id: int) -> None:
    """Take a member out of an organization, at once.

    :param actor: who is audited; the caller has checked that they may.
    :raises NotFoundError: there is no such membership.
    :raises ConflictError: ``last_owner``: the organization would be left without an owner.
    """
    membership = lock_membership(membership_id)
    _keep_an_owner(membership, becomes=None)
    _audit_member(actor, "member.removed", membership, {"role": membership.role})
    drop_cached([membership.user_id])
    membership.delete()


def _keep_an_owner(membership: Membership, *, becomes: str | None) -> None:
    """The organization's row is locked, so two owners cannot leave at the same time."""
    owner = Membership.Role.OWNER
    if membership.role != owner or becomes == owner:
        return
    others = Membership.objects.filter(organization=membership.organization, role=owner)
    if not others.exclude(pk=membership.pk).exists():
        raise ConflictError(_("An organization needs an owner."), code="last_owner")


def _audit_member(
    actor: User | None, action: str, membership: Membership, details: dict[str, str]
) -> None:
    record_audit(
        actor=actor,
        action=action,
        target=f"user:{membership.user_id}",
        organization=membership.organization,
        details=details,
    )


def _member_ids(organization_id: uuid.UUID) -> list[int]:
    members = Membership.objects.filter(organization=organization_id)
    return list(members.values_list("user_id", flat=True))


def _clean_name(name: str) -> str:
    cleaned = " ".join(name.replace("\x00", "").split())
    if not cleaned or len(cleaned) > _NAME_LENGTH:
        raise InputError(
            fields=[FieldError("name", "invalid", _("Enter a name of up to 128 characters."))]
        )
    return cleaned
