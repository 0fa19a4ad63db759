import base64
import json
from datetime import timedelta

import pytest
from django.test import override_settings
from django.utils import timezone

from accounts.models import AuditEvent
from config.lib.errors import InputError
from config.lib.pagination import page_document, paginate, read_page_query

NEWEST = ("-at", "-id")


@pytest.fixture
def events(db):
    """Ten events, of which each pair happened at the same moment."""
    made = [
        AuditEvent.objects.create(action=f"event-{number}", correlation_id="x")
        for number in range(10)
    ]
    start = timezone.now()
    for number, event in enumerate(made):
        AuditEvent.objects.filter(pk=event.pk).update(at=start + timedelta(seconds=number // 2))
    return list(AuditEvent.objects.order_by(*NEWEST))


def page(cursor=None, *, limit=4, order=NEWEST):
    return paginate(AuditEvent.objects.all(), order=order, cursor=cursor, limit=limit)


def walk(start=None, *, attribute="next_cursor", **how):
    """Return the rows of all pages from ``start`` on, and the last page."""
    rows, current = [], page(start, **how)
    rows += current.rows
    while cursor := getattr(current, attribute):
        current = page(cursor, **how)
        rows += current.rows
    return rows, current


def test_pages_hold_every_row_once_in_order(events):
    rows, last = walk()
    assert rows == events
    assert len(last.rows) == 2
    assert last.next_cursor is None


def test_the_way_back_leads_over_the_same_pages(events):
    _, last = walk()
    before = page(last.previous_cursor)
    assert before.rows == events[4:8]
    first = page(before.previous_cursor)
    assert first.rows == events[:4]
    assert first.previous_cursor is None
    assert page(first.next_cursor).rows == events[4:8]


def test_ascending_order_works_as_well(events):
    rows, _ = walk(order=("at", "id"), limit=3)
    assert rows == events[::-1]


def test_mixed_directions_keep_equal_keys_together(events):
    rows, _ = walk(order=("-at", "id"), limit=3)
    assert rows == sorted(events, key=lambda event: (-event.at.timestamp(), event.pk))


def test_rows_that_come_meanwhile_move_nothing(events):
    first = page()
    AuditEvent.objects.create(action="late", correlation_id="x")
    assert page(first.next_cursor).rows == events[4:8]


def test_a_full_last_page_has_no_next(events):
    assert page(limit=10).next_cursor is None
    assert page(limit=9).next_cursor is not None


def test_an_empty_list_has_no_neighbours(db):
    empty = page()
    assert (empty.rows, empty.next_cursor, empty.previous_cursor) == ([], None, None)


def test_a_page_is_one_query(events, django_assert_num_queries):
    cursor = page().next_cursor
    with django_assert_num_queries(1):
        page(cursor)


def forged(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "rubbish",
        "é",
        forged([0]),
        forged([0, 1]),
        forged([0, {"t": "never"}, 1]),
        forged([0, {"x": 1}, 1]),
        forged([0, {"t": "2026-01-01T00:00:00"}, 1]),
        forged([7, {"t": "2026-01-01T00:00:00+00:00"}, 1]),
        forged([0, [1], 1]),
        forged([0, None, 1]),
        forged({"a": 1}),
        forged([0, {"t": 5}, 1]),
        forged([0, {"t": "2026-01-01T00:00:00+00:00"}, "\x00"]),
    ],
)
def test_a_cursor_that_is_not_ours_is_refused(db, cursor):
    with pytest.raises(InputError) as raised:
        page(cursor)
    assert [field.field for field in raised.value.fields] == ["cursor"]


@pytest.mark.parametrize(
    "value", [forged([0, "not a time", 1]), forged([0, {"t": "2026-01-01T00:00:00+00:00"}, "x"])]
)
def test_a_cursor_of_another_list_is_refused(events, value):
    with pytest.raises(InputError):
        page(value)


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "1.5", "٣", "1" * 30])
def test_a_limit_out_of_range_is_refused(rf, limit):
    with pytest.raises(InputError) as raised:
        read_page_query(rf.get("/", {"limit": limit}))
    assert [field.field for field in raised.value.fields] == ["limit"]


def test_what_a_request_asks_for(rf):
    assert read_page_query(rf.get("/")) == (None, 20)
    assert read_page_query(rf.get("/", {"limit": "100", "cursor": "abc"})) == ("abc", 100)


@override_settings(ALLOWED_HOSTS=["*"])
def test_neighbours_are_whole_addresses_that_keep_the_filters(rf, events):
    request = rf.get("/api/events", {"kind": "a b", "limit": "4"})
    document = page_document(request, page(), ["rows"])
    assert document["results"] == ["rows"]
    assert document["previous"] is None
    assert document["next"].startswith("http://testserver/api/events?kind=a+b&limit=4&cursor=")
