"""What a person may change about themselves, and what staff may change about a person."""

import zoneinfo
from collections.abc import Callable, Collection, Mapping, Sequence

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.selectors.locks import lock_user
from accounts.services.audit import record_audit
from accounts.services.bot_sessions import end_outgrown_sessions
from accounts.services.sessions import drop_cached, revoke_all
from config.lib.errors import FieldError, ForbiddenError, InputError

MAX_NAME_LENGTH = 128
PROFILE_FIELDS = ("first_name", "last_name", "lang_code", "timezone", "theme")


@transaction.atomic
def update_profile(*, user: User, changes: Mapping[str, str]) -> User:
    """Change what a person says about themselves; it counts with their next request.

    :param changes: any of ``PROFILE_FIELDS``.
    :raises InputError: a name is too long, or a language, time zone or theme is unknown.
    """
    person = lock_user(user.pk)
    cleaned = {name: value.strip() for name, value in changes.items() if name in PROFILE_FIELDS}
    errors = [error for name, value in cleaned.items() for error in _errors(name, value)]
    if errors:
        raise InputError(fields=errors)
    for name, value in cleaned.items():
        setattr(person, name, value)
        setattr(user, name, value)
    person.save(update_fields=list(cleaned))
    drop_cached([person.pk])
    return person


@transaction.atomic
def edit_person(*, actor: User, user: User, fields: Sequence[str]) -> None:
    """Save what staff has changed on a person's card.

    :param user: the instance that holds the new values.
    :param fields: the names of what was changed; their values are not audited.
    """
    lock_user(user.pk)
    user.save(update_fields=list(fields))
    record_audit(
        actor=actor,
        action="user.edited",
        target=f"user:{user.pk}",
        details={"fields": list(fields)},
    )
    drop_cached([user.pk])


@transaction.atomic
def change_role(*, actor: User, user_id: int, role: str) -> User:
    """Make somebody staff or not. Access tokens made before are worth nothing.

    What organizations' bots have opened for new staff ends.

    :raises ForbiddenError: the actor is no SUPERUSER, or it is their own role.
    :raises NotFoundError: there is no such person.
    """
    if actor.role != User.Role.SUPERUSER or actor.pk == user_id:
        raise ForbiddenError
    person = lock_user(user_id)
    details = {"from": person.role, "to": role}
    person.role = role
    person.is_superuser = role == User.Role.SUPERUSER
    person.token_version += 1
    person.save(update_fields=["role", "is_superuser", "token_version"])
    record_audit(actor=actor, action="user.role_changed", target=f"user:{user_id}", details=details)
    drop_cached([user_id])
    if person.is_staff:
        end_outgrown_sessions(user_id=user_id)
    return person


@transaction.atomic
def set_active(*, actor: User, user_id: int, is_active: bool) -> User:
    """Ban somebody, which ends all their sessions, or lift the ban.

    :raises ForbiddenError: the actor is no staff, it is themselves, or the person is staff and
        the actor no SUPERUSER.
    :raises NotFoundError: there is no such person.
    """
    if not actor.is_staff or actor.pk == user_id:
        raise ForbiddenError
    person = lock_user(user_id)
    if person.is_staff and actor.role != User.Role.SUPERUSER:
        raise ForbiddenError
    person.is_active = is_active
    person.token_version += 1
    person.save(update_fields=["is_active", "token_version"])
    action = "user.unbanned" if is_active else "user.banned"
    record_audit(actor=actor, action=action, target=f"user:{user_id}")
    drop_cached([user_id])
    if not is_active:
        revoke_all(user_id=user_id, reason="banned")
    return person


def _errors(name: str, value: str) -> list[FieldError]:
    if len(value) > MAX_NAME_LENGTH or "\x00" in value:
        return [FieldError(name, "max_length", _("This is too long."))]
    if name in _CHOICES and value not in _CHOICES[name]():
        return [FieldError(name, "invalid_choice", _("Choose one of the list."))]
    return []


_CHOICES: dict[str, Callable[[], Collection[str]]] = {
    "lang_code": lambda: {"", *dict(settings.LANGUAGES)},
    "timezone": zoneinfo.available_timezones,
    "theme": lambda: set(User.Theme.values),
}
