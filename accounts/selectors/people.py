"""Finding people by what they sign in with."""

from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Lower
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import User


def find_by_login(login: str) -> User | None:
    """Return who signs in as ``login``: an e-mail address or a user name, in any case.

    A user name holds no ``@``, so at most one person fits. The person knows whether there is a
    second factor, so that signing in asks no more for it.
    """
    wanted = login.strip()
    if not wanted or "\x00" in wanted:
        return None
    people = User.objects.alias(email_lower=Lower("email"), username_lower=Lower("username"))
    # Lowered by the database on both sides: its unique indexes are on LOWER(), and Python's
    # idea of lower case is another one.
    lowered = Lower(Value(wanted))
    devices = TOTPDevice.objects.filter(user=OuterRef("pk"), confirmed=True)
    known = people.annotate(has_second_factor=Exists(devices))
    return known.filter(Q(email_lower=lowered) | Q(username_lower=lowered)).first()


def find_by_email(email: str) -> User | None:
    """Return the person, not banned, whose e-mail address this is, in any case."""
    wanted = email.strip()
    if not wanted or "\x00" in wanted:
        return None
    people = User.objects.alias(email_lower=Lower("email"))
    return people.filter(email_lower=Lower(Value(wanted)), is_active=True).first()
