"""What staff does to people. A SUPERUSER makes staff and touches staff; nobody changes himself."""

import uuid
from dataclasses import dataclass

from django.db import transaction

from accounts.models import Session, User
from accounts.permissions import may_administer
from accounts.selectors.locks import lock_users
from accounts.services.audit import record_audit
from accounts.services.people import change_role, set_active
from accounts.services.sessions import drop_cached, revoke_all, revoke_session
from accounts.services.totp import turn_off
from config.lib.errors import ForbiddenError, NotFoundError


@dataclass(frozen=True, slots=True)
class UserChanges:
    """What shall become of a person; ``None`` leaves it as it is."""

    role: str | None = None
    is_verified: bool | None = None
    is_active: bool | None = None


@transaction.atomic
def administer(*, actor: User, user_id: int, changes: UserChanges) -> User:
    """Change a person's role, verification or ban, all or nothing; it counts at once.

    Locks both rows by ascending id, so that two superusers who unmake each other at the same
    moment do not leave the site without one.

    :raises NotFoundError: there is no such person.
    :raises ForbiddenError: the actor is no staff (any more), or it is themselves, or staff is
        made or touched by who is no SUPERUSER.
    """
    actor, person = _lock_both(actor, user_id)
    if changes.role is not None and changes.role != person.role:
        if changes.role not in User.Role.values:
            raise ForbiddenError
        change_role(actor=actor, user_id=user_id, role=changes.role)
        _end_impersonations_by(user_id)
    if changes.is_verified is not None and changes.is_verified != person.is_verified:
        _set_verified(actor, person, is_verified=changes.is_verified)
    if changes.is_active is not None and changes.is_active != person.is_active:
        set_active(actor=actor, user_id=user_id, is_active=changes.is_active)
        _end_impersonations_by(user_id)
    return User.objects.get(pk=user_id)


@transaction.atomic
def end_sessions(*, actor: User, user_id: int) -> int:
    """Sign a person out everywhere; return how many sessions ended.

    :raises NotFoundError: there is no such person.
    :raises ForbiddenError: see ``administer``.
    """
    actor, person = _lock_both(actor, user_id)
    ended = revoke_all(user_id=person.pk, reason="ended_by_staff")
    record_audit(actor=actor, action="user.signed_out", target=f"user:{person.pk}")
    return ended


@transaction.atomic
def end_session(*, actor: User, session_id: uuid.UUID) -> None:
    """End one session of somebody's.

    :raises NotFoundError: there is no such session.
    :raises ForbiddenError: see ``administer``.
    """
    user_id = Session.objects.filter(pk=session_id).values_list("user_id", flat=True).first()
    if user_id is None:
        raise NotFoundError
    actor, _person = _lock_both(actor, user_id)
    if revoke_session(session_id=session_id, reason="ended_by_staff"):
        record_audit(actor=actor, action="session.ended_by_staff", target=f"session:{session_id}")


@transaction.atomic
def take_second_factor_away(*, actor: User, user_id: int) -> None:
    """Let somebody in without a code again, who has lost what makes it; they are told.

    :raises NotFoundError: there is no such person, or no second factor.
    :raises ForbiddenError: the actor is no SUPERUSER, or it is themselves: they show a code first.
    """
    actor, person = _lock_both(actor, user_id)
    if actor.role != User.Role.SUPERUSER:
        raise ForbiddenError
    turn_off(actor=actor, user=person)


def _lock_both(actor: User, user_id: int) -> tuple[User, User]:
    people = lock_users([actor.pk, user_id])
    now = people.get(actor.pk)
    if now is None or not now.is_active or not now.is_staff:
        raise ForbiddenError
    person = people.get(user_id)
    if person is None:
        raise NotFoundError
    if not may_administer(now, person):
        raise ForbiddenError
    return now, person


def _set_verified(actor: User, person: User, *, is_verified: bool) -> None:
    User.objects.filter(pk=person.pk).update(is_verified=is_verified)
    action = "user.verified" if is_verified else "user.unverified"
    record_audit(actor=actor, action=action, target=f"user:{person.pk}")
    drop_cached([person.pk])


def _end_impersonations_by(user_id: int) -> None:
    """Whoever is no superuser any more stops acting as others."""
    acting = Session.objects.filter(impersonator=user_id, revoked_at__isnull=True)
    for session_id in acting.values_list("pk", flat=True):
        revoke_session(session_id=session_id, reason="impersonator_changed")
