"""Tokens of programs: made, used, ended."""

import secrets
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiToken, User
from accounts.scopes import known_scopes
from accounts.selectors import principal_cache
from accounts.selectors.api_tokens import PREFIX, TOUCH_SECONDS, cache_id, hash_token
from accounts.selectors.locks import lock_user
from accounts.selectors.organizations import membership_in
from accounts.services.audit import record_audit
from config.lib.errors import ConflictError, FieldError, InputError, NotFoundError

MAX_LIVE = 50
_NAME_LENGTH = 100
_HINT_LENGTH = 8
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token and its key, which is known here for the last time."""

    token: ApiToken
    key: str


@transaction.atomic
def create_token(
    *,
    user: User,
    name: str,
    scopes: Collection[str],
    organization_id: uuid.UUID | None = None,
    expires_at: datetime | None = None,
) -> NewToken:
    """Make a token for a program that acts for ``user``.

    The caller has asked for a fresh sign-in.

    :param scopes: such as ``dialogs:read``; see ``accounts.scopes``.
    :param organization_id: the only one it may act in; ``None``: in all of the user's.
    :param expires_at: ``None``: it lives until it is ended.
    :raises InputError: no name, an unknown scope or none, or an end that has passed.
    :raises NotFoundError: no such organization, or not the user's.
    :raises ConflictError: ``too_many_tokens``: there are 50.
    """
    wanted = sorted(set(scopes))
    if errors := _errors(name.strip(), wanted, expires_at):
        raise InputError(fields=errors)
    if organization_id is not None:
        membership_in(user, organization_id)
    lock_user(user.pk)
    if ApiToken.objects.filter(user=user, revoked_at__isnull=True).count() >= MAX_LIVE:
        raise ConflictError(_("End a token that nobody uses first."), code="too_many_tokens")
    key = PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    token = ApiToken.objects.create(
        user=user,
        organization_id=organization_id,
        name=name.strip(),
        hint=f"{key[:_HINT_LENGTH]}…",
        token_hash=hash_token(key),
        scopes=wanted,
        created_at=timezone.now(),
        expires_at=expires_at,
    )
    _record(token, actor=user, action="api_token.made")
    return NewToken(token, key)


@transaction.atomic
def revoke_token(*, actor: User, token_id: uuid.UUID) -> None:
    """End a token of the actor's own; it is refused within a second.

    :raises NotFoundError: it is somebody else's, absent, or has ended before.
    """
    if not _revoke(ApiToken.objects.filter(user=actor, pk=token_id), actor=actor):
        raise NotFoundError


@transaction.atomic
def revoke_as_staff(*, actor: User, token_id: uuid.UUID) -> None:
    """End anybody's token; the admin has checked that the actor may.

    :raises NotFoundError: it has ended before.
    """
    if not _revoke(ApiToken.objects.filter(pk=token_id), actor=actor):
        raise NotFoundError


@transaction.atomic
def revoke_all_tokens(*, user_id: int) -> int:
    """End every token of a person; return how many ended."""
    return _revoke(ApiToken.objects.filter(user_id=user_id), actor=None)


def touch_token(token_id: uuid.UUID) -> None:
    """Note that a token was just used, at most once a minute."""
    due = ApiToken.objects.filter(pk=token_id).exclude(
        last_used_at__gt=Now() - timedelta(seconds=TOUCH_SECONDS)
    )
    due.update(last_used_at=Now())


def _revoke(tokens: QuerySet[ApiToken], *, actor: User | None) -> int:
    live = tokens.filter(revoked_at__isnull=True).select_for_update(no_key=True)
    ended = list(live.order_by("pk"))
    ApiToken.objects.filter(pk__in=[token.pk for token in ended]).update(revoked_at=Now())
    for token in ended:
        _record(token, actor=actor or token.user, action="api_token.ended")
    keys = [cache_id(token.token_hash) for token in ended]
    transaction.on_commit(lambda: principal_cache.drop(keys))
    return len(ended)


def _record(token: ApiToken, *, actor: User, action: str) -> None:
    record_audit(
        actor=actor,
        action=action,
        target=f"api_token:{token.pk}",
        organization=token.organization,
        details={"name": token.name, "scopes": token.scopes},
    )


def _errors(name: str, scopes: list[str], expires_at: datetime | None) -> list[FieldError]:
    errors = []
    if not name or len(name) > _NAME_LENGTH or "\x00" in name:
        errors.append(FieldError("name", "invalid", _("Enter a name of up to 100 characters.")))
    if not scopes or not known_scopes().issuperset(scopes):
        errors.append(FieldError("scopes", "invalid", _("Choose what the program may do.")))
    if expires_at is not None and expires_at <= timezone.now():
        errors.append(FieldError("expires_at", "invalid", _("This moment has passed.")))
    return errors
