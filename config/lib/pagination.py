"""Keyset pages: a cursor holds the last row's sort key, so page 1,000 costs what page 1 does."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from config.lib.errors import FieldError, InputError

M = TypeVar("M", bound=Model)

DEFAULT_LIMIT = 20
MAX_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """One page of rows with the cursors of its neighbours; ``None`` where there is none."""

    rows: list[M]
    next_cursor: str | None
    previous_cursor: str | None


def paginate(
    queryset: QuerySet[M],
    *,
    order: Sequence[str],
    cursor: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[M]:
    """Return one page of ``queryset`` in one query.

    :param order: field names, ``-`` for descending; together unique and never null.
    :param cursor: as an earlier page gave it; nothing for the first page.
    :raises InputError: the cursor is not one of ours.
    """
    backwards, key = _decode(cursor, len(order)) if cursor else (False, None)
    directed = [_flip(name) for name in order] if backwards else list(order)
    rows_query = queryset.order_by(*directed)
    if key is not None:
        rows_query = _begin_after(rows_query, directed, key)
    rows = list(rows_query[: limit + 1])
    more = len(rows) > limit
    rows = rows[:limit]
    if backwards:
        rows.reverse()
    has_next = bool(rows) and (more or backwards)
    has_previous = bool(rows) and (more if backwards else key is not None)
    return Page(
        rows=rows,
        next_cursor=_encode(rows[-1], order, backwards=False) if has_next else None,
        previous_cursor=_encode(rows[0], order, backwards=True) if has_previous else None,
    )


def read_page_query(request: HttpRequest) -> tuple[str | None, int]:
    """Return ``(cursor, limit)`` of a request.

    :raises InputError: ``limit`` is not a whole number from 1 to 100.
    """
    given = request.GET.get("limit", "")
    if given and not (given.isascii() and given.isdigit() and 1 <= int(given) <= MAX_LIMIT):
        text = _("A whole number from 1 to %(most)s.") % {"most": MAX_LIMIT}
        raise InputError(fields=[FieldError("limit", "invalid", text)])
    return request.GET.get("cursor") or None, int(given) if given else DEFAULT_LIMIT


def page_document(request: HttpRequest, page: Page[M], results: object) -> dict[str, object]:
    """Return the wire shape of a list: ``{results, next, previous}`` with absolute addresses."""
    return {
        "results": results,
        "next": _address(request, page.next_cursor),
        "previous": _address(request, page.previous_cursor),
    }


def _address(request: HttpRequest, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    query = request.GET.dict() | {"cursor": cursor}
    return request.build_absolute_uri(f"{request.path}?{urlencode(query)}")


def _flip(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _begin_after(queryset: QuerySet[M], order: Sequence[str], key: Sequence[Any]) -> QuerySet[M]:
    try:
        return queryset.filter(_after(order, key))
    except (ValueError, TypeError, ValidationError):
        # A cursor of another list: its key does not fit these fields.
        raise _bad_cursor() from None


def _bad_cursor() -> InputError:
    return InputError(fields=[FieldError("cursor", "invalid", _("This is not a cursor."))])


def _after(order: Sequence[str], key: Sequence[Any]) -> Q:
    """Return ``(a, b) > (x, y)`` in the directions of ``order``.

    The first comparison stands alone as well, so that the planner can start at the right place
    of the index.
    """
    condition = Q()
    equal = Q()
    for name, value in zip(order, key, strict=True):
        field, operator = (name[1:], "lt") if name.startswith("-") else (name, "gt")
        condition |= equal & Q(**{f"{field}__{operator}": value})
        equal &= Q(**{field: value})
    field, operator = (order[0][1:], "lte") if order[0].startswith("-") else (order[0], "gte")
    return Q(**{f"{field}__{operator}": key[0]}) & condition


def _encode(row: Model, order: Sequence[str], *, backwards: bool) -> str:
    values = [_plain(getattr(row, name.lstrip("-"))) for name in order]
    raw = json.dumps([int(backwards), *values], separators=(",", ":"))
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return {"t": value.isoformat()}
    return value if isinstance(value, int | str) else str(value)


def _decode(cursor: str, size: int) -> tuple[bool, list[Any]]:
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        backwards, *values = json.loads(raw)
        key = [_value(item) for item in values]
    except (binascii.Error, ValueError, TypeError, KeyError):
        key = []
        backwards = 0
    if len(key) != size or backwards not in (0, 1):
        raise _bad_cursor()
    return bool(backwards), key


def _value(item: Any) -> Any:
    if isinstance(item, dict):
        moment = parse_datetime(item["t"])
        if moment is None or moment.tzinfo is None:
            raise ValueError(item)
        return moment
    if not isinstance(item, int | str) or (isinstance(item, str) and "\x00" in item):
        raise TypeError(item)
    return item
