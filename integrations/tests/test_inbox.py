"""The inbox: stored once, handled in order, poison set aside, several workers at once."""

import threading
import time
import uuid

import pytest
from django.db import connection, transaction

from integrations.models import InboundEvent
from integrations.services import inbox

pytestmark = pytest.mark.django_db(transaction=True)

ACCOUNT = uuid.uuid4()


@pytest.fixture
def handled(monkeypatch):
    """A source of our own whose handler notes what it gets; ``fail`` says how often it fails."""
    seen: list[str] = []
    fail: dict[str, int] = {}

    def handler(event):
        name = event.external_id
        if fail.get(name, 0):
            fail[name] -= 1
            raise ValueError(f"cannot read {name}")
        seen.append(name)
        return True

    if "stage" not in inbox._kind_of:
        inbox.register_source("stage", lambda payload: payload.get("kind", "message"))
    monkeypatch.setitem(inbox._handlers, ("stage", "message"), [handler])
    monkeypatch.setattr(inbox, "BACKOFF_SECONDS", 0.02)
    handler.seen, handler.fail = seen, fail
    return handler


def receive(external_id: str, *, lane="chat", payload=None) -> InboundEvent:
    return inbox.receive(
        source="stage",
        account_id=ACCOUNT,
        external_id=external_id,
        lane=lane,
        payload=payload or {"kind": "message"},
    )


def drain_until(done):
    deadline = time.monotonic() + 10
    while not done():
        assert time.monotonic() < deadline
        inbox.drain()
        time.sleep(0.01)


def test_the_same_event_is_stored_and_handled_once(handled):
    first, again = receive("1"), receive("1", payload={"kind": "message", "again": True})
    assert again.pk == first.pk
    assert inbox.drain() == 1
    assert inbox.drain() == 0
    assert handled.seen == ["1"]
    event = InboundEvent.objects.get()
    assert (event.state, event.attempts, event.payload) == ("done", 1, {"kind": "message"})


def test_an_event_and_its_effect_are_committed_together_or_not_at_all(handled):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        receive("1")
        1 / 0  # noqa: B018
    assert inbox.drain() == 0
    assert not InboundEvent.objects.exists()


def test_a_lane_waits_for_its_failing_head_and_others_go_on(handled):
    handled.fail["1"] = 2
    receive("1")
    receive("2")
    receive("other", lane="elsewhere")
    inbox.drain()
    assert handled.seen == ["other"]
    drain_until(lambda: len(handled.seen) == 3)
    assert handled.seen == ["other", "1", "2"]


def test_poison_is_set_aside_and_its_lane_goes_on_until_it_is_replayed(handled):
    handled.fail["1"] = inbox.MAX_ATTEMPTS
    poison = receive("1")
    receive("2")
    drain_until(lambda: handled.seen == ["2"])
    poison.refresh_from_db()
    assert (poison.state, poison.attempts) == ("set_aside", inbox.MAX_ATTEMPTS)
    assert "cannot read 1" in poison.last_error
    assert inbox.replay([poison.pk]) == 1
    drain_until(lambda: handled.seen == ["2", "1"])


def test_what_nobody_claims_is_done_all_the_same(handled):
    receive("1", payload={"kind": "odd"})
    assert inbox.drain() == 1
    assert InboundEvent.objects.get().state == "done"


def test_handlers_are_asked_in_order_until_one_claims(handled, monkeypatch):
    asked = []
    monkeypatch.setitem(
        inbox._handlers,
        ("stage", "message"),
        [
            lambda event: asked.append("first") or False,
            lambda event: asked.append("second") or True,
            lambda event: asked.append("third") or True,
        ],
    )
    receive("1")
    inbox.drain()
    assert asked == ["first", "second"]


def test_the_correlation_id_of_the_receipt_is_active_in_the_handler(handled, monkeypatch):
    from config.lib.correlation import correlated, peek_correlation_id

    ids = []
    monkeypatch.setitem(
        inbox._handlers, ("stage", "message"), [lambda e: ids.append(peek_correlation_id()) or True]
    )
    with correlated("from-the-webhook"):
        receive("1")
    inbox.drain()
    assert ids == ["from-the-webhook"]


def race(workers: int) -> None:
    start = threading.Barrier(workers)

    def work():
        start.wait()
        try:
            for _ in range(40):
                inbox.drain()
                time.sleep(0.002)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def fill(lanes: int, events: int) -> None:
    for n in range(events):
        for lane in range(lanes):
            receive(f"{lane}-{n}", lane=f"chat{lane}")


def test_several_workers_handle_each_event_once_and_each_lane_in_order(handled):
    fill(4, 8)
    race(4)
    assert len(handled.seen) == 32
    for lane in range(4):
        mine = [name for name in handled.seen if name.startswith(f"{lane}-")]
        assert mine == [f"{lane}-{n}" for n in range(8)]


def test_without_the_row_lock_events_are_handled_twice(handled, monkeypatch):
    """The control of the test above: the race is real."""

    def unlocked(event_id):
        event = InboundEvent.objects.filter(pk=event_id, state="new").first()
        if event is None:
            return False
        time.sleep(0.01)
        handled(event)
        InboundEvent.objects.filter(pk=event_id).update(state="done")
        return True

    monkeypatch.setattr(inbox, "_handle", unlocked)
    fill(2, 6)
    race(4)
    assert len(handled.seen) > 12
