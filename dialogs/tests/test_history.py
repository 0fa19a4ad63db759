"""What a topic that was made again tells of what was said before."""

from datetime import UTC, datetime

import pytest
from django.utils import translation

from dialogs.models import AutoReplySettings, Message
from dialogs.services.history import LINE_LENGTH, MOST, history_text
from dialogs.tests.inbox import make_account, make_dialog
from dialogs.tests.relay import deliveries


def make_again(relay, text: str) -> str:
    """Delete the dialog's topic, let the buyer say ``text``; return the history above it."""
    relay.change_topic("delete_topic")
    relay.buyer_says(text)
    relay.run()
    card, history, words = relay.in_topic()
    assert card.startswith("Bicycle Stels")
    assert words == text
    return history


def test_it_names_speakers_in_their_order(relay):
    relay.buyer_says("Is it there?")
    relay.run()
    relay.seller_says("Yes, it is.")
    relay.run()
    relay.buyer_says(image="sample")
    relay.run()
    head, *lines = make_again(relay, "And now?").splitlines()
    assert head == "What was said before:"
    assert [line.split(" ", 2)[2] for line in lines] == [
        "Boris: Is it there?",
        "Semyon Sergeev: Yes, it is.",
        "Boris: A picture",
    ]


def test_it_holds_the_last_ten_and_comes_once(relay):
    for number in range(MOST + 3):
        relay.buyer_says(f"Line {number}")
    relay.run()
    history = make_again(relay, "And now?")
    lines = history.splitlines()[1:]
    assert len(lines) == MOST
    assert lines[0].endswith("Line 3")
    assert lines[-1].endswith(f"Line {MOST + 2}")
    relay.buyer_says("More")
    relay.run()
    assert deliveries("history") == ["sent"]
    assert relay.in_topic()[2:] == ["And now?", "More"]


def test_the_first_topic_of_a_dialog_has_none(relay):
    relay.buyer_says("One")
    relay.buyer_says("Two")
    relay.run()
    assert deliveries("history") == []


def test_what_waits_behind_is_not_told_before_its_turn(relay):
    relay.buyer_says("One")
    relay.run()
    relay.change_topic("delete_topic")
    relay.buyer_says("Two")
    relay.buyer_says("Three")
    relay.run()
    history = relay.in_topic()[1]
    assert "One" in history
    assert "Two" not in history
    assert "Three" not in history


def test_a_history_that_cannot_be_sent_holds_nothing_up(relay, sandbox):
    relay.buyer_says("One")
    relay.run()
    relay.change_topic("delete_topic")
    where = {"disable_notification": True}
    sandbox.fault("telegram.sendMessage", "error", error="Bad Request: no", where=where)
    relay.buyer_says("Two")
    relay.run()
    assert deliveries("history") == ["dead"]
    assert relay.in_topic()[1:] == ["Two"]


@pytest.fixture
def dialog(organization):
    return make_dialog(make_account(organization))


def told(dialog, **fields) -> str:
    """Return the line of one message with ``fields``."""
    values = {
        "dialog": dialog,
        "direction": "avito",
        "is_incoming": True,
        "written_at": datetime(2026, 3, 1, 9, 5, tzinfo=UTC),
    }
    with translation.override("en"):
        return history_text(dialog, [Message(**values | fields)]).splitlines()[1]


def test_times_are_those_of_the_organization(dialog):
    AutoReplySettings.objects.create(organization=dialog.organization, timezone="Asia/Omsk")
    assert told(dialog, text="Hello") == "01.03 15:05 Boris: Hello"


def test_a_zone_that_does_not_exist_is_the_sites(dialog, settings):
    settings.TIME_ZONE = "UTC"
    AutoReplySettings.objects.create(organization=dialog.organization, timezone="Mars/Base")
    assert told(dialog, text="Hello") == "01.03 09:05 Boris: Hello"


def test_long_words_are_cut_and_lines_are_joined(dialog):
    line = told(dialog, text="a\n\nb " + "word " * 200)
    assert line.startswith("01.03 ")
    assert "a b word" in line
    assert len(line) <= LINE_LENGTH
    assert line.endswith("…")


def test_deleted_words_are_not_told_again(dialog):
    line = told(dialog, text="secret", deleted_at=datetime.now(tz=UTC))
    assert "secret" not in line
    assert line.endswith("The buyer has deleted this message.")


@pytest.mark.parametrize(
    ("fields", "speaker"),
    [
        ({"is_incoming": False, "author_name": "Olga"}, "Olga"),
        ({"is_incoming": False}, "You"),
        ({"is_incoming": False, "kind": "note", "author_name": "Olga"}, "Olga, note"),
    ],
    ids=["an operator", "Avito's app", "a note"],
)
def test_our_own_side_is_named(dialog, fields, speaker):
    assert told(dialog, text="Hello", **fields).endswith(f" {speaker}: Hello")
