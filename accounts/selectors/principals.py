"""Who is asking: a session's person and memberships, from Redis or in one query."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Model

from accounts.models import Membership, Organization, User
from accounts.selectors import principal_cache
from accounts.selectors.organizations import attach_memberships

M = TypeVar("M", bound=Model)

_USER_FIELDS = (
    "id",
    "email",
    "username",
    "telegram_id",
    "telegram_username",
    "first_name",
    "last_name",
    "role",
    "lang_code",
    "timezone",
    "theme",
    "is_verified",
    "is_active",
    "is_superuser",
    "token_version",
)
_ORGANIZATION_FIELDS = ("id", "name", "is_installation", "timezone")
# A session's "last seen" is written at most this often.
TOUCH_SECONDS = 300

# The columns of a query over ``accounts_user u`` from which ``build_person`` makes a person.
PERSON_COLUMNS = f"""json_build_array({", ".join(f"u.{name}" for name in _USER_FIELDS)})::text,
       (SELECT coalesce(json_agg(json_build_array(
                   m.id, m.role, {", ".join(f"o.{name}" for name in _ORGANIZATION_FIELDS)})),
               '[]'::json)::text
          FROM accounts_membership m
          JOIN accounts_organization o ON o.id = m.organization_id
         WHERE m.user_id = u.id)"""  # noqa: S608  only names of this module's own stand in it

_QUERY = f"""
SELECT {PERSON_COLUMNS},
       s.last_seen_at < clock_timestamp() - make_interval(secs => {TOUCH_SECONDS}),
       floor(extract(epoch FROM least(s.idle_expires_at, s.expires_at) - clock_timestamp()))
  FROM accounts_session s
  JOIN accounts_user u ON u.id = s.user_id
 WHERE s.id = %s
   AND s.revoked_at IS NULL
   AND s.idle_expires_at > clock_timestamp()
   AND s.expires_at > clock_timestamp()
   AND u.is_active
"""  # noqa: S608  only names of this module's own stand in it


@dataclass(frozen=True, slots=True)
class Principal:
    """A live session and its person.

    :param user: a ``User`` without password and dates (they load when asked for), which carries
        its memberships.
    :param is_unseen: "last seen" is due to be written.
    """

    session_id: uuid.UUID
    user: User
    is_unseen: bool = False

    @property
    def version(self) -> int:
        return self.user.token_version


def find_principal(session_id: uuid.UUID) -> Principal | None:
    """Return who a session stands for, or ``None`` if it has ended or its person is banned.

    One round trip to Redis; one query where Redis has nothing or is gone. An entry lives for ten
    minutes at most and is dropped as soon as the session, its user or a membership changes.
    Inside a transaction always one query: what is not committed yet must count there and must
    not be seen elsewhere.
    """
    entry, claim = None, None
    if not connection.in_atomic_block:
        entry, claim = principal_cache.look_up(session_id)
    if entry is not None:
        return _principal(session_id, entry, is_unseen=False)
    row = _read_row(session_id)
    if row is None:
        return None
    user, memberships, is_unseen, seconds = row
    entry = {"user": user, "memberships": memberships}
    if claim is not None:
        principal_cache.store(claim, entry, seconds=int(seconds))
    return _principal(session_id, entry, is_unseen=is_unseen)


def _read_row(session_id: uuid.UUID) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(_QUERY, [session_id])
        row = cursor.fetchone()
    if row is None:
        return None
    user, memberships, *others = row
    return (json.loads(user), json.loads(memberships), *others)


def build_person(entry: Mapping[str, Any]) -> User:
    """Return the person of a cached entry, who carries their memberships.

    :param entry: ``user`` and ``memberships``, each as ``PERSON_COLUMNS`` gives it, decoded.
    """
    user = _load(User, dict(zip(_USER_FIELDS, entry["user"], strict=True)))
    attach_memberships(user, [_membership(user, *item) for item in entry["memberships"]])
    return user


def _principal(session_id: uuid.UUID, entry: dict[str, Any], *, is_unseen: bool) -> Principal:
    return Principal(session_id, build_person(entry), is_unseen)


def _membership(user: User, pk: int, role: str, *organization: Any) -> Membership:
    values = dict(zip(_ORGANIZATION_FIELDS, organization, strict=True))
    values["id"] = uuid.UUID(values["id"])
    membership = _load(
        Membership,
        {"id": pk, "role": role, "organization_id": values["id"], "user_id": user.pk},
    )
    membership.organization = _load(Organization, values)
    membership.user = user
    return membership


def _load(model: type[M], values: dict[str, Any]) -> M:
    """Return a stored instance that knows only ``values``; the rest loads when asked for."""
    names = [field.attname for field in model._meta.concrete_fields if field.attname in values]
    return model.from_db("default", names, [values[name] for name in names])
