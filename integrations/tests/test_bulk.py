"""Many deliveries of a kind in a few statements, with all that is promised for one."""

import threading
import time
import uuid

import pytest
from django.db import close_old_connections, connection, transaction
from django.test.utils import CaptureQueriesContext

from config.lib.queue import _bell_key
from config.lib.redis import get_redis
from integrations.models import Delivery, DeliveryAttempt, Hold
from integrations.services import allowances, bulk, holds, pump
from integrations.services.calls import (
    Ambiguity,
    Bulk,
    Drop,
    LaneDelivery,
    Limit,
    Outcome,
    Policy,
    Status,
)
from integrations.services.outbox import channels, deliver_many, kinds, register_kind
from integrations.tests import stage

pytestmark = pytest.mark.django_db(transaction=True)
KIND = "stage.bulk"
NEVER = Outcome(Status.PERMANENT, code="bad_request", text="no such chat")
LIMITED = Outcome(Status.LIMITED, code="limited", retry_after=30)


def prepare_many(deliveries):
    return [_prepared(delivery) for delivery in deliveries]


def _prepared(delivery):
    answer = stage.prepare(delivery)
    return RuntimeError("a fault in this one") if answer == "fault" else answer


def settle_sent(deliveries) -> None:
    for delivery in deliveries:
        stage.settle(delivery, Outcome(Status.SENT))


@pytest.fixture
def script():
    made = stage.set_up()
    if KIND not in kinds:
        many = Bulk(prepare=prepare_many, settle_sent=settle_sent)
        register_kind(KIND, stage.prepare, stage.settle, Policy(max_attempts=2), many)
    return made


def new(text: str, **more) -> LaneDelivery:
    given = {
        "kind": KIND,
        "sender": "stage:1",
        "lane": f"lane:{text}",
        "budget_key": f"stage:1:{text}",
        "payload": {"text": text},
        "idempotency_key": f"bulk:{text}",
        "correlation_id": f"cause-{text}",
    }
    return LaneDelivery(**{**given, **more})


def texts(count: int) -> list[str]:
    return [f"m{number:03}" for number in range(count)]


def states() -> dict[str, str]:
    return {row.payload["text"]: row.state for row in Delivery.objects.all()}


def test_many_are_written_once_in_their_order_with_one_bell(script):
    bell = _bell_key(stage.TASK)
    assert deliver_many([new("b"), new("a"), new("b", payload={"text": "again"})]) == 2
    assert get_redis().exists(bell)
    assert deliver_many([new("a"), new("c")]) == 1
    assert deliver_many([]) == 0
    rows = list(Delivery.objects.order_by("pk"))
    assert [row.payload["text"] for row in rows] == ["b", "a", "c"]
    assert {row.state for row in rows} == {"queued"}
    assert [row.correlation_id for row in rows] == ["cause-b", "cause-a", "cause-c"]
    assert all(row.channel == "stage" and row.not_before <= row.created_at for row in rows)


def test_many_are_written_with_their_cause_or_not_at_all(script):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        deliver_many([new("a")])
        1 / 0  # noqa: B018
    for wrong in ({"kind": "nobody.knows"}, {"sender": "pigeon:1"}):
        with pytest.raises(LookupError):
            deliver_many([new("a"), new("b", **wrong)])
    assert not Delivery.objects.exists()


def test_writers_at_once_write_each_key_once(script):
    gate, counts = threading.Barrier(4), []

    def write(order) -> None:
        try:
            gate.wait(10)
            counts.append(deliver_many([new(text) for text in order]))
        finally:
            close_old_connections()
            connection.close()

    names = texts(200)
    threads = [threading.Thread(target=write, args=(names,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(counts) == Delivery.objects.count() == 200


def test_many_are_sent_in_a_few_statements_and_each_is_settled(script):
    deliver_many([new(text) for text in texts(40)])
    script.answers["m007"] = [Outcome(Status.SENT, result={"id": "of m007"})]
    pump.drain("stage")
    assert set(states().values()) == {"sent"}
    assert sorted(script.texts()) == texts(40)
    assert sorted(text for text, _status, _code in script.settled) == texts(40)
    assert DeliveryAttempt.objects.filter(outcome="sent").count() == 40
    row = Delivery.objects.get(payload__text="m007")
    assert row.result == {"id": "of m007"}
    assert (row.attempts, row.lease_token, row.ambiguous_at) == (1, None, None)


def claimed(count: int) -> list[Delivery]:
    token = uuid.uuid4()
    deliver_many([new(text) for text in texts(count)])
    Delivery.objects.update(state="sending", lease_token=token, leased_at="2026-01-01T00:00Z")
    return list(Delivery.objects.order_by("pk"))


@pytest.mark.parametrize("work", ["ready", "sent"])
def test_the_number_of_statements_does_not_grow(script, work):
    counts = []
    for count in (2, 40):
        Delivery.objects.all().delete()
        get_redis().flushdb()
        rows = claimed(count)
        with CaptureQueriesContext(connection) as asked:
            if work == "ready":
                assert all(bulk.make_ready(rows, channels.get("stage")))
            else:
                bulk.record_sent([(row, Outcome(Status.SENT), [], 5) for row in rows])
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_what_fails_in_one_is_its_own_affair(script):
    script.prepared |= {"m001": "fault", "m002": Drop("gone")}
    script.answers["m003"] = [NEVER]
    script.settle_faults["m004"] = 1
    deliver_many([new(text) for text in texts(8)])
    pump.drain("stage")
    found = states()
    assert (found.pop("m001"), found.pop("m002"), found.pop("m003")) == (
        "retry",
        "cancelled",
        "dead",
    )
    # Its fault took all that was to be settled with it back to the way of single ones.
    assert set(found.values()) == {"sent"}
    assert sorted(script.texts()) == [f"m{n:03}" for n in (0, 3, 4, 5, 6, 7)]


def test_a_refusal_for_the_pace_holds_its_sender_alone(script):
    deliver_many([new("slow"), new("quick", sender="stage:2", budget_key="stage:2:x")])
    script.answers["slow"] = [LIMITED]
    pump.drain("stage")
    assert states() == {"slow": "retry", "quick": "sent"}
    assert Hold.objects.get().key == "stage:1:slow"


def test_a_hold_that_came_since_the_claim_stops_the_call(script):
    held, free = claimed(2)
    holds.place_hold(key=held.budget_key, seconds=30, reason="limited")
    ready = bulk.make_ready([held, free], channels.get("stage"))
    assert [bool(each) for each in ready] == [False, True]
    held.refresh_from_db()
    assert (held.state, held.dispatched_at) == ("queued", None)


def test_nothing_is_made_or_settled_under_a_lost_lease(script):
    mine, lost = claimed(2)
    Delivery.objects.filter(pk=lost.pk).update(lease_token=uuid.uuid4())
    assert [bool(each) for each in bulk.make_ready([mine, lost], channels.get("stage"))] == [
        True,
        False,
    ]
    bulk.record_sent([(each, Outcome(Status.SENT), [], 1) for each in (mine, lost)])
    assert states() == {"m000": "sent", "m001": "sending"}
    assert script.settled == [("m000", Status.SENT, "")]
    assert DeliveryAttempt.objects.count() == 1


def test_what_is_late_or_unclear_goes_the_way_of_single_ones(script):
    late, unclear = claimed(2)
    late.expires_at = late.leased_at.replace(year=2025)
    unclear.ambiguous_at = unclear.leased_at
    assert (bulk.bulk_of(late), bulk.bulk_of(unclear)) == (None, None)


def test_an_allowance_is_kept_by_many_as_by_one(script):
    script.limits = [Limit("all", 1000, 60)]
    limits = [Limit("shared", 5, 30.0)]
    waits = allowances.take_many([(limits, str(number)) for number in range(8)])
    assert waits[:5] == [0] * 5
    assert allowances.take(limits, member="one more") > 0
    assert all(0 < wait <= 30 + allowances.MOST_SPREAD_SECONDS for wait in waits[5:])


def test_an_even_pace_is_a_burst_and_then_one_after_another(script):
    limits = [Limit("even", 100, 1.0, burst=10), Limit("even:air", 15, 0)]
    began = time.monotonic()
    assert allowances.take_many([(limits, f"a{n}") for n in range(10)]) == [0] * 10
    wait = allowances.take(limits, member="next")
    assert 0 < wait <= 0.011
    granted = 0
    while time.monotonic() - began < 0.5:
        member = f"b{granted}"
        if allowances.take(limits, member=member) == 0:
            granted += 1
            allowances.finish(limits, member=member)
        time.sleep(0.001)
    most = 100 * (time.monotonic() - began) + 1
    assert 0.6 * most < granted <= most


def test_no_more_than_so_many_are_in_the_air_however_late_they_end(script):
    limits = [Limit("slow", 1000, 1.0, burst=100), Limit("slow:air", 3, 0)]
    assert [allowances.take(limits, member=str(n)) == 0 for n in range(5)] == [True] * 3 + [
        False,
        False,
    ]
    allowances.finish(limits, member="1")
    assert allowances.take(limits, member="again") == 0


def test_turns_at_an_allowance_are_given_out_one_after_another():
    limit = Limit("turns", 10, 1.0)
    allowances._booked.clear()
    waits = [allowances._turn(limit, 0.5, 100.0) for _ in range(300)]
    assert waits[:3] == pytest.approx([0.5, 0.6, 0.7])
    assert max(waits) <= allowances.MOST_SPREAD_SECONDS
    assert allowances._turn(limit, 0.5, 200.0) == pytest.approx(0.5)
    assert allowances._turn(Limit("chat", 1, 1.0), 0.4, 100.0) == 0.4


def test_without_redis_many_keep_the_slow_pace(script, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    allowances._local_next.clear()
    limits = [Limit("alone", 30, 1.0)]
    first, second = allowances.take_many([(limits, "a"), (limits, "b")])
    assert (first, second > 0.9) == (0, True)
    allowances.finish_many([(limits, "a")])


def test_what_must_never_come_twice_goes_a_few_at_a_time(script):
    once = stage.use_kind("stage.once", Policy(on_ambiguous=Ambiguity.AT_MOST_ONCE))
    script.seconds = 0.05
    deliver_many([new(text, kind=once) for text in texts(3 * pump.CAREFUL)])
    pump.drain("stage")
    assert set(states().values()) == {"sent"}
    assert max(script.most_flying.values()) == pump.CAREFUL
