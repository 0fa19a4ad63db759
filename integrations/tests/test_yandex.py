"""The site's bot in Yandex Messenger: what it sends, and what is written to it."""

import asyncio
import json

import pytest
from django.conf import settings as site_settings
from django.db import connection

from config.lib.advisory import lock_key
from integrations.models import Delivery, Hold, InboundEvent, YandexBot
from integrations.selectors.yandex import find_yandex_bot
from integrations.services import pump, yandex_bot
from integrations.services.calls import Call, Policy, Status
from integrations.services.outbox import deliver, kinds, register_kind
from integrations.yandex import sender

TOKEN = "y0_token-of-the-tests"
BOT = "bot@example.org"
ANNA = "anna@example.org"
LETTER = {"login": ANNA, "text": "Hello", "payload_id": "p1"}


@pytest.fixture
def messenger(sandbox, settings):
    settings.YANDEX_BOT_TOKEN = TOKEN
    sandbox.control("yandex/bots", {"token": TOKEN, "login": BOT, "display_name": "Depesha"})
    sandbox.control("yandex/users", {"login": ANNA})
    return sandbox


def send(**changes):
    return asyncio.run(sender.send("yandex:site", Call("sendText", {**LETTER, **changes})))


def said(messenger):
    return [m["text"] for m in messenger.control(f"yandex/chats/{ANNA}")["messages"]]


def say(messenger, *texts):
    return [
        messenger.control("yandex/say", {"login": ANNA, "text": text})["update_id"]
        for text in texts
    ]


def received():
    rows = InboundEvent.objects.filter(source="yandex").order_by("id")
    return [row.payload["text"] for row in rows]


def hook(client, updates, secret=None):
    return client.post(
        f"/api/webhooks/yandex/{secret or yandex_bot.webhook_secret()}",
        json.dumps({"ok": True, "updates": updates}),
        content_type="application/json",
    )


def update(number, text="hi", **changes):
    return {
        "update_id": number,
        "message_id": 1,
        "timestamp": 1,
        "chat": {"type": "private"},
        "from": {"login": ANNA, "robot": False},
        "text": text,
        **changes,
    }


def test_a_repeat_is_the_same_message(messenger):
    first = send()
    assert first.status is Status.SENT
    assert send(text="Hello again") == first
    assert said(messenger) == ["Hello"]


@pytest.mark.parametrize(
    ("fault", "status", "code", "retry_after"),
    [
        ({"do": "status", "status": 429, "retry_after": 7}, Status.LIMITED, "limited", 7),
        ({"do": "status", "status": 500}, Status.RETRY, "no_answer", None),
        ({"do": "drop"}, Status.RETRY, "no_answer", None),
        ({"do": "timeout_after", "seconds": 0.1}, Status.RETRY, "no_answer", None),
        ({"do": "error", "error": "No"}, Status.PERMANENT, "bad_request", None),
        ({"do": "status", "status": 403}, Status.PERMANENT, "forbidden", None),
    ],
    ids=lambda value: str(value.get("status", value["do"])) if isinstance(value, dict) else None,
)
def test_what_a_failure_means(messenger, fault, status, code, retry_after):
    messenger.control("faults", {"on": "yandex.sendText", "times": 1, **fault})
    outcome = send()
    assert (outcome.status, outcome.code, outcome.retry_after) == (status, code, retry_after)
    assert not outcome.whole_sender
    # What became of the first call or not: a second one does no harm.
    assert send().status is Status.SENT
    assert said(messenger) == ["Hello"]


def test_a_pace_without_a_time_is_answered_with_one_of_ours(messenger):
    messenger.fault("yandex.sendText", "status", status=429, times=1)
    assert 5 <= send().retry_after <= 6


@pytest.mark.parametrize(
    ("person", "code"),
    [
        ({"login": ANNA, "is_closed": True}, "closed_by_privacy"),
        ({"login": ANNA, "is_foreign": True}, "other_organization"),
        ({"login": "else@example.org"}, "user_not_found"),
    ],
)
def test_who_cannot_be_reached(messenger, person, code):
    messenger.control("reset", {})
    messenger.control("yandex/bots", {"token": TOKEN})
    messenger.control("yandex/users", person)
    outcome = send()
    assert (outcome.status, outcome.code) == (Status.PERMANENT, code)
    assert TOKEN not in outcome.text


@pytest.mark.parametrize(
    ("token", "code"), [("another", "bad_token"), ("", "sender_inactive")], ids=["bad", "off"]
)
def test_without_a_good_token_the_whole_channel_waits(messenger, settings, token, code):
    settings.YANDEX_BOT_TOKEN = token
    outcome = send()
    assert (outcome.status, outcome.code) == (Status.LIMITED, code)
    assert outcome.whole_sender
    assert outcome.retry_after >= 60


@pytest.mark.django_db(transaction=True)
def test_its_queue_is_its_own(messenger):
    """A Yandex that hangs keeps its own deliveries waiting, and none of the others."""
    if "tests.yandex" not in kinds:
        register_kind(
            "tests.yandex",
            lambda delivery: Call("sendText", {**LETTER, "payload_id": str(delivery.pk)}),
            lambda delivery, outcome: None,
            Policy(),
        )
    for number in range(2):
        deliver(
            kind="tests.yandex",
            sender="yandex:site",
            lane=f"l{number}",
            budget_key=f"yandex:site:{number}",
            payload={},
            idempotency_key=f"k{number}",
        )
    pump.drain("mail")
    assert said(messenger) == []
    pump.drain("yandex")
    assert said(messenger) == ["Hello", "Hello"]
    assert set(Delivery.objects.values_list("channel", "state")) == {("yandex", "sent")}
    routes = site_settings.CELERY_TASK_ROUTES
    assert routes["integrations.pump_yandex"]["queue"] == "yandex"


@pytest.mark.django_db(transaction=True)
class TestPolling:
    def test_what_is_written_is_fetched_once_and_in_order(self, messenger):
        ids = say(messenger, "one", "two")
        assert yandex_bot.poll_due() == 2
        assert yandex_bot.poll_due() == 0
        say(messenger, "three")
        assert yandex_bot.poll_due() == 1
        assert received() == ["one", "two", "three"]
        bot = YandexBot.objects.get()
        assert (bot.login, bot.display_name, bot.next_update_id > ids[1]) == (BOT, "Depesha", True)
        row = InboundEvent.objects.earliest("id")
        assert row.lane == f"yandex:{bot.pk}:{ANNA}"
        # The address was told once, not for each look.
        assert len(messenger.calls("yandex.selfUpdate")) == 1

    def test_what_was_not_stored_is_not_forgotten_there(self, messenger, monkeypatch):
        say(messenger, "one")
        monkeypatch.setattr(yandex_bot, "store", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            yandex_bot.poll_due()
        monkeypatch.undo()
        assert yandex_bot.poll_due() == 1
        assert received() == ["one"]

    def test_a_refused_token_is_not_tried_again_at_once(self, messenger, settings):
        settings.YANDEX_BOT_TOKEN = "another"
        assert yandex_bot.poll_due() == yandex_bot.poll_due() == 0
        assert len(messenger.calls("yandex.*")) == 1
        assert Hold.objects.get().key == "yandex:site"

    @pytest.mark.parametrize("do", ["drop", "status"])
    def test_an_outage_passes(self, messenger, do):
        say(messenger, "one")
        messenger.fault("yandex.*", do, status=502, times=1)
        assert yandex_bot.poll_due() == 0
        assert yandex_bot.poll_due() == 1

    def test_only_one_process_asks(self, messenger):
        other = connection.copy()
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [lock_key("yandex-poll")])
            assert yandex_bot.poll_due() == 0
            cursor.execute("SELECT pg_advisory_unlock_all()")
        other.close()
        assert messenger.calls("yandex.*") == []

    def test_without_a_token_nobody_is_asked(self, messenger, settings):
        settings.YANDEX_BOT_TOKEN = ""
        assert yandex_bot.poll_due() == 0
        assert find_yandex_bot() is None
        assert messenger.calls("yandex.*") == []


@pytest.mark.django_db(transaction=True)
class TestWebhook:
    @pytest.fixture
    def bot(self, messenger, settings):
        settings.YANDEX_WEBHOOK = True
        yandex_bot.poll_due()
        return find_yandex_bot()

    def test_updates_are_stored_once(self, client, bot):
        for _ in range(2):
            assert hook(client, [update(1, "a"), update(2, "b")]).status_code == 200
        assert received() == ["a", "b"]

    def test_what_makes_no_sense_is_passed_over(self, client, bot):
        odd = [
            update("x"),
            update(3, **{"from": {"id": "a channel"}}),
            update(4, **{"from": "who"}),
            update(5, **{"from": {"login": "l" * 129}}),
            update(6, "nul \x00 and \ud800"),
        ]
        assert hook(client, odd).status_code == 200
        (text,) = received()
        assert "\x00" not in text

    @pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"updates": [1]}', b"\xff", b"[" * 9999])
    def test_another_body_is_refused(self, client, bot, body):
        url = f"/api/webhooks/yandex/{yandex_bot.webhook_secret()}"
        assert client.post(url, body, content_type="application/json").status_code == 400

    @pytest.mark.parametrize("secret", ["wrong", "%D1%8F"])
    def test_a_wrong_secret_is_nowhere(self, client, bot, secret):
        assert hook(client, [update(1)], secret=secret).status_code == 404
        assert not InboundEvent.objects.exists()

    def test_without_a_token_there_is_no_such_address(self, client, bot, settings):
        settings.YANDEX_BOT_TOKEN = ""
        assert hook(client, [update(1)]).status_code == 404

    def test_what_comes_before_the_introduction_comes_again(self, client, bot):
        YandexBot.objects.all().delete()
        assert hook(client, [update(1)]).status_code == 503
        assert not InboundEvent.objects.exists()

    def test_the_address_is_told_and_taken_back(self, messenger, bot, settings):
        def told():
            return messenger.control("state")["yandex"]["bots"][0]["webhook_url"]

        assert told().endswith(f"/api/webhooks/yandex/{yandex_bot.webhook_secret()}")
        assert yandex_bot.poll_due() == 0
        assert messenger.calls("yandex.getUpdates") == []
        settings.YANDEX_WEBHOOK = False
        yandex_bot.poll_due()
        assert told() is None
        assert len(messenger.calls("yandex.getUpdates")) == 1
