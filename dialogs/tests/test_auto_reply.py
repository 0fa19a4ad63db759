"""The auto-reply on its whole way: planned, called off by any answer, sent once."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from dialogs.models import AutoReply, Message
from dialogs.services.auto_reply_sending import send_due
from dialogs.services.dialogs import update_dialog
from dialogs.services.messages import send_message
from dialogs.tasks import send_due_auto_replies
from dialogs.tests.auto_replies import TEXT, make_due, say, states, switch_on
from dialogs.tests.inbox import make_account, make_dialog

WAITING = ("day", "waiting", "")


@pytest.fixture
def planned(relay, organization):
    """A relay in which a buyer waits for an answer, and the auto-reply for its time."""
    switch_on(organization)
    relay.buyer_says("Hello")
    relay.run()
    assert states(relay.dialog) == [WAITING]
    return relay


@pytest.fixture
def dialog(db, organization):
    return make_dialog(make_account(organization), texts=())


def automatic():
    return Message.objects.filter(is_auto_reply=True)


def test_whom_nobody_answers_is_answered_on_avito_and_it_shows_in_the_topic(planned):
    assert send_due() == 0
    make_due()
    send_due_auto_replies()
    planned.run()
    assert planned.answers_on_avito() == [TEXT]
    assert planned.in_topic()[-1] == f"Auto-reply:\n{TEXT}"
    message = automatic().get()
    assert (message.status, message.author, message.author_name) == ("sent", None, "")
    assert AutoReply.objects.get().message == message
    # Its echo is not an answer of a person, and nobody has read what the buyer wrote.
    assert planned.dialog.unread_count == 1
    assert Message.objects.count() == 2


def test_it_is_due_a_while_after_the_first_message_nobody_answered(planned):
    due = AutoReply.objects.values_list("due_at", flat=True)
    first = due.get()
    left = AutoReply.objects.annotate(now=Now()).get()
    assert timedelta(seconds=60) < left.due_at - left.now <= timedelta(seconds=75)
    planned.buyer_says("Hello?")
    planned.run()
    assert due.get() == first


def test_of_several_messages_one_is_answered(planned):
    make_due()
    assert send_due() == 1
    planned.buyer_says("And the price?")
    planned.run()
    make_due()
    assert send_due() == 0
    assert planned.answers_on_avito() == [TEXT]


def answer_in_telegram(relay):
    relay.seller_says("Good day")


def answer_on_the_site(relay):
    owner = relay.organization.members.get(memberships__role="owner")
    send_message(actor=owner, dialog=relay.dialog, text="Good day")


def answer_in_the_app(relay):
    relay.buyer_says("Good day", by="seller")


@pytest.mark.parametrize("answer", [answer_in_telegram, answer_on_the_site, answer_in_the_app])
def test_a_person_who_answers_calls_it_off(planned, answer):
    answer(planned)
    planned.run()
    assert states(planned.dialog) == [("day", "cancelled", "answered")]
    make_due()
    assert send_due() == 0
    planned.buyer_says("Thanks!")
    planned.run()
    assert states(planned.dialog) == [("day", "cancelled", "answered")]


@pytest.mark.parametrize(
    ("command", "reason"), [("/hold", "held"), ("/close", "closed"), ("/ban", "banned")]
)
def test_a_command_in_the_topic_calls_it_off(planned, command, reason):
    planned.seller_says(command)
    planned.run()
    assert states(planned.dialog) == [("day", "cancelled", reason)]


def test_a_note_is_no_answer(planned):
    planned.seller_says("/note He haggles")
    planned.run()
    assert states(planned.dialog) == [WAITING]
    make_due()
    assert send_due() == 1


@pytest.mark.parametrize("status", ["held", "closed"])
def test_who_writes_to_a_dialog_that_was_put_aside_is_answered_again(dialog, organization, status):
    switch_on(organization)
    say(dialog)
    update_dialog(dialog=dialog, status=status)
    say(dialog, "Anybody?")
    assert states(dialog) == [("day", "cancelled", status), WAITING]


def test_a_banned_buyer_is_not_answered(dialog, organization):
    switch_on(organization)
    update_dialog(dialog=dialog, status="banned")
    say(dialog)
    assert states(dialog) == []


@pytest.mark.parametrize("fields", [{"enabled": False}, {"text": ""}])
def test_nobody_is_answered_while_it_is_off_or_has_nothing_to_say(dialog, organization, fields):
    switch_on(organization, **fields)
    say(dialog)
    assert states(dialog) == []


@pytest.mark.parametrize("kind", ["system", "deleted"])
def test_what_no_person_said_is_not_answered(dialog, organization, kind):
    switch_on(organization)
    say(dialog, kind=kind)
    assert states(dialog) == []


def test_a_picture_is_answered_as_words_are(dialog, organization):
    switch_on(organization)
    say(dialog, "", kind="image")
    assert states(dialog) == [WAITING]


def test_what_was_written_before_an_answer_and_heard_of_later_is_answered_already(
    dialog, organization
):
    switch_on(organization)
    say(dialog, "Good day", at="2026-11-20T12:01", incoming=False)
    say(dialog, "Hello", at="2026-11-20T12:00")
    assert states(dialog) == []


def test_at_any_time_it_answers_once_in_a_conversation(dialog, organization):
    switch_on(organization)
    say(dialog, at="2026-11-20T12:00")
    make_due()
    say(dialog, TEXT, at="2026-11-20T12:02", incoming=False, is_auto_reply=True)
    AutoReply.objects.update(state="sent")
    say(dialog, at="2026-11-20T18:00")
    say(dialog, at="2026-11-21T12:01")
    assert len(states(dialog)) == 1
    say(dialog, at="2026-11-21T12:02")
    assert states(dialog)[1:] == [WAITING]


def test_at_any_time_it_keeps_out_of_the_talk_of_people_for_a_day(dialog, organization):
    switch_on(organization)
    say(dialog, "Good day", at="2026-11-20T12:00", incoming=False)
    say(dialog, at="2026-11-21T11:59")
    assert states(dialog) == []
    say(dialog, at="2026-11-21T12:00")
    assert states(dialog) == [WAITING]


NIGHT = {"always": False, "start_time": "21:00", "end_time": "09:00"}


def test_in_hours_it_answers_once_a_night(dialog, organization):
    switch_on(organization, **NIGHT)
    say(dialog, at="2026-11-20T19:59")
    assert states(dialog) == []
    say(dialog, at="2026-11-20T20:00")
    AutoReply.objects.update(state="sent")
    say(dialog, at="2026-11-20T23:30")
    say(dialog, at="2026-11-21T07:59")
    assert len(states(dialog)) == 1
    say(dialog, at="2026-11-21T08:00")
    assert len(states(dialog)) == 1
    say(dialog, at="2026-11-21T21:00")
    assert states(dialog) == [("hours", "sent", ""), ("hours", "waiting", "")]


def test_in_hours_it_keeps_out_of_a_night_in_which_a_person_answers(dialog, organization):
    switch_on(organization, **NIGHT)
    say(dialog, "Good evening", at="2026-11-20T20:30", incoming=False)
    say(dialog, at="2026-11-21T03:00")
    assert states(dialog) == []
    say(dialog, "Good morning", at="2026-11-21T08:30", incoming=False)
    say(dialog, at="2026-11-21T20:01")
    assert states(dialog) == [("hours", "waiting", "")]


def test_what_was_called_off_by_no_answer_may_be_planned_again_in_its_night(dialog, organization):
    switch_on(organization, **NIGHT)
    say(dialog, at="2026-11-20T21:00")
    update_dialog(dialog=dialog, status="held")
    assert states(dialog) == [("hours", "cancelled", "held")]
    say(dialog, at="2026-11-20T22:00")
    assert states(dialog) == [("hours", "waiting", "")]


def test_changed_hours_do_not_answer_twice_in_one_night(dialog, organization):
    settings = switch_on(organization, **NIGHT)
    say(dialog, at="2026-11-20T21:00")
    AutoReply.objects.update(state="sent")
    settings.start_time = "22:00"
    settings.save()
    say(dialog, at="2026-11-20T22:30")
    assert states(dialog) == [("hours", "sent", "")]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        # Both 02:45 by the clock, an hour apart.
        ("2026-10-25T00:45", "2026-10-25T01:45"),
        # 03:10, half an hour after a time that this day does not have.
        ("2026-03-29T01:10", "2026-03-29T01:20"),
    ],
)
def test_a_night_on_which_clocks_change_is_answered_once(dialog, organization, first, second):
    switch_on(organization, always=False, start_time="02:30", end_time="03:30")
    say(dialog, at=first)
    assert states(dialog) == [("hours", "waiting", "")]
    AutoReply.objects.update(state="sent")
    say(dialog, at=second)
    assert states(dialog) == [("hours", "sent", "")]


@pytest.mark.parametrize(
    ("heard_at", "found"),
    [("2026-11-20T22:00", [WAITING]), ("2026-11-20T22:01", [])],
)
def test_what_is_heard_of_an_hour_late_is_not_answered(dialog, organization, heard_at, found):
    switch_on(organization)
    say(dialog, at="2026-11-20T21:00", heard_at=heard_at)
    assert states(dialog) == found


@pytest.mark.parametrize(("heard_at", "count"), [("2026-11-21T07:59", 1), ("2026-11-21T08:01", 0)])
def test_in_hours_it_is_answered_late_as_long_as_they_last(dialog, organization, heard_at, count):
    switch_on(organization, **NIGHT)
    say(dialog, at="2026-11-20T21:00", heard_at=heard_at)
    assert len(states(dialog)) == count
