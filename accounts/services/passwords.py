"""Passwords: checked at sign-in, judged when chosen."""

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.hashers import with_prefix
from accounts.models import User
from accounts.selectors.people import find_by_login
from config.lib.errors import FieldError, InputError, NotSignedInError

# Longer input is refused before it is hashed.
MAX_LENGTH = 256


def verify_password(*, login: str, password: str) -> User:
    """Return who signs in with these; an old hash is renewed on the way.

    An unknown login costs one hash as well, so the time of a refusal says nothing.

    :param login: e-mail address or user name.
    :raises NotSignedInError: ``invalid_credentials``: unknown, wrong, banned, or without password.
    """
    user = find_by_login(login)
    if user is None or not user.has_usable_password():
        make_password(password)
        raise invalid_credentials()
    user.password = with_prefix(user.password)
    if not user.check_password(password) or not user.is_active:
        raise invalid_credentials()
    return user


def check_new_password(password: str, *, user: User, field: str = "password") -> None:
    """Refuse a weak password.

    :param user: whose it shall be, saved or not; it must not resemble their names.
    :raises InputError: with one field error for each rule that is broken.
    """
    if len(password) > MAX_LENGTH or "\x00" in password:
        raise InputError(fields=[FieldError(field, "invalid", _("Choose another password."))])
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InputError(
            fields=[
                FieldError(field, item.code or "invalid", " ".join(item.messages))
                for item in error.error_list
            ]
        ) from None


def invalid_credentials() -> NotSignedInError:
    """Return the one refusal for every reason not to let a password in."""
    return NotSignedInError(_("Wrong login or password."), code="invalid_credentials")
