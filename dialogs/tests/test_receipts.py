"""Receipts: a reaction on the operator's message says what became of it."""

import pytest

from dialogs.services.readings import mark_read_up_to
from dialogs.tests.relay import deliveries
from integrations.models import Delivery
from integrations.signals import avito_messages_read


@pytest.fixture
def talking(relay):
    """A dialog that has begun."""
    relay.buyer_says("Hello")
    relay.run()
    return relay


def told_read(relay, *ids: str) -> None:
    avito_messages_read.send(
        sender=None, account_id=relay.account.pk, chat_id=relay.chat, message_ids=list(ids)
    )


def test_sent_is_shown_as_a_reaction_and_not_as_a_message(talking):
    number = talking.seller_says("Yes")
    talking.run()
    assert talking.receipt(number) == ["👌"]
    assert len(talking.shown()) == 3


def test_nothing_is_shown_while_it_waits(talking, sandbox):
    sandbox.fault("avito.sendMessage", "status", status=429, retry_after=60)
    number = talking.seller_says("Yes")
    talking.run(until=lambda: deliveries("to_avito") == ["retry"])
    talking.run(until=lambda: True)
    assert talking.receipt(number) == []
    assert deliveries("reaction") == []


def test_refused_is_shown(talking, sandbox):
    sandbox.fault("avito.sendMessage", "status", status=400, times=1)
    number = talking.seller_says("Never")
    talking.run()
    assert talking.receipt(number) == ["💔"]


def test_read_is_shown_when_avito_says_so_and_for_all_that_came_before(talking):
    first, second, third = (talking.seller_says(text) for text in ("One", "Two", "Three"))
    talking.run()
    told_read(talking, talking.message("Two").avito_message_id)
    told_read(talking, talking.message("Two").avito_message_id, "unknown")
    talking.run()
    assert [talking.receipt(number) for number in (first, second, third)] == [
        ["👀"],
        ["👀"],
        ["👌"],
    ]
    assert talking.message("One").status == "read"
    assert talking.message("Three").status == "sent"


def test_an_answer_says_that_what_was_sent_before_is_read(talking):
    number = talking.seller_says("Yes")
    talking.run()
    talking.buyer_says("Good")
    talking.run()
    assert talking.receipt(number) == ["👀"]
    assert talking.message("Yes").status == "read"


def test_a_notice_of_avito_is_no_answer(talking):
    talking.seller_says("Yes")
    talking.run()
    talking.buyer_says("Mind frauds", type="system")
    talking.run()
    assert talking.message("Yes").status == "sent"


def test_words_written_before_ours_left_do_not_say_that_ours_are_read(talking):
    talking.seller_says("Yes")
    talking.run()
    sent = talking.message("Yes").delivery
    sent.settled_at = talking.message("Yes").created_at.replace(year=2100)
    sent.save()
    talking.buyer_says("Crossing")
    talking.run()
    assert talking.message("Yes").status == "sent"


def test_the_newest_state_wins_when_receipts_wait(talking, sandbox):
    sandbox.fault("telegram.setMessageReaction", "status", status=502)
    number = talking.seller_says("Yes")
    talking.run(until=lambda: deliveries("reaction") == ["retry"])
    mark_read_up_to(talking.dialog, talking.message("Yes").avito_message_id)
    sandbox.clear_faults()
    talking.hurry()
    talking.run()
    assert talking.receipt(number) == ["👀"]
    assert deliveries("reaction") == ["cancelled", "sent"]


def test_a_group_that_forbids_reactions_holds_nothing_up(talking, sandbox):
    sandbox.fault("telegram.setMessageReaction", "status", status=400)
    talking.seller_says("Yes")
    talking.run()
    assert talking.seen_by_buyer() == ["Yes"]
    assert deliveries("reaction") == ["dead"]
    talking.seller_says("And more")
    talking.run()
    assert talking.seen_by_buyer() == ["Yes", "And more"]


def test_no_outage_is_long_enough_to_give_a_receipt_up(talking, sandbox):
    sandbox.fault("telegram.setMessageReaction", "timeout_after", seconds=0.1, times=3)
    sandbox.fault("telegram.setMessageReaction", "status", status=502, times=9)
    number = talking.seller_says("Yes")
    talking.run(until=lambda: deliveries("to_avito") == ["sent"])
    for tries in range(1, 13):
        talking.hurry()
        talking.run(until=lambda tries=tries: the_receipt().attempts == tries)
        assert (the_receipt().state, the_receipt().needs_person) == ("retry", False)
    talking.hurry()
    talking.run()
    assert talking.receipt(number) == ["👌"]
    assert deliveries("reaction") == ["sent"]
    lives = the_receipt().expires_at - the_receipt().created_at
    assert lives.total_seconds() == pytest.approx(86_400, abs=5)


def test_the_answer_to_a_command_gives_way_to_what_became_of_it_later(talking, sandbox):
    sandbox.fault("telegram.setMessageReaction", "status", status=502)
    number = talking.seller_says("/note calls back on Friday")
    talking.run(until=lambda: deliveries("reaction") == ["retry"])
    talking.seller_says("/delete", reply_to=number)
    talking.run(until=lambda: len(deliveries("reaction")) == 3)
    sandbox.clear_faults()
    talking.hurry()
    talking.run()
    assert talking.receipt(number) == ["🙈"]
    assert deliveries("reaction") == ["cancelled", "sent", "sent"]


def the_receipt() -> Delivery:
    return Delivery.objects.get(kind="dialogs.reaction")
