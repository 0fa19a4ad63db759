"""Links that go out by mail: made, found again, spent once.

Of a link's token the database holds the SHA-256 and a random salt. The token itself is the salt
under a key of ours, so it can be made again at the moment when the mail leaves, and whoever reads
the database, the outbox or the journal finds nothing to click on.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts.models import LinkToken, User
from accounts.selectors.locks import lock_user
from accounts.services.audit import record_audit
from accounts.services.sessions import drop_cached
from accounts.signals import email_changed, link_issued
from config.lib.errors import ConflictError, FieldError, InputError, NotFoundError, RateLimitedError

Purpose = LinkToken.Purpose

LIFETIMES = {
    Purpose.VERIFY_EMAIL: timedelta(days=3),
    Purpose.CHANGE_EMAIL: timedelta(days=1),
    Purpose.RESET_PASSWORD: timedelta(hours=1),
}
# So many mails of one sort a person gets within an hour, whoever asks for them.
MAX_PER_HOUR = 5
_HOUR_SECONDS = 3600
_EMAIL_LENGTH = 254
_KEY_SALT = "accounts.link-token"


@dataclass(frozen=True, slots=True)
class SpentLink:
    """A link that has just been used, and its person, locked."""

    link: LinkToken
    user: User


def token_of(link: LinkToken) -> str:
    """Return the token of a link that ``issue_link`` made, to be put into a mail."""
    return _derive(link.purpose, link.data["salt"])


def issue_link(*, purpose: LinkToken.Purpose, user: User | None, data: dict[str, Any]) -> LinkToken:
    """Make a link; earlier ones of this sort stop working. Sends ``link_issued`` after commit.

    :param user: ``None`` for a link that nobody will get: who asks in vain must wait as long.
    :raises RateLimitedError: this person has got too many within the hour.
    """
    if user is not None:
        _retire_earlier(purpose, user)
    salt = secrets.token_urlsafe(24)
    link: LinkToken = LinkToken.objects.create(
        purpose=purpose,
        token_hash=_hash(_derive(purpose, salt)),
        user=user,
        data={**data, "salt": salt},
        created_at=Now(),
        expires_at=Now() + LIFETIMES[purpose],
    )
    transaction.on_commit(lambda: link_issued.send_robust(sender=LinkToken, link_id=link.pk))
    return link


def find_link(*, purpose: LinkToken.Purpose, token: str) -> LinkToken:
    """Return an open link without spending it.

    :raises InputError: ``link_invalid``: unknown, used, or too old.
    """
    found = _open_links(purpose, token).select_related("user").first()
    if found is None or found.user is None or not found.user.is_active:
        raise _link_invalid()
    return found


def spend_link(*, purpose: LinkToken.Purpose, token: str) -> SpentLink:
    """Use a link up, in the caller's transaction; of rivals with the same link one gets it.

    Locks the person.

    :raises InputError: ``link_invalid``: unknown, used, or too old.
    """
    found = find_link(purpose=purpose, token=token)
    user = lock_user(found.user_id or 0)
    if not _open_links(purpose, token).update(used_at=Now()):
        raise _link_invalid()
    return SpentLink(found, user)


@transaction.atomic
def ask_to_verify(user: User) -> None:
    """Mail a person the link that proves their address; nothing if it is proven or absent.

    :raises RateLimitedError: this person has got too many within the hour.
    """
    if user.email and not user.is_verified:
        issue_link(purpose=Purpose.VERIFY_EMAIL, user=user, data={"email": user.email})


@transaction.atomic
def verify_email(token: str) -> User:
    """Note that the address of a link's person is theirs.

    :raises InputError: ``link_invalid``: unknown, used, too old, or for an address left since.
    """
    spent = spend_link(purpose=Purpose.VERIFY_EMAIL, token=token)
    if spent.user.email != spent.link.data["email"]:
        raise _link_invalid()
    spent.user.is_verified = True
    spent.user.save(update_fields=["is_verified"])
    record_audit(actor=spent.user, action="user.email_verified", target=f"user:{spent.user.pk}")
    drop_cached([spent.user.pk])
    return spent.user


@transaction.atomic
def ask_to_change(*, user: User, email: str) -> None:
    """Mail a link to a new address; the old one stays until it is used.

    The caller has asked for a fresh sign-in.

    :raises InputError: this is no address.
    :raises ConflictError: ``email_taken``: somebody has it already.
    :raises RateLimitedError: this person has asked too often within the hour.
    """
    wanted = email.strip()
    if errors := email_errors(wanted) or _absence_errors(wanted):
        raise InputError(fields=errors)
    if User.objects.filter(email__iexact=wanted).exists():
        raise _email_taken()
    data = {"email": wanted, "old": user.email or ""}
    issue_link(purpose=Purpose.CHANGE_EMAIL, user=user, data=data)
    record_audit(actor=user, action="user.email_change_asked", target=f"user:{user.pk}")


@transaction.atomic
def change_email(token: str) -> User:
    """Give a link's person the address that the link was mailed to.

    Links to the old address stop working. Sends ``email_changed`` after commit.

    :raises InputError: ``link_invalid``: unknown, used, or too old.
    :raises ConflictError: ``email_taken``: somebody got it in the meantime; nothing has changed.
    """
    spent = spend_link(purpose=Purpose.CHANGE_EMAIL, token=token)
    user, link_id = spent.user, spent.link.pk
    user.email, user.is_verified = spent.link.data["email"], True
    try:
        with transaction.atomic():
            user.save(update_fields=["email", "is_verified"])
    except IntegrityError:
        raise _email_taken() from None
    close_links(user)
    record_audit(actor=user, action="user.email_changed", target=f"user:{user.pk}")
    drop_cached([user.pk])
    transaction.on_commit(lambda: email_changed.send_robust(sender=User, link_id=link_id))
    return user


def close_links(user: User) -> None:
    """Make every open link of a person worthless."""
    LinkToken.objects.filter(user=user, used_at__isnull=True).update(used_at=Now())


@transaction.atomic
def close_link(*, actor: User, link_id: int) -> None:
    """Make one link worthless; the admin has checked that the actor may.

    :raises NotFoundError: there is none, or it was used.
    """
    if not LinkToken.objects.filter(pk=link_id, used_at__isnull=True).update(used_at=Now()):
        raise NotFoundError
    record_audit(actor=actor, action="link.closed", target=f"link:{link_id}")


def email_errors(email: str) -> list[FieldError]:
    """Return what is wrong with an address; an empty one is another's business."""
    try:
        if email:
            validate_email(email)
    except ValidationError:
        return [FieldError("email", "invalid", _("Enter a valid e-mail address."))]
    if len(email) > _EMAIL_LENGTH:
        return [FieldError("email", "max_length", _("This address is too long."))]
    return []


def _absence_errors(email: str) -> list[FieldError]:
    return [] if email else [FieldError("email", "required", _("Enter an e-mail address."))]


def _retire_earlier(purpose: LinkToken.Purpose, user: User) -> None:
    own = LinkToken.objects.filter(user=user, purpose=purpose)
    if own.filter(created_at__gt=Now() - timedelta(seconds=_HOUR_SECONDS)).count() >= MAX_PER_HOUR:
        raise RateLimitedError(retry_after=_HOUR_SECONDS)
    own.filter(used_at__isnull=True).update(used_at=Now())


def _open_links(purpose: LinkToken.Purpose, token: str) -> QuerySet[LinkToken]:
    return LinkToken.objects.filter(
        purpose=purpose, token_hash=_hash(token), used_at__isnull=True, expires_at__gt=Now()
    )


def _derive(purpose: str, salt: str) -> str:
    digest = salted_hmac(_KEY_SALT, f"{purpose}:{salt}", algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()


def _link_invalid() -> InputError:
    return InputError(
        _("This link has been used or is too old. Ask for a new one."), code="link_invalid"
    )


def _email_taken() -> ConflictError:
    return ConflictError(_("This e-mail address is registered already."), code="email_taken")
