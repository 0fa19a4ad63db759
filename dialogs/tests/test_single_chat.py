"""A bot without topics: one chat for all dialogs, and answers are replies."""

import pytest

from dialogs.models import Message
from dialogs.tests.relay import Relay, deliveries


@pytest.fixture
def together(live_site, sandbox, organization, bot_token):
    """A shop whose bot has one group without topics, and two buyers who have written."""
    relay = Relay(sandbox, organization, bot_token, topic_mode=False)
    relay.other_chat = relay.make_chat("Anna", title="Skates")
    relay.buyer_says("Is the bicycle there?")
    relay.buyer_says("And the skates?", chat=relay.other_chat)
    relay.run()
    return relay


def say(relay, text: str = "", **content) -> int:
    return relay.seller_says(text, thread_id=None, **content)


def number_of(text: str) -> int:
    return Message.objects.get(text=text).telegram_message_id


def last_text(relay) -> str:
    return relay.in_group()["messages"][-1]["text"]


def test_each_message_says_who_speaks_and_about_what(together):
    texts = [entry["text"] for entry in together.in_group()["messages"]]
    assert "Boris · Bicycle Stels:\nIs the bicycle there?" in texts
    assert "Anna · Skates:\nAnd the skates?" in texts
    assert deliveries("create_topic") == []


def test_a_reply_goes_to_the_buyer_whose_words_it_answers(together):
    say(together, "The skates are gone", reply_to=number_of("And the skates?"))
    number = say(together, "The bicycle is", reply_to=number_of("Is the bicycle there?"))
    together.run()
    assert together.seen_by_buyer() == ["The bicycle is"]
    assert together.seen_by_buyer(together.other_chat) == ["The skates are gone"]
    assert together.receipt(number) == ["👌"]


def test_a_reply_to_ones_own_answer_goes_to_the_same_buyer(together):
    first = say(together, "Yes", reply_to=number_of("And the skates?"))
    together.run()
    say(together, photo="sample", reply_to=first)
    together.run()
    assert together.seen_by_buyer(together.other_chat) == ["Yes", "[image]"]
    assert together.seen_by_buyer() == []


def test_what_replies_to_nothing_gets_one_hint_a_day(together):
    number = say(together, "Who is on duty?")
    say(together, "Me")
    together.run()
    hints = [
        entry
        for entry in together.in_group()["messages"]
        if entry["text"].startswith("To answer a buyer, reply")
    ]
    assert [hint["reply_to"] for hint in hints] == [number]
    assert Message.objects.count() == 2
    assert together.seen_by_buyer() == []


def test_an_edit_a_command_and_a_reaction_find_their_dialog(together):
    number = say(together, "Two o'clock", reply_to=number_of("And the skates?"))
    together.run()
    say(together, "Three o'clock", edits=number)
    together.run()
    assert together.seen_by_buyer(together.other_chat) == ["Three o'clock"]
    together.seller_reacts(number, "👎")
    note = say(together, "/note likes skates", reply_to=number_of("And the skates?"))
    together.run()
    assert together.seen_by_buyer(together.other_chat) == []
    assert together.receipt(note) == ["👌"]
    assert Message.objects.get(kind="note").dialog.external_id == together.other_chat


def test_a_dialog_is_closed_without_a_topic(together):
    say(together, "/close", reply_to=number_of("And the skates?"))
    together.run()
    assert Message.objects.get(text="And the skates?").dialog.status == "closed"
    assert deliveries("topic_state") == []
    together.buyer_says("Hello again", chat=together.other_chat)
    together.run()
    assert last_text(together).endswith("Hello again")


def test_a_refusal_is_told_in_answer(together):
    number = say(together, sticker="sample", reply_to=number_of("And the skates?"))
    together.run()
    note = together.in_group()["messages"][-1]
    assert (note["text"].startswith("A sticker cannot"), note["reply_to"]) == (True, number)


def test_a_command_that_replies_to_nothing_is_hinted_at_and_start_is_left_to_others(together):
    say(together, "/close")
    together.run()
    assert last_text(together).startswith("To answer a buyer, reply")
    before = len(together.in_group()["messages"])
    say(together, "/start")
    together.run()
    assert len(together.in_group()["messages"]) == before + 1
