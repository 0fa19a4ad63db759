"""Finding people by what they sign in with."""

from django.db.models import Q, Value
from django.db.models.functions import Lower

from accounts.models import User


def find_by_login(login: str) -> User | None:
    """Return who signs in as ``login``: an e-mail address or a user name, in any case.

    A user name holds no ``@``, so at most one person fits.
    """
    wanted = login.strip()
    if not wanted or "\x00" in wanted:
        return None
    people = User.objects.alias(email_lower=Lower("email"), username_lower=Lower("username"))
    # Lowered by the database on both sides: its unique indexes are on LOWER(), and Python's
    # idea of lower case is another one.
    lowered = Lower(Value(wanted))
    return people.filter(Q(email_lower=lowered) | Q(username_lower=lowered)).first()
