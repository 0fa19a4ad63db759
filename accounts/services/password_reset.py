"""Passwords that are replaced: by a link in a mail, or by who knows the present one."""

import uuid

from django.db import transaction

from accounts.models import User
from accounts.selectors.locks import lock_user
from accounts.selectors.people import find_by_email
from accounts.services.api_tokens import revoke_all_tokens
from accounts.services.audit import record_audit
from accounts.services.email_links import Purpose, close_links, issue_link, spend_link
from accounts.services.lockout import forget_failures
from accounts.services.passwords import check_new_password
from accounts.services.sessions import drop_cached, revoke_all
from accounts.signals import password_changed
from config.lib.errors import RateLimitedError


def ask_for_reset(email: str) -> None:
    """Mail a link by which a new password can be set, if anybody has this address.

    What it does and how long it takes is the same for an address that nobody has.
    """
    user = find_by_email(email)
    try:
        with transaction.atomic():
            data = {"email": user.email} if user else {}
            issue_link(purpose=Purpose.RESET_PASSWORD, user=user, data=data)
    except RateLimitedError:
        return


@transaction.atomic
def reset_password(*, token: str, password: str) -> User:
    """Set the password of a link's person.

    Who resets has lost control or fears so: every session, API token and open link of theirs
    ends, access tokens made before are worth nothing, and the address counts as proven.

    :raises InputError: ``link_invalid``, or the password is weak: then the link stays good.
    """
    spent = spend_link(purpose=Purpose.RESET_PASSWORD, token=token)
    user = spent.user
    user.is_verified = user.is_verified or user.email == spent.link.data["email"]
    _replace(user, password, reason="user.password_reset")
    revoke_all(user_id=user.pk, reason="password_reset")
    revoke_all_tokens(user_id=user.pk)
    transaction.on_commit(lambda: forget_failures(user.email, user.username))
    return user


@transaction.atomic
def change_password(*, user_id: int, password: str, keep: uuid.UUID | None) -> User:
    """Set a person's password; all sessions but ``keep`` end, older access tokens with them.

    The caller has checked the present password, or asked for a fresh sign-in where there is none.

    :returns: the person with the new ``token_version``.
    :raises InputError: the password is weak.
    """
    user = lock_user(user_id)
    _replace(user, password, reason="user.password_changed")
    revoke_all(user_id=user.pk, reason="password_changed", but=keep)
    return user


def _replace(user: User, password: str, *, reason: str) -> None:
    check_new_password(password, user=user)
    user.set_password(password)
    user.token_version += 1
    user.save(update_fields=["password", "token_version", "is_verified"])
    close_links(user)
    record_audit(actor=user, action=reason, target=f"user:{user.pk}")
    drop_cached([user.pk])
    transaction.on_commit(lambda: password_changed.send_robust(sender=User, user_id=user.pk))
