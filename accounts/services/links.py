"""Links that work once: 256 random bits, of which only the SHA-256 is kept."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import LinkToken, User
from config.lib.errors import NotSignedInError, Text

LIFETIME = timedelta(minutes=15)
_MAX_LENGTH = 64

_USE = """
UPDATE accounts_linktoken SET used_at = clock_timestamp()
 WHERE token_hash = %(hash)s AND purpose = %(purpose)s
   AND used_at IS NULL AND expires_at > clock_timestamp()
RETURNING id
"""


class LinkRefusedError(NotSignedInError):
    """A link that opens nothing. The code is one of ``texts``."""

    texts: ClassVar[dict[str, Text]] = {
        "link_invalid": _("This link is not valid."),
        "link_expired": _("This link has expired. Please ask for a new one."),
        "link_used": _("This link has been used already. Please ask for a new one."),
    }

    def __init__(self, code: str) -> None:
        super().__init__(self.texts[code], code=code)


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link to hand over; its token is known here for the last time."""

    token: str
    expires_at: datetime

    @property
    def url(self) -> str:
        """Where a browser signs in with it."""
        return f"{settings.SITE_URL}/login?token={self.token}"


def make_link(
    *,
    purpose: str,
    user: User | None = None,
    data: Mapping[str, Any] | None = None,
    lifetime: timedelta = LIFETIME,
) -> NewLink:
    """Make a link for one purpose.

    :param purpose: one of ``LinkToken.Purpose``; the link opens nothing else.
    :param user: whom it concerns, if they are known.
    :param data: plain JSON that whoever uses the link gets back.
    """
    token = secrets.token_urlsafe(32)
    row = LinkToken(
        purpose=purpose,
        token_hash=_hash(token),
        user=user,
        data=dict(data or {}),
        created_at=Now(),
        expires_at=Now() + lifetime,
    )
    row.save(force_insert=True)
    row.refresh_from_db(fields=["expires_at"])
    return NewLink(token, row.expires_at)


def read_link(token: str, *, purpose: str) -> LinkToken:
    """Return a link that would work at this moment, and leave it as it is.

    :raises LinkRefusedError: ``link_invalid``, ``link_expired`` or ``link_used``.
    """
    links = LinkToken.objects.select_related("user").annotate(now=Now())
    row = links.filter(token_hash=_hash(token), purpose=purpose).first()
    if row is None:
        raise LinkRefusedError("link_invalid")
    if row.used_at is not None:
        raise LinkRefusedError("link_used")
    if row.expires_at <= row.now:
        raise LinkRefusedError("link_expired")
    return row


def use_link(token: str, *, purpose: str) -> LinkToken:
    """Use a link up, and return it. Of rivals one gets it; a rollback gives it back.

    Call it in the transaction of what the link is good for.

    :raises LinkRefusedError: ``link_invalid``, ``link_expired`` or ``link_used``.
    """
    with connection.cursor() as cursor:
        cursor.execute(_USE, {"hash": _hash(token), "purpose": str(purpose)})
        row = cursor.fetchone()
    if row is None:
        read_link(token, purpose=purpose)
        # Alive when looked at, so it ran out between the two statements.
        raise LinkRefusedError("link_expired")
    return LinkToken.objects.select_related("user").get(pk=row[0])


def _hash(token: str) -> bytes:
    return hashlib.sha256(token[:_MAX_LENGTH].encode(errors="replace")).digest()
