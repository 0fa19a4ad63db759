"""New people."""

import re
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.selectors.settings import get_site_settings
from accounts.services.email_links import ask_to_verify, email_errors
from accounts.services.organizations import open_organization
from accounts.services.passwords import check_new_password
from config.lib.errors import ConflictError, FieldError, ForbiddenError, InputError

# No "@": what a person types at sign-in is then either an address or a name, never both.
_USERNAME = re.compile(r"[A-Za-z0-9_.-]{3,64}")


@dataclass(frozen=True, slots=True)
class NewPerson:
    """What a person enters to register: an e-mail address, a user name, or both."""

    password: str
    email: str = ""
    username: str = ""
    first_name: str = ""
    last_name: str = ""
    lang_code: str = ""


def register(person: NewPerson, *, organization_name: str | None = None) -> User:
    """Make a user who signs in with a password, and mail them a link that proves their address.

    :param organization_name: open an organization of theirs as well; empty, it is named after
        them.
    :raises ForbiddenError: ``registration_closed``: the staff has closed registration.
    :raises InputError: neither name is given, one is malformed, or the password is weak.
    :raises ConflictError: ``email_taken`` or ``username_taken``; nothing was made.
    """
    if not get_site_settings().is_registration_open:
        raise ForbiddenError(_("Registration is closed."), code="registration_closed")
    user = _build(person)
    check_new_password(person.password, user=user)
    user.set_password(person.password)
    with transaction.atomic():
        _insert(user)
        ask_to_verify(user)
        if organization_name is not None:
            open_organization(owner=user, name=organization_name or user.display_name)
    return user


def _build(person: NewPerson) -> User:
    email, username = person.email.strip(), person.username.strip()
    errors = [*email_errors(email), *_username_errors(username)]
    if not email and not username:
        errors.append(FieldError("email", "required", _("Enter an e-mail address.")))
    if errors:
        raise InputError(fields=errors)
    return User(
        email=email or None,
        username=username or None,
        first_name=person.first_name.strip(),
        last_name=person.last_name.strip(),
        lang_code=person.lang_code,
    )


def _username_errors(username: str) -> list[FieldError]:
    if not username or _USERNAME.fullmatch(username):
        return []
    text = _("3 to 64 Latin letters, digits, dots, dashes and underscores.")
    return [FieldError("username", "invalid", text)]


def _insert(user: User) -> None:
    """Save; the unique indexes decide between rivals, not a look beforehand."""
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        if "user_email_unique" in str(error):
            text = _("This e-mail address is registered already.")
            raise ConflictError(text, code="email_taken") from None
        if "user_username_unique" in str(error):
            raise ConflictError(_("This user name is taken."), code="username_taken") from None
        raise
