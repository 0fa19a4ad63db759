"""The admin: staff see everything but secrets, and what they do goes through the services."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from config.lib.logs import RedactingJsonFormatter
from config.lib.redis import get_redis
from integrations.models import Bot, Delivery, Hold, InboundEvent
from integrations.services import bots, secrets
from integrations.services.holds import place_hold
from integrations.tests import stage
from integrations.tests.wires import connect_account, connect_bot

pytestmark = pytest.mark.django_db(transaction=True)
MODELS = (
    "bot",
    "avitoaccount",
    "inboundevent",
    "delivery",
    "hold",
    "integrationlog",
    "beattick",
)


@pytest.fixture
def bot(organization, sandbox, bot_token):
    return connect_bot(organization, sandbox, bot_token)


@pytest.fixture
def desk(page, staff):
    return page(staff)


def act(desk, model, action, *ids, **more):
    return desk.post(
        reverse(f"admin:integrations_{model}_changelist"),
        {"action": action, "_selected_action": [str(pk) for pk in ids], **more},
        follow=True,
    )


def event(**fields):
    now = timezone.now()
    defaults = {
        "source": "telegram",
        "account_id": "00000000-0000-0000-0000-000000000001",
        "external_id": "1",
        "lane": "telegram:x:1",
        "payload": {"update_id": 1},
        "not_before": now,
        "received_at": now,
    }
    return InboundEvent.objects.create(**{**defaults, **fields})


def delivery(**fields):
    stage.set_up()
    made = stage.say("hello")
    Delivery.objects.filter(pk=made.pk).update(**fields)
    made.refresh_from_db()
    return made


@pytest.mark.parametrize("model", MODELS)
def test_every_list_opens_with_search_and_filters(desk, model):
    answer = desk.get(reverse(f"admin:integrations_{model}_changelist"), {"q": "1"})
    assert answer.status_code == 200


def test_no_page_shows_a_secret(desk, sandbox, bot, bot_token, organization):
    account = connect_account(organization, sandbox)
    account.refresh_from_db()
    for model, row in (("bot", bot), ("avitoaccount", account)):
        answer = desk.get(reverse(f"admin:integrations_{model}_change", args=[row.pk]))
        text = answer.content.decode()
        assert answer.status_code == 200
        assert bot_token not in text
        assert "dps1." not in text
        assert "secret-of" not in text
    assert (
        secrets.token_hint(bot_token)
        in desk.get(reverse("admin:integrations_bot_change", args=[bot.pk])).content.decode()
    )


@pytest.mark.parametrize("model", MODELS)
def test_nothing_is_added_by_hand(desk, model):
    assert desk.get(reverse(f"admin:integrations_{model}_add")).status_code == 403


def test_an_event_is_handled_once_more(desk):
    done = event(state="done", attempts=3, last_error="x", processed_at=timezone.now())
    get_redis().flushdb()
    answer = act(desk, "inboundevent", "replay", done.pk)
    assert "1 done." in answer.content.decode()
    done.refresh_from_db()
    assert (done.state, done.attempts, done.processed_at) == ("new", 0, None)
    assert get_redis().exists("bell:integrations.process_inbox")


def test_a_dead_delivery_is_sent_again_and_its_journal_is_seen(desk):
    dead = delivery(state="dead", attempts=8, last_error_code="bad_request")
    dead.journal.create(at=timezone.now(), outcome="permanent", error="the journal's own words")
    shown = desk.get(reverse("admin:integrations_delivery_change", args=[dead.pk]))
    assert "the journal&#x27;s own words" in shown.content.decode()
    act(desk, "delivery", "retry", dead.pk)
    dead.refresh_from_db()
    assert (dead.state, dead.attempts) == ("retry", 0)


@pytest.mark.parametrize(("action", "state"), [("was_sent", "sent"), ("cancel", "cancelled")])
def test_a_person_decides_what_nobody_could_tell(desk, action, state):
    unclear = delivery(state="ambiguous", needs_person=True, ambiguous_at=timezone.now())
    act(desk, "delivery", action, unclear.pk)
    unclear.refresh_from_db()
    assert (unclear.state, unclear.needs_person) == (state, False)


def test_a_decision_about_what_is_decided_is_refused_and_said(desk):
    sent = delivery(state="sent")
    answer = act(desk, "delivery", "cancel", sent.pk)
    assert "1 done." not in answer.content.decode()
    sent.refresh_from_db()
    assert sent.state == "sent"


def test_deleting_a_hold_sets_its_sends_free(desk, bot):
    place_hold(key=bot.sender, seconds=3600, reason="limited")
    get_redis().flushdb()
    act(desk, "hold", "delete_selected", Hold.objects.get().pk, post="yes")
    assert not Hold.objects.exists()
    assert get_redis().exists("bell:integrations.pump_telegram")


def test_bots_are_switched_and_removed_by_the_services(desk, sandbox, bot, bot_token):
    act(desk, "bot", "deactivate", bot.pk)
    bot.refresh_from_db()
    assert (bot.status, bot.webhook_set_at) == ("inactive", None)
    act(desk, "bot", "activate", bot.pk)
    bot.refresh_from_db()
    assert bot.status == "active"
    assert bot.webhook_set_at > timezone.now() - timedelta(minutes=1)
    asked = len(sandbox.calls("telegram.deleteWebhook"))
    desk.post(reverse("admin:integrations_bot_delete", args=[bot.pk]), {"post": "yes"})
    assert not Bot.objects.exists()
    assert len(sandbox.calls("telegram.deleteWebhook")) == asked + 1


def test_a_refusal_is_shown_not_raised(desk, sandbox, bot):
    sandbox.fault("telegram.setWebhook", "status", status=502, times=1)
    answer = act(desk, "bot", "set_webhooks", bot.pk)
    assert answer.status_code == 200
    assert "1 done." not in answer.content.decode()


def test_who_has_no_right_to_change_has_no_deeds(rf, db):
    looker = User.objects.create(username="vera", role="USER")
    request = rf.get("/admin/")
    request.user = looker
    for model in (Bot, Delivery, InboundEvent):
        actions = admin.site._registry[model].get_actions(request)
        assert set(actions) <= {"delete_selected"}


def test_a_token_is_in_no_line_that_is_written(caplog, sandbox, bot, bot_token, settings):
    settings.TELEGRAM_API_BASE = "http://127.0.0.1:1/telegram"
    bots.delete_bot(actor=None, bot=bot)
    formatter = RedactingJsonFormatter()
    written = "".join(formatter.format(record) for record in caplog.records)
    assert "webhook not deleted" in written
    assert "deleteWebhook" in written
    assert bot_token not in written
