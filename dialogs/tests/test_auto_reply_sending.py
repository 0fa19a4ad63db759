"""Auto-replies whose time has come: looked at once more, sent once, by however many workers."""

import contextlib
import os
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.tests.races import at_once
from config.lib.redis import get_redis
from dialogs.models import AutoReply, Dialog, Message
from dialogs.selectors.locks import lock_dialog
from dialogs.services import auto_reply_sending
from dialogs.services.auto_reply_sending import send_due
from dialogs.services.messages import send_message, store_message
from dialogs.tests.auto_replies import TEXT, make_due, say, states, switch_on
from dialogs.tests.inbox import make_account, make_dialog
from dialogs.tests.relay import deliveries
from integrations.models import Delivery

BEAT_ONCE = """
import django
django.setup()
from dialogs.tasks import send_due_auto_replies
send_due_auto_replies()
"""


@pytest.fixture
def dialog(db, organization):
    return make_dialog(make_account(organization), texts=())


@pytest.fixture
def planned(relay, organization):
    """A relay in which a buyer waits for an answer, and the auto-reply for its time."""
    switch_on(organization)
    relay.buyer_says("Hello")
    relay.run()
    return relay


def automatic():
    return Message.objects.filter(is_auto_reply=True)


def test_what_is_due_for_more_than_an_hour_comes_too_late(dialog, organization):
    switch_on(organization)
    say(dialog)
    make_due(minutes_ago=61)
    assert send_due() == 0
    assert states(dialog) == [("day", "cancelled", "too_late")]
    assert not automatic().exists()


def test_after_a_long_outage_it_still_goes_out_in_the_same_night(dialog, organization):
    now = timezone.now()
    switch_on(
        organization,
        always=False,
        timezone="UTC",
        start_time=(now - timedelta(hours=3)).time(),
        end_time=(now + timedelta(hours=3)).time(),
    )
    say(dialog)
    make_due(minutes_ago=120)
    assert send_due() == 1
    assert states(dialog) == [("hours", "sent", "")]


def test_it_is_looked_at_once_more_before_it_goes(dialog, organization):
    settings = switch_on(organization)
    say(dialog)
    # Written by something that tells the auto-reply nothing.
    Message.objects.create(
        dialog=dialog,
        direction="telegram",
        is_incoming=False,
        text="Good day",
        correlation_id="test",
        written_at=timezone.now(),
    )
    make_due()
    assert send_due() == 0
    assert states(dialog) == [("day", "cancelled", "answered")]
    other = make_dialog(dialog.avito_account, "Other", texts=())
    say(other)
    Dialog.objects.filter(pk=other.pk).update(status="held")
    third = make_dialog(dialog.avito_account, "Third", texts=())
    say(third)
    Dialog.objects.filter(pk=third.pk).update(avito_account=None)
    make_due()
    assert send_due() == 0
    assert states(other) == [("day", "cancelled", "held")]
    assert states(third) == [("day", "cancelled", "no_account")]
    fourth = make_dialog(dialog.avito_account, "Fourth", texts=())
    say(fourth)
    settings.enabled = False
    settings.save()
    make_due()
    assert send_due() == 0
    assert states(fourth) == [("day", "cancelled", "switched_off")]
    assert not automatic().exists()


def test_the_text_is_the_one_of_the_moment_it_goes_out(dialog, organization):
    settings = switch_on(organization)
    say(dialog)
    settings.text = "We are back on Monday."
    settings.save()
    make_due()
    assert send_due() == 1
    assert automatic().get().text == "We are back on Monday."


def test_a_long_text_goes_out_in_parts(planned, organization):
    paragraphs = ["a" * 700, "b" * 700]
    organization.auto_reply.text = "\n\n".join(paragraphs)
    organization.auto_reply.save()
    make_due()
    assert send_due() == 1
    planned.run()
    assert planned.answers_on_avito() == paragraphs
    assert automatic().count() == 1


def test_it_is_not_said_to_avito_an_hour_later(dialog, organization):
    switch_on(organization)
    say(dialog)
    make_due()
    assert send_due() == 1
    part = Delivery.objects.get(kind="dialogs.to_avito")
    assert part.expires_at == automatic().get().written_at + timedelta(hours=1)
    send_message(actor=organization.members.first(), dialog=dialog, text="Good day")
    assert Delivery.objects.filter(kind="dialogs.to_avito").latest("pk").expires_at is None


def test_one_that_fails_holds_up_no_other(dialog, organization, monkeypatch):
    switch_on(organization)
    other = make_dialog(dialog.avito_account, "Other", texts=())
    for each in (dialog, other):
        say(each)
        make_due()

    def refuse(message):
        if message.dialog_id == dialog.pk:
            raise RuntimeError("a fault of ours")

    monkeypatch.setattr(auto_reply_sending, "queue_to_telegram", refuse)
    assert send_due() == 1
    assert states(dialog) == [("day", "cancelled", "failed")]
    assert states(other) == [("day", "sent", "")]
    assert automatic().get().dialog == other


@pytest.mark.django_db(transaction=True)
def test_it_survives_a_restart_and_an_empty_redis(planned):
    get_redis().flushall()
    make_due()
    address = os.environ["DATABASE_URL"].rpartition("/")[0]
    name = connection.settings_dict["NAME"]
    subprocess.run(
        [sys.executable, "-c", BEAT_ONCE],
        env={**os.environ, "DATABASE_URL": f"{address}/{name}"},
        check=True,
        timeout=60,
    )
    planned.run()
    assert planned.answers_on_avito() == [TEXT]
    assert deliveries("to_avito") == ["sent"]


@pytest.fixture
def rivals(transactional_db, organization, monkeypatch):
    """Two workers that look for what is due at once, and each wait for the other to have it."""
    dialog = make_dialog(make_account(organization), texts=())
    switch_on(organization)
    say(dialog)
    make_due()
    both = threading.Barrier(2)

    def store_after_both_have_read(message):
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(1)
        return store_message(message)

    monkeypatch.setattr(auto_reply_sending, "store_message", store_after_both_have_read)
    return lambda: at_once(2, lambda _number: send_due())


def test_two_workers_send_one_reply(rivals):
    assert sorted(rivals()) == [0, 1]
    assert automatic().count() == 1
    assert Delivery.objects.filter(kind="dialogs.to_avito").count() == 1


def test_without_the_lock_they_would_send_two(rivals, monkeypatch):
    def read_without_lock():
        waiting = AutoReply.objects.filter(state="waiting", due_at__lte=Now())
        return waiting.select_related("dialog__avito_account", "dialog__organization").first()

    monkeypatch.setattr(auto_reply_sending, "lock_due_auto_reply", read_without_lock)
    assert sorted(rivals()) == [1, 1]
    assert automatic().count() == 2


def test_a_dialog_that_somebody_is_busy_with_is_left_for_the_next_round(
    transactional_db, organization
):
    dialog = make_dialog(make_account(organization), texts=())
    switch_on(organization)
    say(dialog)
    make_due()
    with transaction.atomic():
        lock_dialog(dialog.pk)
        assert at_once(1, lambda _number: send_due()) == [0]
    assert send_due() == 1
