"""Messages taken back on Avito: struck out in the topic, marked here, told once."""

import pytest

from dialogs.models import Message
from dialogs.services.avito_intake import take_message
from dialogs.tests.relay import deliveries
from integrations.models import InboundEvent
from integrations.services import inbox

NOTICE = "The buyer has deleted this message."


@pytest.fixture
def talking(relay):
    relay.buyer_says("Hello")
    relay.run()
    return relay


def test_words_are_struck_out_where_they_stand(talking):
    number = talking.buyer_says("My phone is 🚲 555")
    talking.run()
    before = talking.last_shown()["message_id"]
    talking.buyer_deletes(number)
    talking.run()
    shown = talking.last_shown()
    assert shown["message_id"] == before
    assert shown["text"] == f"My phone is 🚲 555\n{NOTICE}"
    # Lengths are in UTF-16 units: the bicycle is two.
    assert shown["entities"] == [{"type": "strikethrough", "offset": 0, "length": 18}]
    message = Message.objects.get(avito_message_id=number)
    assert message.deleted_at is not None
    assert message.text == "My phone is 🚲 555"
    assert talking.dialog.unread_count == 2


def test_the_same_deletion_twice_is_one(talking):
    number = talking.buyer_says("Oops")
    talking.run()
    talking.buyer_deletes(number)
    talking.run()
    at = Message.objects.get(avito_message_id=number).deleted_at
    value = {"id": number, "chat_id": talking.chat, "author_id": 7, "type": "deleted"}
    assert take_message(account_id=talking.account.pk, value=value)
    talking.run()
    assert deliveries("strike_out") == ["sent"]
    assert Message.objects.get(avito_message_id=number).deleted_at == at


def test_the_event_has_an_id_of_its_own_in_the_inbox(talking):
    number = talking.buyer_says("Oops")
    talking.buyer_deletes(number)
    ids = InboundEvent.objects.filter(external_id__startswith=number)
    assert set(ids.values_list("external_id", flat=True)) == {number, f"{number}:deleted"}


def test_a_pictures_caption_tells_of_it(talking):
    number = talking.buyer_says(image="sample")
    talking.run()
    talking.buyer_deletes(number)
    talking.run()
    assert talking.last_shown()["media"] == "photo"
    assert talking.last_shown()["text"] == NOTICE


def test_what_cannot_be_edited_is_answered(talking):
    number = talking.buyer_says(location={"lat": 55.75, "lon": 37.59})
    talking.run()
    place = talking.last_shown()
    talking.buyer_deletes(number)
    talking.run()
    assert talking.last_shown()["text"] == NOTICE
    assert talking.last_shown()["reply_to"] == place["message_id"]


def test_words_that_people_have_deleted_in_the_group_are_told_of_all_the_same(talking, sandbox):
    number = talking.buyer_says("Oops")
    talking.run()
    gone = "Bad Request: message to edit not found"
    sandbox.fault("telegram.editMessageText", "error", error=gone)
    talking.buyer_deletes(number)
    talking.run()
    assert deliveries("strike_out") == ["dead"]
    assert talking.last_shown()["text"] == NOTICE


def test_one_part_of_a_burst_is_struck_out_and_the_rest_stays(talking):
    sandbox = talking.sandbox
    sandbox.fault("telegram.sendMessage", "status", status=502, times=1)
    numbers = [talking.buyer_says(text) for text in ("One", "Two", "Three")]
    talking.run()
    assert talking.in_topic()[2:] == ["One\n\nTwo\n\nThree"]
    talking.buyer_deletes(numbers[1])
    talking.run()
    shown = talking.last_shown()
    assert shown["text"] == f"One\n\nTwo\n{NOTICE}\n\nThree"
    assert shown["entities"] == [{"type": "strikethrough", "offset": 5, "length": 3}]


def test_what_was_taken_back_before_it_came_arrives_struck_out(talking):
    number = talking.buyer_says("Oops")
    talking.buyer_deletes(number)
    inbox.drain()
    talking.run()
    assert talking.in_topic()[2:] == [f"Oops\n{NOTICE}"]
    assert Message.objects.get(avito_message_id=number).status == "delivered"


def test_a_picture_taken_back_before_it_came_is_not_shown(talking):
    number = talking.buyer_says(image="sample")
    talking.buyer_deletes(number)
    inbox.drain()
    talking.run()
    assert "media" not in talking.last_shown()
    assert talking.last_shown()["text"] == f"A picture\n{NOTICE}"


def test_a_deletion_that_overtakes_its_message_leaves_one_line(talking):
    value = {"chat_id": talking.chat, "author_id": 7, "created": 1_700_000_000}
    gone = {**value, "id": "late", "type": "deleted", "content": {}}
    words = {**value, "id": "late", "type": "text", "content": {"text": "Oops"}}
    for event in (gone, words):
        assert take_message(account_id=talking.account.pk, value=event)
    talking.run()
    (shown,) = talking.shown()[2:]
    assert shown["text"].startswith("A message that was deleted")
    assert Message.objects.get(avito_message_id="late").deleted_at is not None


def test_what_our_side_took_back_in_avitos_app_is_struck_out_too(talking):
    number = talking.buyer_says("Mine", by="seller")
    talking.run()
    talking.buyer_deletes(number, by="seller")
    talking.run()
    assert talking.last_shown()["text"] == (
        "You on Avito:\nMine\nThis message was deleted on Avito."
    )


def test_an_answer_from_telegram_that_was_deleted_in_avitos_app_is_told_of(talking):
    number = talking.seller_says("Come today")
    talking.run()
    answer = talking.message("Come today")
    talking.buyer_deletes(answer.avito_message_id, by="seller")
    talking.run()
    note = talking.last_shown()
    assert note["text"] == "This message was deleted on Avito."
    assert note["reply_to"] == number
    answer.refresh_from_db()
    assert answer.deleted_at is not None


def test_what_our_side_wrote_and_took_back_unheard_concerns_nobody(talking):
    value = {
        "id": "unheard",
        "chat_id": talking.chat,
        "author_id": talking.avito_user,
        "type": "deleted",
        "content": {},
    }
    assert take_message(account_id=talking.account.pk, value=value)
    talking.run()
    assert Message.objects.count() == 1
    assert talking.in_topic()[1:] == ["Hello"]
