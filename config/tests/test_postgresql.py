"""A kept connection to the database: alive without a question, and replaced when it has ended."""

import pytest
from django.db import close_old_connections, connection, connections

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def asked(monkeypatch):
    """Switch the checks on, as between two requests; the list grows with each ``SELECT 1``."""
    connection.ensure_connection()
    wrapper = connections["default"]
    monkeypatch.setattr(wrapper, "health_check_enabled", True)
    questions, ask = [], wrapper.is_usable
    monkeypatch.setattr(wrapper, "is_usable", lambda: questions.append(1) or ask())
    return questions


def backend():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def test_a_connection_that_stands_is_not_asked(asked):
    before = backend()
    close_old_connections()
    assert (backend(), asked) == (before, [])


def test_one_that_the_server_has_ended_is_made_anew(asked):
    before = backend()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [before])
    other.close()
    close_old_connections()

    assert backend() != before
    assert asked == [1]
