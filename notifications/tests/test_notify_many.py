"""Many told at once: one statement, each key once."""

import pytest
from django.db import transaction

from config.lib.correlation import correlated
from notifications.models import Notification
from notifications.services import notify, notify_many, register_notification
from notifications.services.kinds import kinds

KIND = "tests.many"


@pytest.fixture(autouse=True)
def _kind():
    if KIND not in kinds:
        register_notification(KIND, subject="Hello", text="Hello, %(name)s")


def row(person, key, name="a"):
    return (person.pk, {"name": name}, key)


@pytest.mark.django_db
def test_each_key_is_told_once_however_often_it_is_given(
    owner, colleague, django_assert_num_queries
):
    notify(kind=KIND, recipient=owner, context={"name": "first"}, dedup_key="k0")
    rows = [row(owner, "k0"), row(owner, "k1"), row(colleague, "k2"), row(owner, "k1", "later")]
    with correlated("one-cause"), django_assert_num_queries(3):  # a savepoint around it
        assert notify_many(kind=KIND, rows=iter(rows)) == 2
    assert notify_many(kind=KIND, rows=rows) == 0
    stored = Notification.objects.order_by("dedup_key")
    assert [(each.dedup_key, each.recipient, each.context["name"]) for each in stored] == [
        ("k0", owner, "first"),
        ("k1", owner, "a"),
        ("k2", colleague, "a"),
    ]
    assert {each.correlation_id for each in stored if each.dedup_key != "k0"} == {"one-cause"}
    assert all(each.due_at and each.state == "waiting" for each in stored)


@pytest.mark.django_db
def test_one_bell_for_all_and_none_for_nothing_new(owner, django_capture_on_commit_callbacks):
    rows = [row(owner, f"k{number}") for number in range(50)]
    with django_capture_on_commit_callbacks() as rung:
        notify_many(kind=KIND, rows=rows)
    assert len(rung) == 1
    with django_capture_on_commit_callbacks() as rung:
        notify_many(kind=KIND, rows=rows)
    assert rung == []


@pytest.mark.django_db
def test_many_are_told_with_their_cause_or_not_at_all(owner):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        notify_many(kind=KIND, rows=[row(owner, "k")])
        1 / 0  # noqa: B018
    with pytest.raises(LookupError):
        notify_many(kind="no.such", rows=[row(owner, "k")])
    assert not Notification.objects.exists()


@pytest.mark.django_db
def test_more_rows_than_one_statement_takes(owner, monkeypatch):
    monkeypatch.setattr("notifications.services.notifying.CHUNK", 3)
    rows = [row(owner, f"k{number % 7}") for number in range(10)]
    assert notify_many(kind=KIND, rows=rows) == 7
