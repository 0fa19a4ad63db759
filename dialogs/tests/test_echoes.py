"""Sending to Avito when it is unclear what happened, and our own words coming back as news."""

import pytest
from django.db import transaction

from dialogs.models import Message
from dialogs.services import to_avito
from dialogs.services.avito_intake import take_message
from dialogs.tests.relay import deliveries, wait_for
from integrations.models import Delivery, InboundEvent
from integrations.services import inbox
from integrations.services.calls import Outcome, Status


@pytest.fixture
def talking(relay):
    """A dialog that has begun."""
    relay.buyer_says("Hello")
    relay.run()
    return relay


def own_event(relay, message_id: str, text: str) -> dict:
    return {
        "id": message_id,
        "chat_id": relay.chat,
        "user_id": relay.avito_user,
        "author_id": relay.avito_user,
        "created": 1_900_000_000,
        "type": "text",
        "content": {"text": text},
    }


def test_what_the_seller_writes_in_avitos_app_stands_in_the_topic_as_his(talking):
    talking.buyer_says("Written in the app", by="seller")
    talking.run()
    assert talking.in_topic()[-1] == "You on Avito:\nWritten in the app"
    message = talking.message("Written in the app")
    assert (message.direction, message.is_incoming, message.status) == ("avito", False, "sent")
    assert talking.dialog.unread_count == 0
    assert talking.answers_on_avito() == ["Written in the app"]


def test_a_lost_answer_is_found_on_avito_and_not_sent_again(talking, sandbox):
    sandbox.control("avito/webhooks", {"deliver": False})
    sandbox.fault("avito.sendMessage", "timeout_after", seconds=0.1, times=1)
    talking.seller_says("Once only")
    talking.run()
    assert talking.answers_on_avito() == ["Once only"]
    assert talking.message("Once only").status == "sent"
    sent = sandbox.calls("avito.sendMessage")
    assert len(sent) == 1
    on_avito = talking.on_avito()["messages"][-1]
    assert talking.message("Once only").avito_message_id == on_avito["id"]


def test_the_event_of_our_own_message_proves_that_it_was_sent(talking, sandbox):
    sandbox.fault("avito.sendMessage", "timeout_after", seconds=0.1, times=1)
    sandbox.fault("avito.messages", "status", status=502)
    talking.seller_says("Once only")
    talking.run(until=lambda: talking.message("Once only").status == "sent")
    sandbox.clear_faults()
    talking.hurry()
    talking.run()
    assert deliveries("to_avito") == ["sent"]
    assert talking.answers_on_avito() == ["Once only"]
    assert Message.objects.filter(text="Once only").count() == 1
    assert len(talking.in_topic()) == 3


def test_what_did_not_arrive_is_sent_again_after_a_look(talking, sandbox):
    sandbox.fault("avito.sendMessage", "timeout_before", seconds=0.1, times=1)
    talking.seller_says("Once only")
    talking.run()
    assert talking.answers_on_avito() == ["Once only"]
    assert talking.message("Once only").status == "sent"


def test_an_earlier_message_of_the_same_words_is_not_taken_for_the_lost_one(talking, sandbox):
    talking.seller_says("Yes")
    talking.run()
    sandbox.fault("avito.sendMessage", "timeout_before", seconds=0.1, times=1)
    talking.seller_says("Yes")
    talking.run()
    assert talking.answers_on_avito() == ["Yes", "Yes"]
    ids = set(Message.objects.filter(text="Yes").values_list("avito_message_id", flat=True))
    assert len(ids) == 2


def test_the_same_words_in_the_app_and_in_the_topic_are_two_messages(talking):
    talking.seller_says("Yes")
    talking.run()
    talking.buyer_says("Yes", by="seller")
    talking.run()
    directions = Message.objects.filter(text="Yes").order_by("pk")
    assert list(directions.values_list("direction", flat=True)) == ["telegram", "avito"]
    assert talking.in_topic()[-1] == "You on Avito:\nYes"


@pytest.mark.parametrize(
    ("state", "end"), [("ambiguous", "sent"), ("retry", "cancelled")], ids=["unclear", "retried"]
)
def test_a_send_that_its_event_has_proven_is_not_made_again(talking, state, end):
    """Whether the read-back is still to come, or has found nothing yet."""
    talking.seller_says("Fast")
    inbox.drain()
    delivery = Delivery.objects.get(kind="dialogs.to_avito")
    at = delivery.created_at
    Delivery.objects.filter(pk=delivery.pk).update(
        state=state, dispatched_at=at, ambiguous_at=at if state == "ambiguous" else None
    )
    take_message(account_id=talking.account.pk, value=own_event(talking, "m-1", "Fast"))
    message = talking.message("Fast")
    assert (message.status, message.avito_message_id) == ("sent", "m-1")
    assert Message.objects.count() == 2
    talking.run()
    assert talking.answers_on_avito() == []
    assert deliveries("to_avito") == [end]


def test_words_that_avito_has_changed_on_their_way_stay_one_message(talking):
    """Their event looks like the app's; the answer to our call then says whose they are."""
    talking.seller_says("two  spaces")
    inbox.drain()
    delivery = Delivery.objects.get(kind="dialogs.to_avito")
    take_message(account_id=talking.account.pk, value=own_event(talking, "m-1", "two spaces"))
    assert Message.objects.filter(direction="avito", is_incoming=False).count() == 1
    with transaction.atomic():
        to_avito.settle_part(delivery, Outcome(Status.SENT, result={"id": "m-1"}))
    assert not Message.objects.filter(direction="avito", is_incoming=False).exists()
    message = talking.message("two  spaces")
    assert (message.status, message.avito_message_id) == ("sent", "m-1")


def test_an_echo_of_a_send_that_was_never_dispatched_is_the_apps(talking):
    """The control: words that wait in our own outbox prove nothing."""
    talking.seller_says("Slow")
    inbox.drain()
    take_message(account_id=talking.account.pk, value=own_event(talking, "m-1", "Slow"))
    texts = Message.objects.filter(text="Slow").order_by("pk")
    assert list(texts.values_list("direction", "status")) == [
        ("telegram", "queued"),
        ("avito", "sent"),
    ]


def test_a_webhook_that_comes_twice_is_one_message(relay, sandbox):
    sandbox.fault("avito.webhook", "duplicate")
    relay.buyer_says("Hello")
    relay.run()
    event = InboundEvent.objects.get(source="avito")
    take_message(account_id=relay.account.pk, value=event.payload["value"])
    relay.run()
    assert Message.objects.count() == 1
    assert relay.in_topic()[1:] == ["Hello"]


def test_an_unclear_send_to_telegram_is_made_again_once_and_says_so(talking, sandbox):
    sandbox.fault("telegram.sendMessage", "timeout_after", seconds=0.1, times=1)
    talking.buyer_says("Twice perhaps")
    talking.run()
    assert talking.in_topic()[-2:] == ["Twice perhaps", "Twice perhaps"]
    assert talking.message("Twice perhaps").status == "uncertain"
    assert Delivery.objects.filter(kind="dialogs.to_telegram", uncertain=True).count() == 1
    wait_for(lambda: talking.on_avito()["read"])


def test_a_refused_answer_is_failed_and_told_in_the_topic(talking, sandbox):
    sandbox.fault("avito.sendMessage", "status", status=400, times=1)
    number = talking.seller_says("Never")
    talking.run()
    assert talking.message("Never").status == "failed"
    note = talking.in_group()["messages"][-1]
    assert note["text"].startswith("Not sent to Avito:")
    assert note["reply_to"] == number
    talking.seller_says("Next")
    talking.run()
    assert talking.answers_on_avito() == ["Next"]


def test_a_chat_is_not_marked_read_over_words_that_nobody_here_has_seen(talking, sandbox):
    sandbox.fault("telegram.sendMessage", "status", status=502, where={"text": "Two"})
    for text in ("One", "Two"):
        talking.buyer_says(text)
    talking.run(until=lambda: deliveries("to_telegram") == ["sent", "sent", "retry"])
    talking.run(until=lambda: deliveries("mark_read") == ["sent", "cancelled"])
    assert not talking.on_avito()["read"]
    sandbox.clear_faults()
    talking.hurry()
    talking.run()
    assert deliveries("mark_read") == ["sent", "cancelled", "sent"]
    assert talking.on_avito()["read"]
