import base64
import json
import socket
import time

import pytest
from django.db import transaction

from config.lib.correlation import TASK_HEADER, correlated
from config.lib.queue import bell_task, enqueue_on_commit, ring, ring_on_commit, ring_soon


def waiting(redis, queue="default"):
    """Return ``(task, kwargs, headers)`` of the tasks in a queue, oldest first."""
    messages = [json.loads(raw) for raw in reversed(redis.lrange(queue, 0, -1))]
    bodies = [json.loads(base64.b64decode(m["body"])) for m in messages]
    return [
        (m["headers"]["task"], body[1], m["headers"])
        for m, body in zip(messages, bodies, strict=True)
    ]


@pytest.fixture
def point_broker():
    """Return what points Celery at another broker, by a connection pool of its own."""
    from config.celery import app

    before, options = app.conf.broker_url, app.conf.broker_transport_options

    def point_at(url):
        app.conf.broker_url = app.conf.broker_write_url = url
        app._pool = None
        app.amqp._producer_pool = None

    yield point_at
    app.conf.broker_transport_options = options
    point_at(before)


@pytest.fixture
def broker_gone(redis_gone, point_broker):
    point_broker(redis_gone)


@pytest.fixture
def silent_server():
    """The address of a Redis that takes connections and never says a word, as a frozen one."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


@pytest.mark.django_db(transaction=True)
def test_a_task_goes_out_after_the_commit_and_not_before(redis):
    with correlated("request-1"), transaction.atomic():
        enqueue_on_commit("tests.work", order_id=5)
        assert waiting(redis) == []
    ((task, ids, headers),) = waiting(redis)
    assert (task, ids, headers[TASK_HEADER]) == ("tests.work", {"order_id": 5}, "request-1")
    assert headers["ignore_result"] is True


@pytest.mark.django_db(transaction=True)
def test_a_rollback_sends_nothing(redis):
    with transaction.atomic():
        enqueue_on_commit("tests.work")
        ring_on_commit("tests.bell")
        transaction.set_rollback(True)
    assert waiting(redis) == []


def test_a_waiting_bell_is_not_rung_again(redis):
    for _ in range(5):
        ring("tests.bell")
    ring("tests.other")
    assert [task for task, _, _ in waiting(redis)] == ["tests.bell", "tests.other"]
    assert 0 < redis.ttl("bell:tests.bell") <= 5


def test_what_is_asked_for_at_once_is_rung_for_once_and_soon(redis):
    for _ in range(500):
        ring_soon("tests.bell")
    ring_soon("tests.other")
    deadline = time.monotonic() + 2
    while len(waiting(redis)) < 2 and time.monotonic() < deadline:
        time.sleep(0.005)
    assert sorted(task for task, _, _ in waiting(redis)) == ["tests.bell", "tests.other"]
    redis.delete("bell:tests.bell")
    ring_soon("tests.bell")
    while len(waiting(redis)) < 3 and time.monotonic() < deadline:
        time.sleep(0.005)
    assert len(waiting(redis)) == 3


def test_an_answered_bell_can_ring_while_its_work_goes_on(redis):
    @bell_task("tests.answered")
    def work():
        assert redis.get("bell:tests.answered") is None
        ring("tests.answered")

    ring("tests.answered")
    work()
    assert len(waiting(redis)) == 2


def test_a_bell_goes_to_its_own_queue(redis):
    ring("integrations.process_inbox")
    assert [task for task, _, _ in waiting(redis, "inbox")] == ["integrations.process_inbox"]


def test_a_flush_costs_only_what_was_waiting(redis):
    ring("tests.bell")
    redis.flushdb()
    ring("tests.bell")
    assert len(waiting(redis)) == 1


@pytest.mark.django_db(transaction=True)
def test_without_a_broker_the_caller_goes_on_and_it_is_logged(broker_gone, caplog):
    began = time.monotonic()
    with transaction.atomic():
        enqueue_on_commit("tests.work")
        ring_on_commit("tests.bell")
    assert time.monotonic() - began < 5
    assert [r.message for r in caplog.records if r.name == "config.lib.queue"] == [
        "task not sent",
        "bell not rung",
    ]


@pytest.mark.django_db(transaction=True)
def test_a_frozen_redis_delays_the_caller_for_its_time_out_only(
    silent_server, settings, point_broker, caplog
):
    settings.REDIS_URL = silent_server
    settings.REDIS_OPTIONS = {"socket_connect_timeout": 0.2, "socket_timeout": 0.2}
    point_broker(silent_server)
    began = time.monotonic()
    for _ in range(3):
        with transaction.atomic():
            enqueue_on_commit("tests.work")
            ring_on_commit("tests.bell")
    assert time.monotonic() - began < 2
    assert {r.message for r in caplog.records if r.name == "config.lib.queue"} == {
        "task not sent",
        "bell not rung",
    }


def test_a_broker_that_freezes_after_redis_was_asked_is_given_up(silent_server, point_broker):
    from config.celery import app

    app.conf.broker_transport_options = {**app.conf.broker_transport_options, "socket_timeout": 0.3}
    point_broker(silent_server)
    began = time.monotonic()
    ring("tests.bell")
    assert time.monotonic() - began < 5


def test_without_redis_a_bell_is_still_answered(redis_gone):
    done = []

    @bell_task("tests.unheard")
    def work():
        done.append(1)

    work()
    assert done == [1]
