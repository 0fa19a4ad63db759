"""Second thoughts of operators: the buyer ends with the last version, once."""

from datetime import timedelta

import pytest
from django.db.models import F

from dialogs.models import Message
from dialogs.services.edits import take_edit
from dialogs.tests.relay import deliveries
from dialogs.tests.test_telegram_types import jpeg
from dialogs.tests.test_topic_messages import LONG, written
from integrations.models import Delivery


@pytest.fixture
def talking(relay):
    """A dialog that has begun."""
    relay.buyer_says("Hello")
    relay.run()
    return relay


def hold_avito(sandbox) -> None:
    """Let nothing be said on Avito until ``sandbox.clear_faults``."""
    sandbox.fault("avito.sendMessage", "status", status=429, retry_after=1)


def grow_old(relay) -> None:
    """Let what was sent be older than an hour, for us and for Avito."""
    Delivery.objects.filter(kind="dialogs.to_avito").update(
        settled_at=F("settled_at") - timedelta(hours=2)
    )
    for entry in relay.on_avito()["messages"]:
        body = {"chat_id": relay.chat, "message_id": entry["id"], "seconds": 7200}
        relay.sandbox.control("avito/age", body)


def test_within_the_hour_the_old_words_go_and_the_new_ones_come(talking):
    number = talking.seller_says("It costs 1000")
    talking.run()
    old_id = talking.message("It costs 1000").avito_message_id
    talking.seller_says("It costs 100", edits=number)
    talking.run()
    assert talking.seen_by_buyer() == ["It costs 100"]
    message = talking.message("It costs 100")
    assert (message.revision, message.status, message.deleted_at) == (1, "sent", None)
    assert message.edited_at is not None
    assert message.avito_message_id not in (None, old_id)
    assert talking.receipt(number) == ["👌"]
    # Neither the deletion nor the new words came back as news.
    assert Message.objects.count() == 2
    assert len(talking.shown()) == 3


def test_an_edit_of_an_edit_leaves_the_last_one(talking):
    number = talking.seller_says("One")
    talking.run()
    for text in ("Two", "Three"):
        talking.seller_says(text, edits=number)
    talking.run()
    assert talking.seen_by_buyer() == ["Three"]
    assert talking.message("Three").revision == 2


def test_all_parts_of_a_long_text_are_replaced(talking):
    number = talking.seller_says(LONG)
    talking.run()
    assert len(talking.seen_by_buyer()) == 4
    talking.seller_says("In short: yes", edits=number)
    talking.run()
    assert talking.seen_by_buyer() == ["In short: yes"]
    assert deliveries("delete_part") == ["sent"] * 4


def test_what_waits_is_replaced_in_its_place(talking, sandbox):
    hold_avito(sandbox)
    number = talking.seller_says("Firts")
    talking.seller_says("Second")
    talking.run(until=lambda: Delivery.objects.filter(kind="dialogs.to_avito").count() == 2)
    Delivery.objects.filter(kind="dialogs.to_avito").update(dispatched_at=None, state="queued")
    talking.seller_says("First", edits=number)
    sandbox.clear_faults()
    talking.run(until=lambda: talking.hurry() or len(talking.seen_by_buyer()) == 2)
    talking.run()
    assert talking.seen_by_buyer() == ["First", "Second"]
    assert deliveries("delete_part") == []
    assert talking.message("First").status == "sent"


def test_an_edit_while_the_call_is_in_the_air_is_followed_after_it(talking):
    number = talking.seller_says("Wrong")
    talking.run(until=lambda: talking.message("Wrong").status == "sent")
    part = Delivery.objects.get(kind="dialogs.to_avito")
    # As if the answer to the call were still on its way.
    part.payload.pop("avito_message_id")
    Delivery.objects.filter(pk=part.pk).update(
        state="ambiguous", settled_at=None, ambiguous_at=part.dispatched_at, payload=part.payload
    )
    Message.objects.filter(text="Wrong").update(avito_message_id=None, status="queued")
    talking.seller_says("Right", edits=number)
    talking.run()
    assert talking.seen_by_buyer() == ["Right"]
    assert talking.message("Right").status == "sent"


@pytest.mark.parametrize(
    ("language", "begin"), [("en", "Correction: "), ("ru", "Исправление: ")], ids=["en", "ru"]
)
def test_later_than_an_hour_a_correction_is_sent(talking, owner, language, begin):
    owner.lang_code = language
    owner.save()
    number = talking.seller_says("At five")
    talking.run()
    grow_old(talking)
    talking.seller_says("At six", edits=number)
    talking.run()
    assert talking.seen_by_buyer() == ["At five", f"{begin}At six"]
    assert talking.message("At six").status == "sent"
    assert deliveries("delete_part") == []


def test_where_avito_refuses_to_delete_the_new_words_are_a_correction(talking, sandbox):
    number = talking.seller_says("At five")
    talking.run()
    sandbox.fault("avito.deleteMessage", "status", status=400)
    talking.seller_says("At six", edits=number)
    talking.run()
    assert talking.seen_by_buyer() == ["At five", "Correction: At six"]


def test_a_caption_is_replaced_and_its_picture_stays(talking):
    number = talking.seller_says(photo="sample", caption="Blue")
    talking.run()
    talking.seller_says("Green", edits=number)
    talking.run()
    assert talking.seen_by_buyer() == ["[image]", "Green"]
    message = talking.message("Green")
    assert (message.kind, message.attachments.count(), message.status) == ("image", 1, "sent")


def test_a_caption_that_is_taken_away_leaves_the_picture(talking):
    talking.seller_says(photo="sample", caption="Blue")
    talking.run()
    message = talking.message("Blue")
    photo = talking.seen_at(message.telegram_message_id)["photo"]
    edited = written(
        talking, message_id=message.telegram_message_id, text=None, photo=photo, edit_date=1
    )
    assert take_edit(bot_id=talking.bot.pk, message=edited)
    talking.run()
    message.refresh_from_db()
    assert talking.seen_by_buyer() == ["[image]"]
    assert (message.text, message.status) == ("", "sent")
    assert message.avito_message_id == talking.on_avito()["messages"][-2]["id"]


def test_another_picture_replaces_all(talking):
    number = talking.seller_says(photo="sample", caption="Blue")
    talking.run()
    other = {"name": "other.jpg", "content_type": "image/jpeg", "base64": jpeg()}
    talking.seller_says(photo=other, caption="Blue", edits=number)
    talking.run()
    assert talking.seen_by_buyer() == ["[image]", "Blue"]
    message = talking.message("Blue")
    assert [row.state for row in message.attachments.all()] == ["stored", "stored"]
    assert deliveries("delete_part") == ["sent", "sent"]
    assert deliveries("upload_image") == ["sent", "sent"]


def test_a_refused_message_that_is_edited_goes_out(talking, sandbox):
    sandbox.fault("avito.sendMessage", "status", status=400, times=1)
    number = talking.seller_says("Bad word")
    talking.run()
    assert talking.receipt(number) == ["💔"]
    talking.seller_says("Good word", edits=number)
    talking.run()
    assert talking.seen_by_buyer() == ["Good word"]
    assert talking.receipt(number) == ["👌"]


def test_an_edit_that_changes_no_words_changes_nothing(talking):
    talking.seller_says("Same")
    talking.run()
    message = talking.message("Same")
    edited = written(talking, message_id=message.telegram_message_id, text="Same", edit_date=1)
    assert take_edit(bot_id=talking.bot.pk, message=edited)
    message.refresh_from_db()
    assert (message.revision, message.edited_at) == (0, None)
    assert len(deliveries("to_avito")) == 1


def test_a_command_is_not_slipped_in_by_an_edit(talking):
    number = talking.seller_says("Yes")
    talking.run()
    talking.seller_says("/close", edits=number)
    talking.run()
    assert talking.seen_by_buyer() == ["Yes"]
    assert talking.dialog.status == "open"
    assert talking.last_shown()["text"].startswith("There is no such command")


def test_edits_of_what_was_never_relayed_are_left_to_others(talking):
    number = talking.seller_says(sticker="sample")
    talking.run()
    other = written(talking, message_id=number, text="Now words", edit_date=1)
    assert not take_edit(bot_id=talking.bot.pk, message=other)
    foreign = written(talking, chat={"id": -100_42, "type": "supergroup"}, edit_date=1)
    assert not take_edit(bot_id=talking.bot.pk, message=foreign)
