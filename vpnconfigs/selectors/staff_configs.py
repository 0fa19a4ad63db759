"""Configs as staff find them: filtered, sorted, a page in two queries."""

import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from config.lib.prepared import fetch_prepared
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
# In the order of ``StaffRow``.
_ROWS = """
SELECT config.id, config.name, config.protocol, config.state, config.email, config.is_trial,
       config.is_adopted, config.valid_from, config.valid_to, config.traffic_limit_bytes,
       config.used_up_bytes + config.used_down_bytes, config.is_online, config.last_online_at,
       config.suspended_reason, config.revision = config.synced_revision, config.sync_error_code,
       config.created_at, tariff.code, config.inbound_id, panel.id, panel.name, panel.country,
       person.id, person.email, person.username, person.first_name, person.last_name,
       person.telegram_username
  FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY wanted (id, place)
  JOIN vpnconfigs_config config ON config.id = wanted.id
  LEFT JOIN vpnconfigs_tariff tariff ON tariff.id = config.tariff_id
  LEFT JOIN vpnconfigs_inbound inbound ON inbound.id = config.inbound_id
  LEFT JOIN vpnconfigs_panel panel ON panel.id = inbound.panel_id
  LEFT JOIN accounts_user person ON person.id = config.user_id
 ORDER BY wanted.place
"""


class StaffRow(NamedTuple):
    """A config as staff see it, with whose it is and where."""

    id: uuid.UUID
    name: str
    protocol: str
    state: str
    email: str
    is_trial: bool
    is_adopted: bool
    valid_from: datetime | None
    valid_to: datetime | None
    traffic_limit_bytes: int
    used_bytes: int
    is_online: bool
    last_online_at: datetime | None
    suspended_reason: str
    is_synced: bool
    sync_error_code: str
    created_at: datetime
    tariff_code: str | None
    inbound_id: int | None
    panel_id: uuid.UUID | None
    panel_name: str | None
    panel_country: str | None
    user_id: int | None
    user_email: str | None
    username: str | None
    first_name: str | None
    last_name: str | None
    telegram_username: str | None


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


def list_keys(filters: Mapping[str, Any], *, sort: str) -> QuerySet[Any]:
    """Return the same as rows of what ``SORTS[sort]`` names; callers order by it.

    What a list shows is then read by ``get_rows``: that statement is prepared, and this one, which
    differs by its filters, is short.
    """
    rows = find_configs(filters)
    if sort.endswith("valid_to"):
        rows = rows.annotate(sorted_end=Coalesce("valid_to", Value(LAST_MOMENT)))
    elif sort.endswith("used"):
        rows = rows.annotate(sorted_used=F("used_up_bytes") + F("used_down_bytes"))
    names = (name.removeprefix("-") for name in SORTS[sort])
    return rows.values_list(*names, named=True)


def get_rows(config_ids: Sequence[uuid.UUID]) -> list[StaffRow]:
    """Return configs in the order of their ids, deleted or not, without those that are none."""
    if not config_ids:
        return []
    return [StaffRow._make(row) for row in fetch_prepared(_ROWS, {"ids": list(config_ids)})]


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
