"""Bursts: what waits for a group's allowance leaves together, and nothing of it is lost."""

import pytest

from dialogs.models import Dialog, Message
from dialogs.services.splitting import TELEGRAM_TEXT_LIMIT
from dialogs.tests.relay import deliveries
from integrations.models import Delivery, Hold
from integrations.services import inbox, pump
from integrations.services.bots import BotChanges, update_bot
from integrations.services.holds import place_hold


@pytest.fixture
def talking(relay):
    """A dialog that has begun."""
    relay.buyer_says("Hello")
    relay.run()
    return relay


def let_wait(relay, *texts: str) -> None:
    """Let the first of ``texts`` be ready and find its group held, the others come behind it."""
    refuse_once(relay)
    for text in texts:
        relay.buyer_says(text)
    inbox.drain()
    pump.drain("telegram")
    assert deliveries("to_telegram")[-len(texts) :] == ["retry", *["queued"] * (len(texts) - 1)]


def refuse_once(relay) -> None:
    relay.sandbox.fault("telegram.sendMessage", "status", status=429, retry_after=1, times=1)


def go_on(relay) -> None:
    Hold.objects.all().delete()
    relay.hurry()
    relay.run()


def test_texts_behind_one_that_was_kept_waiting_leave_with_it(talking):
    let_wait(talking, "One", "Two", "Three")
    go_on(talking)
    assert talking.in_topic()[1:] == ["Hello", "One\n\nTwo\n\nThree"]
    number = talking.last_shown()["message_id"]
    stored = Message.objects.filter(telegram_message_id=number).order_by("pk")
    assert [(one.text, one.status) for one in stored] == [
        ("One", "delivered"),
        ("Two", "delivered"),
        ("Three", "delivered"),
    ]
    assert deliveries("to_telegram") == ["sent", "sent", "cancelled", "cancelled"]
    assert {one.delivery.state for one in stored} == {"sent"}
    assert talking.on_avito()["read"]


def test_what_need_not_wait_leaves_by_itself(talking):
    for text in ("One", "Two", "Three"):
        talking.buyer_says(text)
    talking.run()
    assert talking.in_topic()[1:] == ["Hello", "One", "Two", "Three"]


def test_the_groups_own_allowance_joins_them(talking, settings):
    """The real numbers: a chat takes one message a second."""
    settings.TELEGRAM_CHAT_PER_SECOND = 1.0
    for number in range(6):
        talking.buyer_says(f"Line {number}")
    talking.run()
    shown = talking.in_topic()[2:]
    assert "\n\n".join(shown) == "\n\n".join(f"Line {number}" for number in range(6))
    assert len(shown) < 6
    assert {message.status for message in Message.objects.all()} == {"delivered"}


def test_only_plain_texts_of_the_buyer_are_joined(talking):
    refuse_once(talking)
    talking.buyer_says("One")
    talking.buyer_says("Two")
    talking.buyer_says(call="sample")
    talking.buyer_says("Three")
    talking.buyer_says("Mine", by="seller")
    talking.buyer_says("Four")
    inbox.drain()
    pump.drain("telegram")
    go_on(talking)
    assert talking.in_topic()[2:] == [
        "One\n\nTwo",
        "A missed call",
        "Three",
        "You on Avito:\nMine",
        "Four",
    ]


def test_a_joined_message_stays_below_telegrams_limit(talking):
    texts = [f"{number} " + "й" * 900 for number in range(6)]
    let_wait(talking, *texts)
    go_on(talking)
    shown = talking.in_topic()[2:]
    assert "\n\n".join(shown) == "\n\n".join(texts)
    assert shown[0] == "\n\n".join(texts[:4])
    assert all(len(text) <= TELEGRAM_TEXT_LIMIT for text in shown)


def test_a_refused_burst_goes_one_by_one_and_only_the_bad_one_fails(talking, sandbox):
    let_wait(talking, "Bad", "Two", "Three")
    refusal = "Bad Request: message is not for this chat"
    for text in ("Bad\n\nTwo\n\nThree", "Bad"):
        sandbox.fault("telegram.sendMessage", "error", error=refusal, where={"text": text})
    go_on(talking)
    assert talking.message("Bad").status == "failed"
    assert talking.in_topic()[2:] == ["Two", "Three"]
    assert deliveries("to_telegram") == ["sent", "dead", "sent", "sent"]


def test_an_unclear_burst_is_repeated_as_it_was(talking, sandbox):
    let_wait(talking, "One", "Two")
    sandbox.fault("telegram.sendMessage", "timeout_after", seconds=0.1, times=1)
    Hold.objects.all().delete()
    talking.hurry()
    talking.run(until=lambda: "ambiguous" in deliveries("to_telegram"))
    talking.buyer_says("Later")
    inbox.drain()
    talking.hurry()
    talking.run()
    shown = talking.in_topic()[2:]
    assert set(shown) == {"One\n\nTwo", "Later"}
    assert shown[-1] == "Later"
    statuses = dict(Message.objects.values_list("text", "status"))
    assert (statuses["One"], statuses["Two"], statuses["Later"]) == (
        "uncertain",
        "uncertain",
        "delivered",
    )


def test_a_burst_whose_worker_died_loses_nothing(talking):
    """The journal of a dead pump: the head was claimed with its company and never dispatched."""
    let_wait(talking, "One", "Two")
    head = Delivery.objects.get(kind="dialogs.to_telegram", state="retry")
    head.payload["merged"] = [talking.message("Two").pk]
    head.save(update_fields=["payload"])
    go_on(talking)
    assert talking.in_topic()[2:] == ["One\n\nTwo"]


def test_a_message_taken_back_while_it_waits_is_not_joined(talking):
    refuse_once(talking)
    talking.buyer_says("One")
    second = talking.buyer_says("Two")
    talking.buyer_says("Three")
    inbox.drain()
    pump.drain("telegram")
    talking.buyer_deletes(second)
    go_on(talking)
    one, two, three = talking.shown()[2:]
    assert (one["text"], three["text"]) == ("One", "Three")
    assert two["text"].startswith("Two\n")
    assert two["entities"][0]["type"] == "strikethrough"


def test_without_topics_a_burst_has_one_heading(talking, owner):
    update_bot(actor=owner, bot=talking.bot, changes=BotChanges(topic_mode=False))
    let_wait(talking, "One", "Two")
    go_on(talking)
    last = talking.in_group()["messages"][-1]
    assert last["text"] == "Boris · Bicycle Stels:\nOne\n\nTwo"


def test_bursts_of_two_buyers_are_not_mixed(talking):
    other = talking.make_chat("Anna")
    talking.buyer_says("I am Anna", chat=other)
    talking.run()
    place_hold(key=f"{talking.bot.sender}:{talking.group}", seconds=60, reason="test")
    for number in range(3):
        talking.buyer_says(f"Boris {number}")
        talking.buyer_says(f"Anna {number}", chat=other)
    inbox.drain()
    Hold.objects.all().delete()
    refuse_once(talking)
    pump.drain("telegram")
    go_on(talking)
    for name, dialog in (
        ("Boris", talking.dialog),
        ("Anna", Dialog.objects.get(external_id=other)),
    ):
        said = "\n\n".join(talking.in_topic(dialog)[2:])
        assert said == "\n\n".join(f"{name} {number}" for number in range(3))
