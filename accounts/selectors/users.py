"""People, as staff looks them up."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Coalesce, Lower

from accounts.models import User
from config.lib.errors import NotFoundError

# What a list may be sorted by, and the key of its pages: unique and never null.
SORTS: dict[str, tuple[str, ...]] = {
    "id": ("id",),
    "-id": ("-id",),
    "created_at": ("created_at", "id"),
    "-created_at": ("-created_at", "-id"),
    "login": ("sorted_login", "id"),
    "-login": ("-sorted_login", "-id"),
    "last_login": ("sorted_last_login", "id"),
    "-last_login": ("-sorted_last_login", "-id"),
}
DEFAULT_SORT = "-id"
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_SEARCHED = ("email", "username", "first_name", "last_name", "telegram_username")
_MAX_ID = 2**63 - 1


def list_users(*, filters: Mapping[str, Any]) -> QuerySet[User]:
    """Return people for the lists of staff; callers order by one of ``SORTS``.

    :param filters: any of ``role``, ``is_active``, ``is_verified``; and ``search``: a part of a
        name or address, or an id here or in Telegram.
    """
    exact = {
        name: filters[name] for name in ("role", "is_active", "is_verified") if name in filters
    }
    people = User.objects.filter(**exact)
    if search := filters.get("search"):
        people = people.filter(_matches(search))
    return people.annotate(
        sorted_login=Coalesce(Lower("email"), Lower("username"), Value("")),
        sorted_last_login=Coalesce("last_login", Value(_NEVER)),
    )


def get_user(user_id: int) -> User:
    """Return a person, for staff.

    :raises NotFoundError: there is no such person.
    """
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise NotFoundError
    return user


def _matches(search: str) -> Q:
    found = Q()
    for name in _SEARCHED:
        found |= Q(**{f"{name}__icontains": search.removeprefix("@")})
    if search.isascii() and search.isdigit() and int(search) <= _MAX_ID:
        found |= Q(pk=int(search)) | Q(telegram_id=int(search))
    return found
