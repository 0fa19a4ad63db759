"""Pictures whose sending is unclear, and the events of our own pictures.

Avito tells nothing by which two pictures could be compared: only times, and who said what is known.
"""

import pytest
from django.db import transaction

from dialogs.models import Message
from dialogs.services import echoes, to_avito
from dialogs.services.avito_intake import take_message
from dialogs.tests.relay import deliveries
from integrations.models import Delivery
from integrations.services import inbox
from integrations.services.calls import Outcome, Status


@pytest.fixture
def talking(relay):
    """A dialog that has begun."""
    relay.buyer_says("Hello")
    relay.run()
    return relay


def own_picture(relay, message_id: str) -> dict:
    sizes = {"1280x960": "http://127.0.0.1:1/static/images/x.jpg"}
    return {
        "id": message_id,
        "chat_id": relay.chat,
        "author_id": relay.avito_user,
        "created": 1_900_000_000,
        "type": "image",
        "content": {"image": {"sizes": sizes}},
    }


def own_text(relay, message_id: str, text: str) -> dict:
    return own_picture(relay, message_id) | {"type": "text", "content": {"text": text}}


def in_the_air(relay, **content) -> Delivery:
    """Let the seller say something whose call has left and has no answer yet."""
    relay.seller_says(**content)
    inbox.drain()
    delivery = Delivery.objects.get(kind="dialogs.to_avito")
    Delivery.objects.filter(pk=delivery.pk).update(
        state="sending", dispatched_at=delivery.created_at, leased_at=delivery.created_at
    )
    delivery.refresh_from_db()
    return delivery


def answer(delivery: Delivery, avito_message_id: str) -> None:
    """Let the answer to the call come."""
    Delivery.objects.filter(pk=delivery.pk).update(state="sent")
    with transaction.atomic():
        to_avito.settle_part(delivery, Outcome(Status.SENT, result={"id": avito_message_id}))


def hear(relay, value: dict) -> None:
    assert take_message(account_id=relay.account.pk, value=value)


def of_the_app() -> list[str]:
    rows = Message.objects.filter(direction="avito", is_incoming=False).order_by("pk")
    return list(rows.values_list("avito_message_id", flat=True))


def test_a_picture_whose_answer_was_lost_is_found_and_not_sent_again(talking, sandbox):
    sandbox.control("avito/webhooks", {"deliver": False})
    sandbox.fault("avito.sendImageMessage", "timeout_after", seconds=0.1, times=1)
    talking.seller_says(photo="sample", caption="Look")
    talking.run()
    assert talking.seen_by_buyer() == ["[image]", "Look"]
    assert len(sandbox.calls("avito.sendImageMessage")) == 1
    assert talking.message("Look").status == "sent"


def test_a_picture_that_did_not_arrive_is_sent_again_after_a_look(talking, sandbox):
    sandbox.fault("avito.sendImageMessage", "timeout_before", seconds=0.1, times=1)
    talking.seller_says(photo="sample")
    talking.run()
    assert talking.seen_by_buyer() == ["[image]"]
    assert deliveries("upload_image") == ["sent"]


def test_an_earlier_picture_is_not_taken_for_the_lost_one(talking, sandbox):
    talking.seller_says(photo="sample")
    talking.run()
    sandbox.fault("avito.sendImageMessage", "timeout_before", seconds=0.1, times=1)
    talking.seller_says(photo="sample")
    talking.run()
    assert talking.seen_by_buyer() == ["[image]", "[image]"]
    ids = Message.objects.filter(kind="image").values_list("avito_message_id", flat=True)
    assert len(set(ids)) == 2


def test_what_was_sent_from_the_app_before_is_not_taken_for_the_lost_one(talking, sandbox):
    talking.buyer_says(by="seller", image="sample")
    talking.run()
    sandbox.fault("avito.sendImageMessage", "timeout_before", seconds=0.1, times=1)
    talking.seller_says(photo="sample")
    talking.run()
    assert talking.seen_by_buyer() == ["[image]", "[image]"]


@pytest.mark.parametrize("ours_first", [True, False], ids=["ours first", "app's first"])
def test_while_the_call_is_in_the_air_nobody_guesses_whose_picture_it_is(talking, ours_first):
    delivery = in_the_air(talking, photo="sample")
    events = [own_picture(talking, "ours"), own_picture(talking, "the app's")]
    for value in events if ours_first else reversed(events):
        hear(talking, value)
    assert of_the_app() == []
    answer(delivery, "ours")
    inbox.drain()
    assert of_the_app() == ["the app's"]
    message = Message.objects.get(direction="telegram")
    assert (message.avito_message_id, message.status) == ("ours", "sent")


def test_the_same_words_from_the_app_while_ours_are_in_the_air_are_not_lost(talking):
    delivery = in_the_air(talking, text="Yes")
    hear(talking, own_text(talking, "the app's", "Yes"))
    hear(talking, own_text(talking, "the app's", "Yes"))
    answer(delivery, "ours")
    hear(talking, own_text(talking, "ours", "Yes"))
    inbox.drain()
    assert of_the_app() == ["the app's"]
    assert Message.objects.filter(text="Yes").count() == 2


def test_what_was_kept_for_a_refused_picture_is_the_apps(talking):
    delivery = in_the_air(talking, photo="sample")
    hear(talking, own_picture(talking, "the app's"))
    with transaction.atomic():
        to_avito.settle_part(delivery, Outcome(Status.PERMANENT, code="bad_request"))
        Delivery.objects.filter(pk=delivery.pk).update(state="dead")
    inbox.drain()
    assert of_the_app() == ["the app's"]
    assert Message.objects.get(direction="telegram").status == "failed"


def test_the_event_of_a_picture_proves_an_unclear_send(talking):
    delivery = in_the_air(talking, photo="sample")
    Delivery.objects.filter(pk=delivery.pk).update(
        state="ambiguous", ambiguous_at=delivery.created_at
    )
    hear(talking, own_picture(talking, "ours"))
    assert of_the_app() == []
    assert Message.objects.get(direction="telegram").avito_message_id == "ours"
    talking.run()
    assert deliveries("to_avito") == ["sent"]
    assert talking.seen_by_buyer() == []


def test_a_kept_event_proves_what_the_list_does_not_show(talking):
    delivery = in_the_air(talking, photo="sample")
    hear(talking, own_picture(talking, "ours"))
    delivery.refresh_from_db()
    with transaction.atomic():
        assert to_avito.find_sent(delivery, {"messages": []}) == {"id": "ours"}
        assert echoes.bound_id(delivery) is None


def test_a_picture_that_surely_did_not_leave_claims_nothing(talking):
    """The control: what Avito has not taken cannot be what the event tells of."""
    delivery = in_the_air(talking, photo="sample")
    Delivery.objects.filter(pk=delivery.pk).update(state="retry", last_error_code="no_answer")
    hear(talking, own_picture(talking, "the app's"))
    assert of_the_app() == ["the app's"]
