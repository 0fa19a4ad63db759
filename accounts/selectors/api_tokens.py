"""Programs: whose they are and what they may, from Redis or in one query.

Cached beside the sessions and dropped like them (``principal_cache``); the key of an entry comes
from the token's hash, so that a request needs no look-up to find it.
"""

import hashlib
import json
import uuid
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from accounts.models import ApiToken, User
from accounts.selectors import principal_cache
from accounts.selectors.organizations import attach_memberships, memberships_of
from accounts.selectors.principals import PERSON_COLUMNS, build_person

PREFIX = "dps_"
# "Last used" is written at most this often; a cached entry lives no longer, or it would be late.
TOUCH_SECONDS = 60

_QUERY = f"""
SELECT {PERSON_COLUMNS}, t.id::text, t.scopes::text, t.organization_id::text,
       t.last_used_at IS NULL
           OR t.last_used_at < clock_timestamp() - make_interval(secs => {TOUCH_SECONDS}),
       floor(extract(epoch FROM least(coalesce(t.expires_at, 'infinity'), clock_timestamp()
                 + make_interval(secs => {TOUCH_SECONDS})) - clock_timestamp()))
  FROM accounts_apitoken t
  JOIN accounts_user u ON u.id = t.user_id
 WHERE t.token_hash = %s
   AND t.revoked_at IS NULL
   AND (t.expires_at IS NULL OR t.expires_at > clock_timestamp())
   AND u.is_active
"""  # noqa: S608  only names of this code's own stand in it


@dataclass(frozen=True, slots=True)
class TokenPrincipal:
    """A live token of a program and the person it acts for.

    :param user: carries its memberships; of a token for one organization that one alone.
    :param is_unseen: "last used" is due to be written.
    """

    token_id: uuid.UUID
    user: User
    scopes: frozenset[str]
    is_unseen: bool = False


def hash_token(key: str) -> bytes:
    return hashlib.sha256(key.encode(errors="replace")).digest()


def cache_id(token_hash: bytes | memoryview) -> uuid.UUID:
    """Return the key of a token's entry in ``principal_cache``."""
    return uuid.UUID(bytes=bytes(token_hash)[:16])


def find_token_principal(key: str) -> TokenPrincipal | None:
    """Return who a token stands for, or ``None`` if there is none such or it has ended.

    One round trip to Redis; one query where Redis has nothing or is gone, and always inside a
    transaction.
    """
    token_hash = hash_token(key)
    entry, claim = None, None
    if not connection.in_atomic_block:
        entry, claim = principal_cache.look_up(cache_id(token_hash))
    if entry is not None:
        return _principal(entry, is_unseen=False)
    row = _read_row(token_hash)
    if row is None:
        return None
    entry, is_unseen, seconds = row
    if claim is not None:
        principal_cache.store(claim, entry, seconds=seconds)
    return _principal(entry, is_unseen=is_unseen)


def tokens_of(user: User) -> QuerySet[ApiToken]:
    """Return a person's tokens that have not been ended, the newest first, with organizations."""
    live = ApiToken.objects.filter(user=user, revoked_at__isnull=True)
    return live.select_related("organization").order_by("-created_at", "pk")


def _read_row(token_hash: bytes) -> tuple[dict[str, Any], bool, int] | None:
    with connection.cursor() as cursor:
        cursor.execute(_QUERY, [token_hash])
        row = cursor.fetchone()
    if row is None:
        return None
    user, memberships, token_id, scopes, organization_id, is_unseen, seconds = row
    entry = {
        "user": json.loads(user),
        "memberships": json.loads(memberships),
        "token": token_id,
        "scopes": json.loads(scopes),
        "organization": organization_id,
    }
    return entry, is_unseen, int(seconds)


def _principal(entry: dict[str, Any], *, is_unseen: bool) -> TokenPrincipal:
    user = build_person(entry)
    if entry["organization"] is not None:
        only = uuid.UUID(entry["organization"])
        attach_memberships(user, [m for m in memberships_of(user) if m.organization_id == only])
    return TokenPrincipal(
        uuid.UUID(entry["token"]), user, frozenset(entry["scopes"]), is_unseen=is_unseen
    )
