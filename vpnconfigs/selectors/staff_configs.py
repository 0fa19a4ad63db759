"""Configs as staff find them: filtered, sorted, a page in one query."""

import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from vpnconfigs.models import Config
from vpnconfigs.selectors.states import LAST_MOMENT

# What the list may be sorted by, and the key of its pages: unique and never null.
SORTS: dict[str, tuple[str, ...]] = {
    "created_at": ("created_at", "id"),
    "-created_at": ("-created_at", "id"),
    "valid_to": ("sorted_end", "id"),
    "-valid_to": ("-sorted_end", "id"),
    "used": ("sorted_used", "id"),
    "-used": ("-sorted_used", "id"),
    "name": ("name", "id"),
    "-name": ("-name", "id"),
}
DEFAULT_SORT = "-created_at"
_MAX_ID = 2**63 - 1
_SEARCHED = (
    "name__icontains",
    "email__icontains",
    "user__email__icontains",
    "user__username__icontains",
    "user__telegram_username__icontains",
    "user__first_name__icontains",
    "user__last_name__icontains",
)
_COLUMNS = (
    "id",
    "name",
    "protocol",
    "state",
    "email",
    "is_trial",
    "is_adopted",
    "valid_from",
    "valid_to",
    "traffic_limit_bytes",
    "used_up_bytes",
    "used_down_bytes",
    "is_online",
    "last_online_at",
    "suspended_reason",
    "revision",
    "synced_revision",
    "sync_error_code",
    "created_at",
    "user_id",
    "user__email",
    "user__username",
    "user__first_name",
    "user__last_name",
    "user__telegram_username",
    "tariff__code",
    "inbound_id",
    "inbound__panel_id",
    "inbound__panel__name",
    "inbound__panel__country",
)


def find_configs(filters: Mapping[str, Any]) -> QuerySet[Config]:
    """Return configs for staff, those that are deleted only where they are asked for.

    :param filters: any of ``state``, ``user`` and ``panel`` (ids), ``protocol``, ``tariff`` (its
        code), ``is_synced``; and ``q``: a part of a name, of the e-mail on the panel, of what the
        person is called, or an id of the config, the person or in Telegram.
    """
    rows = Config.objects.filter(_exactly(filters))
    if "state" not in filters:
        rows = rows.exclude(state=Config.State.DELETED)
    if (is_synced := filters.get("is_synced")) is not None:
        differs = ~Q(revision=F("synced_revision"))
        rows = rows.exclude(differs) if is_synced else rows.filter(differs)
    if search := filters.get("q"):
        rows = rows.filter(matches(search))
    return rows


def list_rows(filters: Mapping[str, Any], *, sort: str) -> QuerySet[Any]:
    """Return the same as plain rows with all that a list shows; callers order by ``SORTS[sort]``.

    No instances are made: a list of staff is read often and shows little of each.
    """
    rows = find_configs(filters)
    if sort.endswith("valid_to"):
        rows = rows.annotate(sorted_end=Coalesce("valid_to", Value(LAST_MOMENT)))
        return rows.values_list(*_COLUMNS, "sorted_end", named=True)
    if sort.endswith("used"):
        rows = rows.annotate(sorted_used=F("used_up_bytes") + F("used_down_bytes"))
        return rows.values_list(*_COLUMNS, "sorted_used", named=True)
    return rows.values_list(*_COLUMNS, named=True)


def get_row(config_id: uuid.UUID) -> Any:
    """Return one config as such a row, deleted or not; ``None`` if there is none."""
    return Config.objects.filter(pk=config_id).values_list(*_COLUMNS, named=True).first()


def _exactly(filters: Mapping[str, Any]) -> Q:
    names = {
        "state": "state",
        "user": "user_id",
        "panel": "inbound__panel_id",
        "protocol": "protocol",
        "tariff": "tariff__code",
    }
    return Q(**{path: filters[name] for name, path in names.items() if name in filters})


def matches(search: str) -> Q:
    """Return what a word of a search may be: a part of a name, or a whole id."""
    word = search.strip().removeprefix("@")
    found = Q()
    for lookup in _SEARCHED:
        found |= Q(**{lookup: word})
    if word.isascii() and word.isdigit() and int(word) <= _MAX_ID:
        found |= Q(user_id=int(word)) | Q(user__telegram_id=int(word))
    with suppress(ValueError):
        found |= Q(pk=uuid.UUID(word))
    return found
