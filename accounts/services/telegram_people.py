"""One account for one person in Telegram, whichever way they come."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, User
from accounts.selectors.locks import lock_user
from accounts.selectors.settings import get_site_settings
from accounts.services.organizations import open_organization
from accounts.services.sessions import drop_cached
from accounts.telegram.person import TelegramPerson
from config.lib.errors import ConflictError, FieldError, ForbiddenError, InputError

_EMAIL_LENGTH = 254
_NAME_LENGTH = 128


def find_by_telegram(telegram_id: int) -> User | None:
    return User.objects.filter(telegram_id=telegram_id).first()


@transaction.atomic
def obtain_person(person: TelegramPerson, *, email: str = "", name: str = "") -> User:
    """Return the account of a person in Telegram; make one without password if there is none.

    What the person has entered about themselves stays; only the Telegram name follows Telegram.

    :raises ForbiddenError: ``registration_closed``: there is no account and none may be made.
    :raises InputError: the e-mail address is malformed.
    :raises ConflictError: ``email_taken``: somebody else has this address; who shows it has not
        proven that it is theirs.
    """
    user = find_by_telegram(person.telegram_id)
    if user is None:
        return _make(person, email=email, name=name)
    if user.telegram_username != person.username and person.username:
        user.telegram_username = person.username
        user.save(update_fields=["telegram_username"])
        drop_cached([user.pk])
    return user


@transaction.atomic
def obtain_owner(person: TelegramPerson, *, email: str, name: str) -> User:
    """Return the account of a person in Telegram, at the head of an organization.

    Whoever belongs to an organization keeps what they have. Locks the user's row.

    :raises InputError: a new person, or one without an address, gave none.
    :raises ConflictError: ``email_taken``.
    :raises ForbiddenError: ``registration_closed``.
    """
    # Locked before the look, or two links of one person would open two organizations.
    user = lock_user(obtain_person(person, email=email, name=name).pk)
    if Membership.objects.filter(user=user).exists():
        return user
    if not user.email:
        user.email = _checked_email(email)
        if not user.email:
            text = _("Enter an e-mail address.")
            raise InputError(fields=[FieldError("email", "required", text)])
        _save(user, update_fields=["email"])
    open_organization(owner=user, name=user.display_name[:_NAME_LENGTH])
    return user


def _make(person: TelegramPerson, *, email: str, name: str) -> User:
    if not get_site_settings().is_registration_open:
        raise ForbiddenError(_("Registration is closed."), code="registration_closed")
    known_languages = dict(settings.LANGUAGES)
    user = User(
        telegram_id=person.telegram_id,
        telegram_username=person.username,
        email=_checked_email(email) or None,
        first_name=_checked_name(name) or person.first_name,
        last_name="" if name.strip() else person.last_name,
        lang_code=person.lang_code if person.lang_code in known_languages else "",
    )
    user.set_unusable_password()
    try:
        _save(user, force_insert=True)
    except IntegrityError:
        # A rival has made the same person a moment ago.
        return User.objects.get(telegram_id=person.telegram_id)
    return user


def _save(user: User, **options: Any) -> None:
    try:
        with transaction.atomic():
            user.save(**options)
    except IntegrityError as error:
        if "user_email_unique" not in str(error):
            raise
        text = _("This e-mail address is registered already.")
        raise ConflictError(text, code="email_taken") from None


def _checked_email(email: str) -> str:
    email = email.strip()
    if email and (len(email) > _EMAIL_LENGTH or not _is_email(email)):
        text = _("Enter a valid e-mail address.")
        raise InputError(fields=[FieldError("email", "invalid", text)])
    return email


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def _checked_name(name: str) -> str:
    name = " ".join(name.replace("\x00", "").split())
    if len(name) > _NAME_LENGTH:
        raise InputError(fields=[FieldError("name", "max_length", _("This is too long."))])
    return name
