"""Albums: each picture is a message of its own, in order, with its words after it."""

import pytest

from dialogs.models import Message
from dialogs.tests.relay import deliveries, wait_for
from integrations.models import InboundEvent


@pytest.fixture
def talking(relay):
    """A dialog that has begun."""
    relay.buyer_says("Hello")
    relay.run()
    return relay


def say_album(relay, size: int = 3, **content) -> None:
    before = InboundEvent.objects.count()
    relay.seller_says(album=["sample"] * size, **content)
    wait_for(lambda: InboundEvent.objects.count() == before + size)


def test_pictures_arrive_in_order_with_the_caption_after_its_own(talking):
    say_album(talking, caption="Three sides")
    talking.seller_says("And the price?")
    talking.run()
    seen = talking.seen_by_buyer()
    assert seen == ["[image]", "Three sides", "[image]", "[image]", "And the price?"]
    rows = Message.objects.filter(kind="image").order_by("pk")
    shown = [entry for entry in talking.on_avito()["messages"] if entry["type"] == "image"]
    last_parts = [row.delivery.payload["part"] for row in rows]
    assert last_parts == [2, 1, 1]
    assert [row.avito_message_id for row in rows][1:] == [entry["id"] for entry in shown][1:]
    assert [row.status for row in rows] == ["sent"] * 3
    # Their events came back and were known for what they are.
    assert Message.objects.count() == 5


def test_a_slow_first_picture_keeps_its_place(talking, sandbox):
    sandbox.fault("telegram.getFile", "status", status=502, times=1)
    say_album(talking, size=2)
    talking.run(until=lambda: "sent" in deliveries("fetch_attachment"))
    assert talking.seen_by_buyer() == []
    talking.hurry()
    talking.run()
    first, second = Message.objects.filter(kind="image").order_by("pk")
    shown = [entry["id"] for entry in talking.on_avito()["messages"] if entry["type"] == "image"]
    assert shown == [first.avito_message_id, second.avito_message_id]


def test_of_a_mixed_album_the_pictures_go_and_the_rest_is_refused_once(talking):
    before = InboundEvent.objects.count()
    talking.seller_says(album=["sample", {"video": "sample"}, {"video": "sample"}])
    wait_for(lambda: InboundEvent.objects.count() == before + 3)
    talking.run()
    assert talking.seen_by_buyer() == ["[image]"]
    notes = [text for text in talking.in_topic() if text.startswith("A video cannot be sent")]
    assert len(notes) == 1


def test_the_same_album_twice_is_one(talking):
    say_album(talking, size=2)
    talking.run()
    events = InboundEvent.objects.filter(source="telegram").order_by("-pk")[:2]
    InboundEvent.objects.filter(pk__in=[event.pk for event in events]).update(state="new")
    talking.run()
    assert talking.seen_by_buyer() == ["[image]", "[image]"]
    assert len(deliveries("to_avito")) == 2
