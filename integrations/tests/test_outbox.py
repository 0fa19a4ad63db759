"""The outbox: order, allowances, holds, unclear outcomes, dead workers."""

import threading
import time
import uuid
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from config.lib.advisory import lock_key, try_advisory_lock
from config.lib.errors import ConflictError
from integrations.models import Delivery, DeliveryAttempt, Hold
from integrations.selectors import lanes
from integrations.services import allowances, outbox, pump, settling, turns
from integrations.services.calls import (
    Again,
    Ahead,
    Ambiguity,
    Call,
    Drop,
    Limit,
    NewDelivery,
    Outcome,
    Policy,
    ReadBack,
    Status,
    Wait,
)
from integrations.tests import stage

pytestmark = pytest.mark.django_db(transaction=True)

RETRY = Outcome(Status.RETRY, code="refused", text="connection refused")
LOST = Outcome(Status.AMBIGUOUS, code="timeout", text="no answer")
NEVER = Outcome(Status.PERMANENT, code="bad_request", text="no such chat")


@pytest.fixture
def script():
    return stage.set_up()


def drain_until(done, *, seconds=10):
    """Run rounds until ``done()``; a delivery that waits a moment needs several."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, Delivery.objects.values("state", "last_error_code")
        pump.drain("stage")
        time.sleep(0.02)


def states() -> dict[str, str]:
    return {row.payload["text"]: row.state for row in Delivery.objects.all()}


def test_a_delivery_is_written_with_its_cause_or_not_at_all(script):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        stage.say("hello")
        1 / 0  # noqa: B018
    pump.drain("stage")
    assert script.heard == []
    assert not Delivery.objects.exists()


def test_a_sent_delivery_tells_its_kind_and_keeps_the_answer(script):
    delivery = stage.say("hello")
    pump.drain("stage")
    delivery.refresh_from_db()
    assert script.texts() == ["hello"]
    assert (delivery.state, delivery.result, delivery.attempts) == ("sent", {"id": 1}, 1)
    assert delivery.settled_at is not None
    assert delivery.lease_token is None
    assert script.settled == [("hello", Status.SENT, "")]
    assert DeliveryAttempt.objects.get().outcome == "sent"


def test_the_same_key_delivers_once(script):
    first = stage.say("hello", key="once")
    again = stage.say("other words", key="once")
    pump.drain("stage")
    assert again.pk == first.pk
    assert script.texts() == ["hello"]


def test_an_unknown_kind_or_sender_is_refused_and_nothing_is_written(script):
    with pytest.raises(LookupError):
        stage.say("x", kind="nobody.knows")
    kind = stage.use_kind("stage.plain", Policy())
    with pytest.raises(LookupError):
        outbox.deliver(
            kind=kind, sender="pigeon:1", lane="l", budget_key="b", payload={}, idempotency_key="k"
        )
    assert not Delivery.objects.exists()


def test_a_lane_keeps_its_order_while_its_head_is_tried_again(script):
    for text in ("one", "two", "three"):
        stage.say(text)
    script.answers["one"] = [RETRY, RETRY]
    pump.drain("stage")
    assert script.texts() == ["one"]
    drain_until(lambda: set(states().values()) == {"sent"})
    assert script.texts() == ["one", "one", "one", "two", "three"]


def test_a_dead_head_releases_its_lane(script):
    stage.say("bad")
    stage.say("good")
    script.answers["bad"] = [NEVER]
    drain_until(lambda: states() == {"bad": "dead", "good": "sent"})
    assert script.settled == [
        ("bad", Status.PERMANENT, "bad_request"),
        ("good", Status.SENT, ""),
    ]


def test_a_kind_with_a_last_attempt_dies_of_it_and_says_so(script):
    stage.say("bad")
    script.answers["bad"] = [RETRY] * 9
    drain_until(lambda: states() == {"bad": "dead"})
    assert len(script.heard) == 3
    assert script.settled == [("bad", Status.PERMANENT, "refused")]


def test_a_kind_without_a_last_attempt_waits_without_end(script):
    kind = stage.use_kind("stage.forever", Policy(max_attempts=None, backoff_seconds=0.01))
    stage.say("stubborn", kind=kind)
    script.answers["stubborn"] = [RETRY] * 5
    drain_until(lambda: states() == {"stubborn": "sent"})
    assert len(script.heard) == 6


def test_an_expired_notice_dies_without_a_call(script):
    stage.say("late", expires_at=timezone.now() - timedelta(seconds=1))
    stage.say("in time", expires_at=timezone.now() + timedelta(hours=1))
    drain_until(lambda: states() == {"late": "dead", "in time": "sent"})
    assert script.texts() == ["in time"]


def test_nothing_leaves_before_its_time(script):
    stage.say("later", not_before=timezone.now() + timedelta(hours=1))
    pump.drain("stage")
    assert script.heard == []
    assert states() == {"later": "queued"}


def test_what_waits_costs_no_attempt_and_a_woken_lane_looks_at_once(script):
    script.prepared["hello"] = Wait(3600)
    delivery = stage.say("hello")
    pump.drain("stage")
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("queued", 0)
    script.prepared.clear()
    pump.drain("stage")
    assert script.heard == []
    outbox.wake_lane("lane")
    pump.drain("stage")
    assert script.texts() == ["hello"]


def test_a_dropped_delivery_is_cancelled_and_its_lane_goes_on(script):
    script.prepared["moot"] = Drop("newer")
    stage.say("moot")
    stage.say("next")
    drain_until(lambda: states() == {"moot": "cancelled", "next": "sent"})
    assert script.texts() == ["next"]


def test_what_must_go_ahead_goes_ahead_in_order_once(script):
    def topic_first(delivery):
        if Delivery.objects.filter(payload__text="card", state="sent").exists():
            return None
        new = [
            NewDelivery(
                kind=delivery.kind,
                sender=delivery.sender,
                budget_key=delivery.budget_key,
                payload={"text": text},
                idempotency_key=f"ahead:{text}",
            )
            for text in ("topic", "card")
        ]
        return Ahead(new)

    script.prepared["one"] = topic_first
    stage.say("one")
    stage.say("two")
    drain_until(lambda: set(states().values()) == {"sent"})
    assert script.texts() == ["topic", "card", "one", "two"]


def test_a_delivery_ahead_may_itself_send_something_ahead(script):
    def needs(text, after):
        def answer(delivery):
            if Delivery.objects.filter(payload__text=text, state="sent").exists():
                return None
            return Ahead(
                [
                    NewDelivery(
                        kind=delivery.kind,
                        sender=delivery.sender,
                        budget_key=delivery.budget_key,
                        payload={"text": text},
                        idempotency_key=f"ahead:{text}:{after}",
                    )
                ]
            )

        return answer

    script.prepared["one"] = needs("topic", "one")
    script.prepared["topic"] = needs("group", "topic")
    stage.say("one")
    drain_until(lambda: set(states().values()) == {"sent"})
    assert script.texts() == ["group", "topic", "one"]


def test_a_refusal_for_pace_holds_that_allowance_and_nothing_else(script):
    script.answers["fast"] = [Outcome(Status.LIMITED, code="too_many", retry_after=1)]
    stage.say("fast", lane="a", budget="stage:1:noisy")
    stage.say("same chat", lane="b", budget="stage:1:noisy")
    stage.say("other chat", lane="c", budget="stage:1:quiet")
    began = time.monotonic()
    pump.drain("stage")
    assert sorted(script.texts()) == ["fast", "other chat"]
    hold = Hold.objects.get()
    assert hold.key == "stage:1:noisy"
    drain_until(lambda: set(states().values()) == {"sent"})
    assert time.monotonic() - began >= 1
    assert Delivery.objects.get(payload__text="fast").attempts == 1


def test_several_refused_chats_hold_the_whole_sender(script):
    for n in range(3):
        script.answers[f"m{n}"] = [Outcome(Status.LIMITED, code="too_many", retry_after=60)]
        stage.say(f"m{n}", lane=f"lane{n}", budget=f"stage:1:chat{n}")
    pump.drain("stage")
    assert Hold.objects.filter(key="stage:1").exists()
    stage.say("fourth", lane="lane4", budget="stage:1:chat4")
    pump.drain("stage")
    assert "fourth" not in script.texts()


def test_a_hold_placed_after_the_claim_stops_the_call(script):
    def hold_now(delivery):
        from integrations.services.holds import place_hold

        place_hold(key=delivery.budget_key, seconds=60, reason="just now")

    script.prepared["hello"] = hold_now
    stage.say("hello")
    pump.drain("stage")
    assert script.heard == []
    assert states() == {"hello": "queued"}


def test_an_unclear_send_is_sent_once_more_and_marked(script):
    script.answers["hello"] = [LOST]
    delivery = stage.say("hello")
    drain_until(lambda: states() == {"hello": "sent"})
    delivery.refresh_from_db()
    assert script.texts() == ["hello", "hello"]
    assert delivery.uncertain is True


def test_an_unclear_second_send_waits_for_a_person_and_frees_the_lane(script):
    script.answers["hello"] = [LOST, LOST]
    delivery = stage.say("hello")
    stage.say("next")
    drain_until(lambda: states()["next"] == "sent")
    delivery.refresh_from_db()
    assert (delivery.state, delivery.needs_person) == ("ambiguous", True)
    assert script.texts() == ["hello", "hello", "next"]
    outbox.decide(delivery, was_sent=True)
    assert states()["hello"] == "sent"
    with pytest.raises(ConflictError):
        outbox.decide(delivery, was_sent=False)
    assert states()["hello"] == "sent"


def test_at_most_once_is_never_sent_again_by_itself(script):
    kind = stage.use_kind("stage.code", Policy(on_ambiguous=Ambiguity.AT_MOST_ONCE))
    script.answers["code"] = [LOST]
    delivery = stage.say("code", kind=kind)
    drain_until(lambda: Delivery.objects.filter(needs_person=True).exists())
    pump.drain("stage")
    assert script.texts() == ["code"]
    assert script.settled == [("code", Status.AMBIGUOUS, "timeout")]
    assert outbox.retry([delivery.pk]) == 1
    drain_until(lambda: states() == {"code": "sent"})
    delivery.refresh_from_db()
    assert delivery.uncertain is True


def test_what_may_be_repeated_is_tried_on_and_never_waits_for_a_person(script):
    policy = Policy(on_ambiguous=Ambiguity.REPEATABLE, max_attempts=None, backoff_seconds=0.01)
    kind = stage.use_kind("stage.repeatable", policy)
    script.answers["mark"] = [LOST, RETRY, LOST, LOST]
    delivery = stage.say("mark", kind=kind)
    drain_until(lambda: states() == {"mark": "sent"})
    delivery.refresh_from_db()
    assert script.texts() == ["mark"] * 5
    assert (delivery.uncertain, delivery.needs_person) == (False, False)
    assert script.settled == [("mark", Status.SENT, "")]


@pytest.mark.parametrize(("found", "calls"), [(7, ["hi", "list"]), (None, ["hi", "list", "hi"])])
def test_a_read_back_looks_before_it_sends_again(script, found, calls):
    rule = ReadBack(
        call=lambda delivery: Call("list", {"text": "list", "budget": ""}),
        find=lambda delivery, result: {"id": found} if found else None,
    )
    kind = stage.use_kind(f"stage.read_back_{found}", Policy(on_ambiguous=rule))
    script.answers["hi"] = [LOST]
    delivery = stage.say("hi", kind=kind)
    drain_until(lambda: states() == {"hi": "sent"})
    delivery.refresh_from_db()
    assert script.texts() == calls
    assert delivery.uncertain is False
    if found:
        assert delivery.result == {"id": found}


def test_a_read_back_that_fails_is_asked_again_and_nothing_is_sent(script):
    rule = ReadBack(
        call=lambda delivery: Call("list", {"text": "list", "budget": ""}),
        find=lambda delivery, result: {"id": 1},
    )
    kind = stage.use_kind("stage.read_back_slow", Policy(on_ambiguous=rule))
    script.answers["hi"] = [LOST]
    script.answers["list"] = [RETRY]
    stage.say("hi", kind=kind)
    drain_until(lambda: states() == {"hi": "sent"}, seconds=15)
    assert script.texts() == ["hi", "list", "list"]


def test_where_nobody_may_look_any_more_a_person_decides_and_the_lane_goes_on(script):
    rule = ReadBack(
        call=lambda delivery: Call("list", {"text": "list", "budget": ""}),
        find=lambda delivery, result: {"id": 1},
    )
    kind = stage.use_kind("stage.read_back_gone", Policy(on_ambiguous=rule))
    script.answers["hi"] = [LOST]
    script.answers["list"] = [NEVER]
    delivery = stage.say("hi", kind=kind)
    stage.say("next", kind=kind)
    drain_until(lambda: states() == {"hi": "ambiguous", "next": "sent"})
    delivery.refresh_from_db()
    assert (delivery.needs_person, delivery.last_error_code) == (True, "bad_request")
    assert script.texts() == ["hi", "list", "next"]
    assert script.settled == [("hi", Status.AMBIGUOUS, "bad_request"), ("next", Status.SENT, "")]


@pytest.mark.parametrize(("unclear", "pause"), [(1, 2), (16, 16), (600, 60)])
def test_what_stays_unclear_is_looked_for_less_and_less_often(script, unclear, pause):
    rule = ReadBack(call=lambda delivery: Call("list"), find=lambda delivery, result: None)
    delivery = stage.say("hi", kind=stage.use_kind("stage.unclear", Policy(on_ambiguous=rule)))
    token, since = uuid.uuid4(), timezone.now() - timedelta(seconds=unclear)
    Delivery.objects.filter(pk=delivery.pk).update(
        state="sending", lease_token=token, ambiguous_at=since
    )
    delivery.refresh_from_db()
    assert settling.settle_read_back(delivery, RETRY, rule)
    delivery.refresh_from_db()
    assert delivery.state == "ambiguous"
    left = (delivery.not_before - timezone.now()).total_seconds()
    assert left == pytest.approx(pause, abs=1)


def test_a_kind_that_mended_the_cause_gets_another_try(script):
    script.settle_answers["bad_request"] = Again()
    script.answers["hello"] = [NEVER]
    stage.say("hello")
    drain_until(lambda: states() == {"hello": "sent"})
    assert script.texts() == ["hello", "hello"]


def test_our_own_fault_neither_loses_nor_blocks(script):
    script.answers["odd"] = [RuntimeError("a fault of ours")]
    stage.say("odd", lane="a", budget="a")
    stage.say("fine", lane="b", budget="b")
    drain_until(lambda: states() == {"odd": "sent", "fine": "sent"})


def test_a_fault_after_the_call_never_makes_a_plain_retry(script):
    """It was sent: sending again as if nothing had happened would double it unmarked."""
    script.settle_faults = {"hello": 1}
    delivery = stage.say("hello")
    drain_until(lambda: states() == {"hello": "sent"})
    delivery.refresh_from_db()
    assert script.texts() == ["hello", "hello"]
    assert delivery.uncertain is True


def test_a_fault_after_the_call_is_read_back_where_that_can_be_done(script):
    rule = ReadBack(
        call=lambda delivery: Call("list", {"text": "list", "budget": ""}),
        find=lambda delivery, result: {"id": 7},
    )
    script.settle_faults = {"hi": 1}
    stage.say("hi", kind=stage.use_kind("stage.read_back_fault", Policy(on_ambiguous=rule)))
    drain_until(lambda: states() == {"hi": "sent"})
    assert script.texts() == ["hi", "list"]


def test_one_call_in_the_air_for_each_allowance_and_many_across(script):
    script.seconds = 0.05
    for n in range(6):
        stage.say(f"m{n}", lane=f"lane{n}", budget=f"stage:1:{n % 2}")
    drain_until(lambda: set(states().values()) == {"sent"})
    assert max(script.most_flying.values()) == 2


def test_a_noisy_lane_does_not_starve_the_others_of_its_allowance(script):
    for n in range(10):
        stage.say(f"noise{n}", lane="noisy")
    for n in range(3):
        stage.say(f"quiet{n}", lane=f"quiet{n}")
    drain_until(lambda: set(states().values()) == {"sent"})
    last_quiet = max(script.texts().index(f"quiet{n}") for n in range(3))
    assert last_quiet <= 6


def test_an_allowance_is_never_exceeded_in_any_window(script):
    script.limits = [Limit("s", 3, 0.5)]
    for n in range(9):
        script.prepared[f"m{n}"] = lambda delivery: None
        stage.say(f"m{n}")
    drain_until(lambda: set(states().values()) == {"sent"})
    # By the row, which is stamped just before the call: a thread that watches may be late.
    rows = Delivery.objects.order_by("dispatched_at").values_list("dispatched_at", flat=True)
    stamps = [at.timestamp() for at in rows]
    gaps = [later - first for first, later in zip(stamps, stamps[3:], strict=False)]
    assert min(gaps) >= 0.49, gaps


def test_without_redis_the_pace_is_slow_and_nothing_is_lost(script, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    allowances._local_next.clear()
    began = time.monotonic()
    stage.say("one")
    stage.say("two")
    drain_until(lambda: set(states().values()) == {"sent"})
    assert time.monotonic() - began >= allowances.PACE_SECONDS * 0.9


def leave_behind(delivery, *, dispatched: bool):
    """Make ``delivery`` look like one whose worker was killed ten seconds ago."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE integrations_delivery SET state = 'sending', lease_token = %s,"
            " leased_at = now() - interval '10 s',"
            " dispatched_at = CASE WHEN %s THEN now() - interval '9 s' END WHERE id = %s",
            [token := uuid.uuid4(), dispatched, delivery.pk],
        )
    return token


@pytest.mark.parametrize("dispatched", [False, True])
def test_what_a_killed_worker_held_goes_out_and_is_marked_only_if_it_was_on_its_way(
    script, dispatched
):
    delivery = stage.say("hello")
    leave_behind(delivery, dispatched=dispatched)
    drain_until(lambda: states() == {"hello": "sent"})
    delivery.refresh_from_db()
    assert script.texts() == ["hello"]
    assert delivery.uncertain is dispatched


def test_what_a_living_worker_holds_is_left_alone(script):
    delivery = stage.say("hello")
    token = leave_behind(delivery, dispatched=True)
    release = threading.Event()
    ready = threading.Event()

    def live():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [lock_key(settling.lock_name(token))])
        ready.set()
        release.wait(10)
        connection.close()

    other = threading.Thread(target=live)
    other.start()
    ready.wait(5)
    try:
        assert settling.take_back_lost(own=uuid.uuid4()) == 0
        assert states() == {"hello": "sending"}
    finally:
        release.set()
        other.join()
    # The server notices the closed connection a moment later, and sets the lock free.
    deadline = time.monotonic() + 5
    while not settling.take_back_lost(own=uuid.uuid4()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert states() == {"hello": "ambiguous"}


def test_a_worker_says_that_it_lives_even_while_another_looks(script):
    engine = pump.Engine()
    name = settling.lock_name(engine.token)
    asking = threading.Thread(target=lambda: engine.run(engine.ask(lambda: None)))
    with try_advisory_lock(name) as is_free:
        assert is_free
        asking.start()
        asking.join(0.3)
    asking.join(5)
    with try_advisory_lock(name) as is_free:
        assert not is_free
    engine.close()


def test_a_slow_look_leaves_alone_what_something_was_put_ahead_of_meanwhile(script, monkeypatch):
    stage.say("words")
    quick = lanes._CLAIM
    nap = "JOIN (SELECT *, pg_sleep(0.5) FROM ranked OFFSET 0) AS ranked ON"
    monkeypatch.setattr(lanes, "_CLAIM", quick.replace("JOIN ranked ON", nap))
    late = []

    def look_slowly():
        late.extend(lanes.claim_heads(channel="stage", token=uuid.uuid4(), most=5))
        connection.close()

    rival = threading.Thread(target=look_slowly)
    rival.start()
    time.sleep(0.2)
    monkeypatch.setattr(lanes, "_CLAIM", quick)
    (words,) = lanes.claim_heads(channel="stage", token=uuid.uuid4(), most=5)
    new = NewDelivery(words.kind, words.sender, words.budget_key, {"text": "topic"}, "topic")
    with transaction.atomic():
        outbox.put_ahead(words, [new])
        settling.release(words)
    rival.join(5)
    assert late == []
    drain_until(lambda: set(states().values()) == {"sent"})
    assert script.texts() == ["topic", "words"]


def test_a_worker_that_lost_its_lease_changes_nothing(script):
    delivery = stage.say("hello")
    leave_behind(delivery, dispatched=True)
    delivery.lease_token = uuid.uuid4()
    assert settling.settle(delivery, Outcome(Status.SENT, result={"id": 1})) is False
    assert states() == {"hello": "sending"}
    assert script.settled == []
    assert not DeliveryAttempt.objects.exists()


def test_two_pumps_at_once_send_everything_once_and_in_order(script):
    for lane in range(5):
        for n in range(6):
            stage.say(f"{lane}-{n}", lane=f"lane{lane}", budget=f"stage:1:{lane}")

    def other():
        engine = pump.Engine()
        run = pump.Pump(outbox.channels.get("stage"), engine, linger=True)
        engine.run(run.run())
        engine.close()

    rivals = [threading.Thread(target=other) for _ in range(3)]
    for rival in rivals:
        rival.start()
    for rival in rivals:
        rival.join(30)
    assert set(states().values()) == {"sent"}
    assert sorted(script.texts()) == sorted(f"{lane}-{n}" for lane in range(5) for n in range(6))
    for lane in range(5):
        heard = [text for text in script.texts() if text.startswith(f"{lane}-")]
        assert heard == sorted(heard)


def test_a_channel_that_shares_its_worker_has_one_pump_at_a_time(script):
    channel = outbox.channels.get("narrow")
    free = threading.Event()
    taken = threading.Event()

    def rival():
        engine = pump.Engine()
        turn = engine.run(engine.ask(turns.take_turn, channel))
        taken.set()
        free.wait(10)
        engine.run(engine.ask(turns.end_turn, turn))
        engine.close()

    other = threading.Thread(target=rival)
    other.start()
    taken.wait(5)
    stage.say("hello", sender="narrow:1", budget="narrow:1:chat")
    pump.drain("narrow")
    assert script.heard == []
    free.set()
    other.join()
    pump.drain("narrow")
    assert script.texts() == ["hello"]


def test_what_is_written_between_the_last_look_and_the_end_of_a_turn_rings_again(
    script, monkeypatch
):
    rung = []

    class LateSend(pump.Pump):
        async def run(self):
            await super().run()
            await self.engine.ask(stage.say, "late", sender="narrow:1", budget="narrow:1:chat")

    with monkeypatch.context() as patched:
        patched.setattr(pump, "Pump", LateSend)
        patched.setattr(pump, "ring", rung.append)
        pump.drain("narrow")
    assert rung[-1] == stage.NARROW_TASK
    pump.drain("narrow")
    assert script.texts() == ["late"]


def test_retry_takes_up_only_what_ended_badly(script):
    script.answers["bad"] = [NEVER]
    bad = stage.say("bad", lane="a")
    good = stage.say("good", lane="b")
    drain_until(lambda: states() == {"bad": "dead", "good": "sent"})
    assert outbox.retry([bad.pk, good.pk]) == 1
    drain_until(lambda: states() == {"bad": "sent", "good": "sent"})
    assert sorted(script.texts()) == ["bad", "bad", "good"]


def test_a_number_for_a_key_is_never_one_that_is_still_in_use(script):
    for _ in range(3):
        stage.say("again", key=f"say:topic:{outbox.number_after('say:topic:')}")
    assert Delivery.objects.count() == 3
    Delivery.objects.order_by("pk").first().delete()  # as cleaning does
    stage.say("again", key=f"say:topic:{outbox.number_after('say:topic:')}")
    assert Delivery.objects.count() == 3
    assert outbox.number_after("say:another:") == 0


def test_control_a_count_comes_back_to_a_number_that_is_still_in_use(script):
    for _ in range(3):
        stage.say("again", key=f"say:topic:{Delivery.objects.count()}")
    Delivery.objects.order_by("pk").first().delete()
    stage.say("again", key=f"say:topic:{Delivery.objects.count()}")
    assert Delivery.objects.count() == 2
