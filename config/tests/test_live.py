import datetime
import json
import time
import uuid

import pytest
from django.db import transaction

from config.lib import live
from config.lib.live import frames_after, may_join, publish_on_commit, register_room

pytestmark = pytest.mark.django_db(transaction=True)
ROOM = f"dialog:{uuid.uuid4()}"


@pytest.fixture
def channel(redis):
    """Return a reader of what is published: ``channel()`` gives our next frame or ``None``.

    Channels know no databases: the tests that run beside this one publish there, too.
    """
    subscription = redis.pubsub(ignore_subscribe_messages=True)
    subscription.subscribe(live.CHANNEL)
    subscription.get_message(timeout=1)

    def read():
        while message := subscription.get_message(timeout=0.3):
            frame = json.loads(message["data"])
            if frame["room"] == ROOM:
                return frame
        return None

    yield read
    subscription.close()


def publish(*numbers, room=ROOM):
    for number in numbers:
        publish_on_commit(room, "message", {"number": number})


def next_millisecond():
    """Ids are made of the clock: a stream that begins anew at once could give the same one."""
    time.sleep(0.002)


def ids(redis, room=ROOM):
    return [frame_id for frame_id, _ in redis.xrange(f"live:{room}")]


def test_a_frame_is_published_after_the_commit(channel):
    with transaction.atomic():
        publish(1)
        assert channel() is None
    frame = channel()
    assert (frame["event"], frame["room"], frame["data"]) == ("message", ROOM, {"number": 1})


def test_a_rollback_publishes_nothing(channel, redis):
    with transaction.atomic():
        publish(1)
        transaction.set_rollback(True)
    assert channel() is None
    assert ids(redis) == []


def test_the_published_id_is_that_of_the_kept_frame(channel, redis):
    publish(1)
    assert [channel()["id"]] == ids(redis)


def test_data_is_taken_as_it_was_and_keeps_its_types(channel):
    data = {
        "at": datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC),
        "id": uuid.UUID(int=5),
        "big": 2**60,
        "none": [],
        "text": 'кавычка " и \n',
    }
    with transaction.atomic():
        publish_on_commit(ROOM, "new", data)
        data["big"] = 0
    assert channel()["data"] == {
        "at": "2026-01-02T00:00:00Z",
        "id": "00000000-0000-0000-0000-000000000005",
        "big": 2**60,
        "none": [],
        "text": 'кавычка " и \n',
    }


def test_a_client_resumes_after_its_last_frame(redis):
    publish(1, 2, 3)
    first, second, third = ids(redis)
    frames = frames_after(ROOM, first)
    assert [(frame.id, frame.data["number"]) for frame in frames] == [(second, 2), (third, 3)]
    assert frames_after(ROOM, third) == []


def test_rooms_are_apart(redis):
    publish(1)
    next_millisecond()
    publish(2, room="dialog:2")
    (first,) = ids(redis)
    assert frames_after(ROOM, first) == []
    assert frames_after("dialog:2", first) is None


def test_a_frame_that_is_no_longer_kept_is_a_gap(redis):
    publish(1, 2, 3)
    first = ids(redis)[0]
    redis.xtrim(f"live:{ROOM}", maxlen=2, approximate=False)
    assert frames_after(ROOM, first) is None


def test_more_than_the_limit_is_a_gap(redis):
    publish(1, 2, 3, 4)
    first, second, *_ = ids(redis)
    assert frames_after(ROOM, first, limit=2) is None
    assert len(frames_after(ROOM, second, limit=2)) == 2


def test_a_flush_is_a_gap(redis):
    publish(1)
    (first,) = ids(redis)
    redis.flushdb()
    next_millisecond()
    publish(2)
    assert frames_after(ROOM, first) is None


@pytest.mark.parametrize("last_id", ["", "0", "$", "-", "(1-1", "1-1 ", "x"])
def test_a_bad_id_is_a_gap(redis, last_id):
    publish(1)
    assert frames_after(ROOM, last_id) is None


def test_streams_are_cut_and_forgotten(redis):
    for start in range(0, 700, 100):
        with transaction.atomic():
            publish(*range(start, start + 100))
    assert redis.xlen(f"live:{ROOM}") < 700
    assert 86_000 < redis.ttl(f"live:{ROOM}") <= 86_400


def test_without_redis_the_caller_goes_on(redis_gone, caplog):
    publish(1)
    assert frames_after(ROOM, "1-1") is None
    assert [record.message for record in caplog.records] == [
        "frame not published",
        "frames not read",
    ]


def test_who_may_join_is_said_by_the_room_of_that_prefix():
    register_room(
        "testroom", lambda user, room_id: (user, room_id) in {("olga", "5"), ("olga", "")}
    )
    assert may_join("olga", "testroom:5")
    assert may_join("olga", "testroom")
    assert not may_join("stas", "testroom:5")
    assert not may_join("olga", "testroom:6")
    assert not may_join("olga", "never-opened:5")
    assert not may_join("olga", "")
