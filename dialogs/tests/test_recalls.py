"""Auto-replies that Avito's outage held back until a person had answered."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from dialogs.models import Message
from dialogs.services.auto_reply_sending import send_due
from dialogs.services.messages import send_message
from dialogs.tests.auto_replies import TEXT, make_due, states, switch_on
from dialogs.tests.relay import deliveries
from integrations.models import Delivery


@pytest.fixture
def held_back(relay, organization, sandbox):
    """A relay whose auto-reply shows in the topic and cannot go to Avito."""
    switch_on(organization)
    relay.buyer_says("Hello")
    relay.run()
    for call in ("avito.sendMessage", "avito.messages"):
        sandbox.fault(call, "status", status=503)
    make_due()
    assert send_due() == 1
    relay.run(until=lambda: deliveries("to_avito") == ["ambiguous"] and automatic_is_shown(relay))
    return relay


def automatic() -> Message:
    return Message.objects.get(is_auto_reply=True)


def automatic_is_shown(relay) -> bool:
    return relay.in_topic()[-1] == f"Auto-reply:\n{TEXT}"


def answer_in_telegram(relay):
    relay.seller_says("Good day")


def answer_on_the_site(relay):
    owner = relay.organization.members.get(memberships__role="owner")
    send_message(actor=owner, dialog=relay.dialog, text="Good day")


@pytest.mark.parametrize("answer", [answer_in_telegram, answer_on_the_site])
def test_the_answer_of_a_person_goes_in_its_place(held_back, sandbox, answer):
    answer(held_back)
    held_back.run(until=lambda: len(deliveries("to_avito")) == 2)
    tried = len(sandbox.calls("avito.sendMessage"))
    sandbox.clear_faults()
    held_back.hurry()
    held_back.run()
    assert held_back.answers_on_avito() == ["Good day"]
    assert len(sandbox.calls("avito.sendMessage")) == tried + 1
    assert deliveries("to_avito") == ["cancelled", "sent"]
    assert states(held_back.dialog) == [("day", "cancelled", "answered")]
    message = automatic()
    assert message.deleted_at is not None
    assert message.status == "queued"
    assert not automatic_is_shown(held_back)
    struck = next(entry for entry in held_back.shown() if TEXT in entry["text"])
    assert struck["message_id"] == message.telegram_message_id


def test_without_an_answer_it_goes_once_avito_is_back(held_back, sandbox):
    held_back.seller_says("/note calls back on Friday")
    held_back.run(until=lambda: Message.objects.filter(kind="note").exists())
    sandbox.clear_faults()
    held_back.hurry()
    held_back.run()
    assert held_back.answers_on_avito() == [TEXT]
    assert (automatic().status, automatic().deleted_at) == ("sent", None)


def test_of_one_that_has_begun_to_arrive_the_rest_follows(relay, organization, sandbox):
    halves = ["a" * 700, "b" * 700]
    switch_on(organization, text="\n\n".join(halves))
    relay.buyer_says("Hello")
    relay.run()
    make_due()
    assert send_due() == 1
    relay.run(until=lambda: "sent" in deliveries("to_avito"))
    sandbox.fault("avito.sendMessage", "status", status=503, times=1)
    answer_in_telegram(relay)
    relay.run(until=lambda: len(deliveries("to_avito")) == 3)
    relay.hurry()
    relay.run()
    assert relay.answers_on_avito() == [*halves, "Good day"]
    assert automatic().deleted_at is None


def test_what_comes_too_late_and_was_answered_is_no_failure(held_back, sandbox):
    answer_in_telegram(held_back)
    held_back.run(until=lambda: len(deliveries("to_avito")) == 2)
    first = Delivery.objects.filter(kind="dialogs.to_avito").earliest("pk")
    Delivery.objects.filter(pk=first.pk).update(expires_at=Now() - timedelta(seconds=1))
    sandbox.clear_faults()
    held_back.hurry()
    held_back.run()
    assert held_back.answers_on_avito() == ["Good day"]
    assert automatic().status == "queued"
    assert automatic().deleted_at is not None
    assert deliveries("tell_topic") == []
