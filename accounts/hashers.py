"""Passwords of people who moved in from other systems, as those systems hashed them.

They can only be checked: Django renews such a hash by the first hasher of the settings as soon as
its owner signs in.
"""

import re
from typing import Any

import bcrypt
from django.contrib.auth.hashers import BCryptPasswordHasher

# All that bcrypt looks at; its library refuses more, where passlib and Node's cut it off.
BCRYPT_BYTES = 72
_BARE = re.compile(r"\$2[abxy]\$")


def with_prefix(encoded: str) -> str:
    """Return a stored hash in the form that Django knows.

    passlib and Node's bcrypt store ``$2b$12$…`` alone; Django reads the hasher's name before the
    first dollar, and lets no hasher be nameless.
    """
    return f"bcrypt${encoded}" if _BARE.match(encoded) else encoded


class MovedBcryptHasher(BCryptPasswordHasher):
    """``bcrypt$$2b$12$…`` of passwords of any length; a broken one lets nobody in."""

    def encode(self, password: str, salt: Any) -> str:
        cut = password.encode()[:BCRYPT_BYTES]
        return f"{self.algorithm}${bcrypt.hashpw(cut, salt).decode('ascii')}"

    def verify(self, password: str, encoded: str) -> bool:
        try:
            return bool(super().verify(password, encoded))
        except ValueError:
            return False
