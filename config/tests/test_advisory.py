import threading

import pytest
from django.db import connection, transaction

from config.lib.advisory import lock_key, try_advisory_lock

pytestmark = pytest.mark.django_db(transaction=True)


def in_another_session(work):
    """Run ``work`` in a thread, which has a database session of its own; return its result."""
    results = []

    def run():
        try:
            results.append(work())
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return results[0]


def try_it(name="sweep"):
    with try_advisory_lock(name) as is_held:
        return is_held


def test_one_at_a_time_and_nobody_waits():
    with try_advisory_lock("sweep") as is_held:
        assert is_held
        assert in_another_session(try_it) is False
        assert in_another_session(lambda: try_it("other")) is True
    assert in_another_session(try_it) is True


def test_who_did_not_get_it_does_not_release_it():
    with try_advisory_lock("sweep"):
        in_another_session(try_it)
        assert in_another_session(try_it) is False


def test_an_error_inside_sets_it_free():
    with pytest.raises(RuntimeError), try_advisory_lock("sweep"):
        raise RuntimeError
    assert in_another_session(try_it) is True


def test_it_outlives_transactions_and_their_rollback():
    with try_advisory_lock("sweep"):
        with pytest.raises(RuntimeError), transaction.atomic():
            raise RuntimeError
        assert in_another_session(try_it) is False


def test_a_closed_connection_has_released_it():
    with try_advisory_lock("sweep"):
        connection.close()
    assert in_another_session(try_it) is True


def test_keys_fit_postgresql_and_differ():
    keys = {lock_key(f"name-{number}") for number in range(1000)}
    assert len(keys) == 1000
    assert all(-(2**63) <= key < 2**63 for key in keys)
    assert min(keys) < 0
