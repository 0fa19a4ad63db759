"""The poll finds what webhooks lost, doubles nothing; a bad account hurts only itself."""

import time
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from config.lib.advisory import lock_key
from config.lib.metrics import render_metrics
from integrations import tasks
from integrations.metrics import avito_poll_age
from integrations.models import AvitoAccount, BeatTick, Delivery, Hold, InboundEvent
from integrations.services import avito_tokens, cleaning, polling
from integrations.services.cleaning import delete_old_rows
from integrations.services.holds import place_hold
from integrations.signals import avito_messages_read
from integrations.tests.wires import buyer_says, connect_account, forget_tokens, open_chat

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def account(organization, sandbox):
    found = connect_account(organization, sandbox)
    sandbox.control("avito/webhooks", {"deliver": False})
    return found


@pytest.fixture
def chat_id(sandbox, account):
    return open_chat(sandbox, account)


def poll() -> int:
    """Poll as if the last time were a while ago."""
    past = timezone.now() - timedelta(seconds=15)
    AvitoAccount.objects.filter(polled_at__gt=past).update(polled_at=past)
    return polling.poll_due()


def client_of(account):
    return avito_tokens.access(account.pk).client


def at_once(account, moment) -> int:
    """Poll in the very moment of the last poll: no sweep falls in between."""
    account.polled_at = moment
    with time_machine.travel(moment, tick=False):
        return polling.poll_account(account)


def texts():
    rows = InboundEvent.objects.filter(source="avito").order_by("id")
    return [row.payload["value"]["content"].get("text") for row in rows]


def calls_of(sandbox, name):
    return len(sandbox.calls(f"avito.{name}"))


def test_what_no_webhook_told_is_found_in_order_and_once(sandbox, account, chat_id):
    for text in ("one", "two", "three"):
        buyer_says(sandbox, chat_id, text)
    assert poll() == 3
    assert poll() == 0
    assert texts() == ["one", "two", "three"]
    row = InboundEvent.objects.earliest("id")
    assert row.lane == f"avito:{account.pk}:{chat_id}"
    assert row.payload["type"] == "message"
    value = row.payload["value"]
    assert (value["chat_id"], value["user_id"], value["chat_type"]) == (
        chat_id,
        account.avito_user_id,
        "u2i",
    )
    assert value["author_id"] != account.avito_user_id
    account.refresh_from_db()
    assert account.polled_at is not None


def test_webhook_and_poll_store_the_same_row(live_site, sandbox, organization):
    account = connect_account(organization, sandbox)
    chat_id = open_chat(sandbox, account)
    buyer_says(sandbox, chat_id, "hello")
    wait_until(InboundEvent.objects.exists)
    by_webhook = InboundEvent.objects.get()
    assert poll() == 0
    InboundEvent.objects.all().delete()
    assert poll() == 1
    by_poll = InboundEvent.objects.get()
    for field in ("source", "account_id", "external_id", "lane"):
        assert getattr(by_poll, field) == getattr(by_webhook, field)
    told, asked = by_webhook.payload["value"], by_poll.payload["value"]
    assert {name: told[name] for name in asked if name != "read"} == {
        name: asked[name] for name in asked if name != "read"
    }


def wait_until(condition, seconds=10.0):
    deadline = timezone.now() + timedelta(seconds=seconds)
    while not condition():
        assert timezone.now() < deadline
        time.sleep(0.05)


def test_a_quiet_account_costs_one_call(sandbox, account, chat_id):
    buyer_says(sandbox, chat_id, "hello")
    poll()
    seen = calls_of(sandbox, "*")
    moment = timezone.now()
    at_once(account, moment)
    assert calls_of(sandbox, "*") == seen + 1


def test_a_burst_longer_than_a_page_is_read_to_its_beginning(sandbox, account, chat_id):
    for number in range(130):
        buyer_says(sandbox, chat_id, f"{number}")
    assert poll() == 130
    assert texts() == [f"{number}" for number in range(130)]


def test_what_the_seller_read_in_avitos_app_is_found_by_the_sweep(sandbox, account, chat_id):
    poll()
    buyer_says(sandbox, chat_id, "read elsewhere")
    client_of(account).mark_read(chat_id)
    moment = timezone.now()
    assert at_once(account, moment) == 0
    AvitoAccount.objects.update(polled_at=moment - timedelta(seconds=polling.SWEEP_SECONDS))
    assert polling.poll_due() == 1
    assert texts() == ["read elsewhere"]


def test_what_was_settled_before_the_account_came_stays_where_it_is(sandbox, account, chat_id):
    buyer_says(sandbox, chat_id, "old and answered")
    client_of(account).mark_read(chat_id)
    buyer_says(sandbox, chat_id, "old and waiting")
    AvitoAccount.objects.update(created_at=timezone.now() + timedelta(minutes=1))
    assert poll() == 1
    assert texts() == ["old and waiting"]


def test_our_own_words_come_in_as_well_as_by_webhook(sandbox, account, chat_id):
    buyer_says(sandbox, chat_id, "hello")
    client_of(account).send_text(chat_id, "answer from the app")
    assert poll() == 2
    assert texts() == ["hello", "answer from the app"]


def heard_reads(act) -> list[dict]:
    heard = []

    def hear(sender, **facts):
        heard.append({name: facts[name] for name in ("account_id", "chat_id", "message_ids")})

    avito_messages_read.connect(hear)
    try:
        act()
    finally:
        avito_messages_read.disconnect(hear)
    return heard


def test_a_deletion_is_seen_once_under_an_id_of_its_own(sandbox, account, chat_id):
    sandbox.control("avito/webhooks", {"deliver": False, "deletions": False})
    first = sandbox.control("avito/say", {"chat_id": chat_id, "text": "a mistake"})["message_id"]
    assert poll() == 1
    sandbox.control("avito/delete", {"chat_id": chat_id, "message_id": first})
    sweep_next()
    assert poll() == 1
    said, deleted = InboundEvent.objects.order_by("id")
    assert (said.external_id, deleted.external_id) == (first, f"{first}:deleted")
    assert deleted.payload["value"]["type"] == "deleted"
    assert deleted.lane == said.lane
    sweep_next()
    assert poll() == 0


def test_a_deletion_of_what_never_was_ours_is_left_alone(sandbox, account, chat_id):
    old = sandbox.control("avito/say", {"chat_id": chat_id, "text": "long ago"})["message_id"]
    sandbox.control("avito/delete", {"chat_id": chat_id, "message_id": old})
    AvitoAccount.objects.update(created_at=timezone.now() + timedelta(minutes=1))
    assert poll() == 0


def test_that_the_buyer_has_read_our_words_is_told_with_their_ids(sandbox, account, chat_id):
    buyer_says(sandbox, chat_id, "hello")
    answer = client_of(account).send_text(chat_id, "Yes, it is")
    poll()
    sweep_next()
    assert heard_reads(poll) == []
    sandbox.control("avito/read", {"chat_id": chat_id})
    sweep_next()
    told = heard_reads(poll)
    assert told == [{"account_id": account.pk, "chat_id": chat_id, "message_ids": [answer["id"]]}]


def test_what_the_buyer_does_not_read_is_looked_at_less_and_less(sandbox, account, chat_id):
    buyer_says(sandbox, chat_id, "hello")
    answer = client_of(account).send_text(chat_id, "Yes, it is")
    client_of(account).mark_read(chat_id)
    poll()

    def looks() -> int:
        before = calls_of(sandbox, "getMessagesV3")
        sweep_next()
        poll()
        return calls_of(sandbox, "getMessagesV3") - before

    assert looks() == 1
    age = {"chat_id": chat_id, "message_id": answer["id"], "seconds": 3601}
    sandbox.control("avito/age", age)
    assert looks() == 0


def test_a_listener_that_fails_does_not_stop_the_poll(sandbox, account, chat_id):
    buyer_says(sandbox, chat_id, "hello")
    client_of(account).send_text(chat_id, "Yes")
    sandbox.control("avito/read", {"chat_id": chat_id})

    def fail(sender, **facts):
        raise RuntimeError("a fault above")

    avito_messages_read.connect(fail)
    try:
        assert poll() == 2
    finally:
        avito_messages_read.disconnect(fail)
    account.refresh_from_db()
    assert account.last_error == ""


def sweep_next() -> None:
    """Let the next poll be one that looks at recent chats as well."""
    AvitoAccount.objects.update(polled_at=None)


def test_an_account_in_trouble_is_noted_and_does_not_stop_the_others(
    sandbox, organization, account, chat_id
):
    broken = connect_account(organization, sandbox, "client-2")
    AvitoAccount.objects.filter(pk=broken.pk).update(sealed_client_secret="nonsense")
    AvitoAccount.objects.filter(pk=broken.pk).update(token_expires_at=timezone.now())
    forget_tokens()
    buyer_says(sandbox, chat_id, "hello")
    assert poll() == 1
    broken.refresh_from_db()
    assert "SecretUnreadableError" in broken.last_error
    assert broken.last_error_at is not None


@pytest.mark.parametrize(("status", "named"), [(402, "no_subscription"), (403, "bad_credentials")])
def test_a_refusal_shows_on_the_account(sandbox, account, status, named):
    sandbox.fault("avito.*", "status", status=status, times=9)
    assert poll() == 0
    account.refresh_from_db()
    assert account.status == named
    asked = calls_of(sandbox, "*")
    poll()
    assert calls_of(sandbox, "*") == asked


def test_a_subscription_that_was_bought_is_noticed_within_the_hour(sandbox, account, chat_id):
    an_hour_ago = timezone.now() - timedelta(hours=1, seconds=1)
    AvitoAccount.objects.update(
        status="no_subscription", last_error="402", last_error_at=an_hour_ago
    )
    place_hold(key=account.sender, seconds=0.01, reason="no_subscription")
    buyer_says(sandbox, chat_id, "hello")
    time.sleep(0.05)
    assert poll() == 1
    account.refresh_from_db()
    assert (account.status, account.last_error) == ("active", "")
    assert not Hold.objects.exists()


def test_a_subscription_that_is_still_missing_is_asked_for_once_an_hour(sandbox, account):
    AvitoAccount.objects.update(
        status="no_subscription", last_error_at=timezone.now() - timedelta(hours=2)
    )
    sandbox.fault("avito.*", "status", status=402, times=9)
    poll()
    asked = calls_of(sandbox, "*")
    poll()
    assert calls_of(sandbox, "*") == asked
    account.refresh_from_db()
    assert account.status == "no_subscription"


def test_an_avito_that_is_down_is_noted_until_it_answers_again(sandbox, account, chat_id):
    sandbox.fault("avito.*", "status", status=503, times=3)
    assert poll() == 0
    account.refresh_from_db()
    assert "503" in account.last_error
    assert account.status == "active"
    sandbox.clear_faults()
    poll()
    account.refresh_from_db()
    assert account.last_error == ""


def test_under_a_hold_nobody_is_asked(sandbox, account, chat_id):
    sandbox.fault("avito.*", "status", status=429, retry_after=30, times=1)
    assert poll() == 0
    assert Hold.objects.get().key == account.sender
    asked = calls_of(sandbox, "*")
    assert poll() == 0
    assert calls_of(sandbox, "*") == asked


def test_an_account_that_somebody_else_polls_is_left_to_him(sandbox, account, chat_id):
    buyer_says(sandbox, chat_id, "hello")
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [lock_key(f"avito-poll:{account.pk}")])
    assert poll() == 0
    # Said, not left to the end of the connection, which the server notices a moment later.
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock_all()")
    other.close()
    assert poll() == 1


def test_a_bell_right_after_a_poll_asks_nothing(sandbox, account):
    poll()
    asked = calls_of(sandbox, "*")
    assert polling.poll_due() == 0
    assert calls_of(sandbox, "*") == asked


def test_the_age_of_the_poll_is_measured(account):
    AvitoAccount.objects.update(polled_at=timezone.now() - timedelta(seconds=90))
    (family,) = avito_poll_age()
    assert 90 <= family.samples[0].value < 100
    AvitoAccount.objects.update(polled_at=None, created_at=timezone.now() - timedelta(seconds=200))
    (family,) = avito_poll_age()
    assert 200 <= family.samples[0].value < 210
    assert b"depesha_avito_poll_age_seconds" in render_metrics()


def test_beat_leaves_its_mark(db):
    tasks.record_beat_tick()
    first = BeatTick.objects.get(name="beat").at
    tasks.record_beat_tick()
    assert BeatTick.objects.get(name="beat").at > first


def inbound(number, **fields):
    now = timezone.now()
    defaults = {"state": "done", "received_at": now, "not_before": now}
    return InboundEvent(
        source="telegram",
        account_id="00000000-0000-0000-0000-000000000001",
        external_id=str(number),
        lane="x",
        payload={},
        **{**defaults, **fields},
    )


def outbound(number, **fields):
    old = timezone.now() - timedelta(days=31)
    defaults = {"created_at": old, "not_before": old, "settled_at": old, "state": "sent"}
    return Delivery(
        kind="x",
        channel="mail",
        sender="mail:site",
        lane="x",
        budget_key="x",
        payload={},
        idempotency_key=str(number),
        **{**defaults, **fields},
    )


def test_only_what_is_finished_and_old_is_deleted(db, monkeypatch):
    monkeypatch.setattr(cleaning, "BATCH", 2)
    old = timezone.now() - timedelta(days=8)
    InboundEvent.objects.bulk_create(
        [
            *(inbound(number, received_at=old) for number in range(5)),
            inbound("new"),
            inbound("waiting", received_at=old, state="new"),
            inbound("aside", received_at=old, state="set_aside"),
        ]
    )
    recently = timezone.now() - timedelta(days=2)
    Delivery.objects.bulk_create(
        [
            *(outbound(number) for number in range(3)),
            outbound("late", settled_at=recently),
            outbound("open", state="queued", settled_at=None),
        ]
    )
    assert delete_old_rows() == 8
    left = InboundEvent.objects.values_list("external_id", flat=True)
    assert set(left) == {"new", "waiting", "aside"}
    kept = Delivery.objects.values_list("idempotency_key", flat=True)
    assert set(kept) == {"late", "open"}
