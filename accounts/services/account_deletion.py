"""Deleting an account: the person goes, what belongs to others stays.

The row itself stays without a name, because the ledger and the audit trail refer to it.
"""

import uuid
from collections.abc import Callable

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import ApiToken, LinkToken, Membership, Organization, Session, User, Wallet
from accounts.selectors.locks import lock_user
from accounts.services.api_tokens import revoke_all_tokens
from accounts.services.audit import record_audit
from accounts.services.organizations import remove_member
from accounts.services.sessions import drop_cached, revoke_all
from accounts.signals import account_deleted
from config.lib.errors import ConflictError, FieldError, InputError
from config.lib.registry import Registry

# What keeps an organization from going with its owner: told of its id, says whether it is there.
obstacles: Registry[Callable[[uuid.UUID], bool]] = Registry("obstacle to deleting")


def typed_name(user: User) -> str:
    """Return what a person types to confirm that this very account shall go."""
    return user.email or user.username or str(user.pk)


def require_typed(user: User, text: str) -> None:
    """Refuse unless a person has typed out which account shall go.

    :raises InputError: it is something else.
    """
    if text.strip().casefold() != typed_name(user).casefold():
        wrong = _("Type %(name)s to confirm.")
        message = str(wrong) % {"name": typed_name(user)}
        raise InputError(fields=[FieldError("confirm", "mismatch", message)])


def delete_account(user: User) -> None:
    """Take a person out of everything and forget who they were.

    Sessions, tokens, links and second factors go; so do organizations in which nobody else is,
    unless something in them is still connected to the outside. Sends ``account_deleted`` after
    commit. Locks organizations, then the person.

    The caller has asked for a fresh sign-in.

    :raises ConflictError: ``transfer_first``: the person is the only owner of an organization
        with other members; ``organization_not_empty``: one of their own is still connected;
        ``wallet_not_empty``: there is money left. Nothing was changed.
    """
    with transaction.atomic():
        own = _lock_organizations(user)
        person = lock_user(user.pk)
        _refuse_if_bound(person, own)
        for membership in own:
            _leave(membership)
        _forget(person)
        transaction.on_commit(lambda: account_deleted.send_robust(sender=User, user_id=person.pk))


def _lock_organizations(user: User) -> list[Membership]:
    """Return a person's places; nobody joins or leaves their organizations meanwhile."""
    mine = Organization.objects.filter(memberships__user=user).values("pk")
    rows = Organization.objects.select_for_update(no_key=True).filter(pk__in=mine)
    list(rows.order_by("pk"))
    return list(Membership.objects.filter(user=user).select_related("organization").order_by("pk"))


def _refuse_if_bound(person: User, own: list[Membership]) -> None:
    alone = [membership.organization_id for membership in own if _is_alone(membership)]
    for membership in own:
        if membership.organization_id not in alone and _is_only_owner(membership):
            text = _("Hand over “%(name)s” to another member first.")
            name = membership.organization.name
            raise ConflictError(str(text) % {"name": name}, code="transfer_first")
    if any(is_there(pk) for pk in alone for is_there in obstacles.values()):
        raise ConflictError(
            _("Delete the bots and Avito accounts of your organizations first."),
            code="organization_not_empty",
        )
    theirs = Q(user=person) | Q(organization__in=alone)
    if Wallet.objects.filter(theirs, balance_kopecks__gt=0).exists():
        raise ConflictError(_("Spend or withdraw your money first."), code="wallet_not_empty")


def _others(membership: Membership) -> QuerySet[Membership]:
    return Membership.objects.filter(organization=membership.organization_id).exclude(
        pk=membership.pk
    )


def _is_alone(membership: Membership) -> bool:
    return not membership.organization.is_installation and not _others(membership).exists()


def _is_only_owner(membership: Membership) -> bool:
    if membership.role != Membership.Role.OWNER:
        return False
    return not _others(membership).filter(role=Membership.Role.OWNER).exists()


def _leave(membership: Membership) -> None:
    if not _is_alone(membership):
        remove_member(actor=membership.user, membership_id=membership.pk)
        return
    organization = membership.organization
    wallet = Wallet.objects.filter(organization=organization).first()
    if wallet is None or not (wallet.debits.exists() or wallet.credits.exists()):
        Wallet.objects.filter(organization=organization).delete()
        organization.delete()
        return
    # Its transfers stay, so it does too, without a name and without anybody in it.
    membership.delete()
    organization.name = "—"
    organization.save(update_fields=["name"])


def _forget(person: User) -> None:
    record_audit(actor=person, action="user.deleted", target=f"user:{person.pk}")
    drop_cached([person.pk])
    revoke_all(user_id=person.pk, reason="deleted")
    revoke_all_tokens(user_id=person.pk)
    for model in (Session, ApiToken, LinkToken, TOTPDevice, StaticDevice):
        model._default_manager.filter(user=person).delete()
    # No one can register a name with a colon in it.
    person.username = f"deleted:{person.pk}"
    person.email, person.telegram_id = None, None
    person.telegram_username = person.first_name = person.last_name = person.lang_code = ""
    person.role, person.is_superuser = User.Role.USER, False
    person.is_active = person.is_verified = False
    person.token_version += 1
    person.set_unusable_password()
    person.save()
