import json
import time

import pytest
from celery import shared_task
from celery.app.trace import build_tracer
from celery.contrib.testing.worker import start_worker
from celery.fixups.django import DjangoFixup

from config.celery import app
from config.lib.correlation import (
    TASK_HEADER,
    correlated,
    get_correlation_id,
    note,
    peek_correlation_id,
    peek_facts,
)
from config.lib.redis import get_redis

pytestmark = pytest.mark.urls("config.tests.urls")


@shared_task(name="tests.tell")
def tell(ids, fail=False):
    ids.append(peek_correlation_id())
    if fail:
        raise ValueError("asked to")


@shared_task(name="tests.write_down")
def write_down():
    get_redis().rpush("tests:ids", peek_correlation_id())


@pytest.mark.parametrize("given", ["request-1", "0" * 64, "abcdefgh"])
def test_a_fitting_request_id_is_kept(client, given):
    answer = client.get("/api/probe/echo", headers={"X-Request-ID": given})
    assert answer["X-Request-ID"] == given
    assert answer.json()["id"] == given


@pytest.mark.parametrize(
    "given", ["", "short", "0" * 65, "with space-in-it", "line\\nbreak-x", "ы" * 9]
)
def test_another_is_replaced(client, given):
    answer = client.get("/api/probe/echo", headers={"X-Request-ID": given})
    assert answer["X-Request-ID"] != given
    assert len(answer["X-Request-ID"]) == 32


def test_nothing_is_left_after_a_request(client):
    client.get("/api/probe/echo")
    assert peek_correlation_id() == ""
    assert peek_facts() == {}


def test_facts_stay_in_their_scope():
    note(user_id=1)
    assert peek_facts() == {}
    with correlated("outer-id"):
        note(user_id=1)
        with correlated("inner-id"):
            assert peek_facts() == {}
            note(user_id=2)
        assert peek_facts() == {"user_id": 1}


def test_an_empty_id_makes_a_new_one():
    with correlated(""):
        first = peek_correlation_id()
        assert first == get_correlation_id()
    assert first
    assert get_correlation_id() != first


def published(redis):
    """Return the headers of the one task that waits in the default queue."""
    (message,) = redis.lrange("default", 0, -1)
    return json.loads(message)["headers"]


def test_a_task_is_sent_with_the_id_of_its_cause(redis):
    with correlated("request-1"):
        app.send_task("tests.tell", args=[[]])
    assert published(redis)[TASK_HEADER] == "request-1"


def test_a_task_of_the_beat_is_sent_with_an_id_of_its_own(redis):
    app.send_task("tests.tell", args=[[]])
    assert len(published(redis)[TASK_HEADER]) == 32


def traced(ids, *, fail=False, **headers):
    """Run the task as a worker does, from the request that a worker makes of a message."""
    request = {"id": "task-1", "args": [ids], "kwargs": {}, "correlation_id": "task-1", **headers}
    tracer = build_tracer("tests.tell", tell, app=app)
    return tracer("task-1", [ids], {"fail": fail}, request)


def test_a_worker_runs_the_task_under_that_id():
    ids = []
    traced(ids, **{TASK_HEADER: "request-1"})
    assert ids == ["request-1"]
    assert peek_correlation_id() == ""


def test_a_task_without_one_gets_a_new_one():
    ids = []
    traced(ids)
    assert len(ids[0]) == 32


def test_a_task_that_fails_leaves_nothing_behind():
    ids = []
    traced(ids, fail=True, **{TASK_HEADER: "request-1"})
    assert ids == ["request-1"]
    assert peek_correlation_id() == ""


def test_a_task_called_inside_another_gives_the_id_back():
    with correlated("outer-id"):
        ids = []
        traced(ids, **{TASK_HEADER: "inner-id"})
        assert ids == ["inner-id"]
        assert peek_correlation_id() == "outer-id"


@pytest.mark.django_db(transaction=True)
def test_the_id_goes_through_a_real_worker(redis):
    with start_worker(app, pool="solo", perform_ping_check=False, loglevel="ERROR"):
        with correlated("request-1"):
            app.send_task("tests.write_down")
        deadline = time.monotonic() + 20
        while not redis.exists("tests:ids") and time.monotonic() < deadline:
            time.sleep(0.05)
    assert redis.lrange("tests:ids", 0, -1) == ["request-1"]


def test_celery_looks_after_the_database_connections():
    assert any(isinstance(fixup, DjangoFixup) for fixup in app._fixups)
