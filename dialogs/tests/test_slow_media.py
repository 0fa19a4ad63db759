"""Pictures and voices that are slow to come, or never do: nobody waits for them for ever."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dialogs.models import Attachment, Message
from dialogs.services.avito_intake import take_message
from dialogs.services.late_media import PATIENCE_SECONDS
from dialogs.services.messages import send_message
from dialogs.tests.relay import deliveries
from integrations.models import Delivery, StoredFile
from integrations.services import inbox, pump
from integrations.services.bots import BotChanges, update_bot
from integrations.services.files import keep_image
from integrations.tests.test_media import picture


@pytest.fixture
def talking(relay):
    relay.buyer_says("Hello")
    relay.run()
    return relay


def take_in(relay) -> None:
    """Take in what waits and look at Telegram's side alone: no picture comes meanwhile."""
    inbox.drain()
    pump.drain("telegram")


def let_patience_end() -> None:
    past = timezone.now() - timedelta(seconds=PATIENCE_SECONDS)
    Message.objects.update(created_at=past)


def test_what_was_said_after_a_picture_stands_below_it(talking):
    talking.buyer_says(image="sample")
    talking.buyer_says("Do you see it?")
    take_in(talking)
    assert talking.in_topic()[1:] == ["Hello"]
    talking.run()
    picture, words = talking.shown()[2:]
    assert picture["media"] == "photo"
    assert words["text"] == "Do you see it?"


def test_a_picture_that_comes_wakes_what_waits_for_it(talking):
    talking.buyer_says(image="sample")
    take_in(talking)
    waiting = Delivery.objects.get(kind="dialogs.to_telegram", state="queued")
    assert waiting.state == "queued"
    assert waiting.not_before < timezone.now() + timedelta(seconds=2)
    pump.drain("avito")
    waiting.refresh_from_db()
    assert waiting.not_before <= timezone.now()
    pump.drain("telegram")
    assert talking.last_shown()["media"] == "photo"


def test_a_picture_that_is_too_slow_is_stood_in_for_and_follows(talking):
    talking.buyer_says(image="sample")
    talking.buyer_says("Do you see it?")
    take_in(talking)
    let_patience_end()
    talking.hurry()
    pump.drain("telegram")
    stand_in, words = talking.shown()[2:]
    assert stand_in["text"].startswith("A picture\nhttps://www.avito.ru/")
    assert words["text"] == "Do you see it?"
    assert Message.objects.get(kind="image").status == "delivered"
    talking.run()
    picture = talking.last_shown()
    assert picture["media"] == "photo"
    assert picture["reply_to"] == stand_in["message_id"]
    assert Attachment.objects.get().telegram_file_id
    assert deliveries("late_media") == ["sent"]


def test_a_picture_that_comes_while_its_stand_in_is_in_the_air_follows_too(talking):
    talking.buyer_says(voice="sample")
    take_in(talking)
    let_patience_end()
    talking.hurry()
    talking.sandbox.fault("telegram.sendMessage", "timeout_after", seconds=0.1, times=1)
    pump.drain("telegram")
    assert deliveries("to_telegram")[-1] == "ambiguous"
    pump.drain("avito")
    assert deliveries("late_media") == []
    talking.hurry()
    talking.run()
    assert talking.last_shown()["media"] == "voice"
    assert Message.objects.get(kind="voice").status == "uncertain"


def test_a_voice_that_avito_has_lost_is_shown_as_a_link(talking):
    talking.buyer_says(voice="sample")
    talking.sandbox.control("avito/expire_voices", {"gone": True})
    talking.run()
    shown = talking.last_shown()
    assert shown["text"].startswith("A voice message\nhttps://www.avito.ru/")
    assert Attachment.objects.get().state == "failed"
    assert Message.objects.get(kind="voice").status == "delivered"
    assert not StoredFile.objects.exists()


def test_a_picture_at_a_strangers_address_is_never_fetched(talking):
    value = {
        "id": "trap",
        "chat_id": talking.chat,
        "author_id": 7,
        "created": 1_900_000_000,
        "type": "image",
        "content": {"image": {"sizes": {"1280x960": "http://169.254.169.254/latest"}}},
    }
    assert take_message(account_id=talking.account.pk, value=value)
    talking.run()
    assert talking.last_shown()["text"].startswith("A picture\nhttps://www.avito.ru/")
    assert Delivery.objects.get(kind="dialogs.fetch_attachment").last_error_code == (
        "foreign_address"
    )


def test_a_picture_of_one_buyer_does_not_hold_up_another(talking):
    other = talking.make_chat("Anna")
    talking.buyer_says("I am Anna", chat=other)
    talking.run()
    talking.buyer_says(image="sample")
    talking.buyer_says("Anna again", chat=other)
    take_in(talking)
    dialog = Message.objects.get(text="Anna again").dialog
    assert talking.in_topic(dialog)[-1] == "Anna again"


def test_a_name_that_telegram_gave_a_picture_is_used_and_given_up_when_refused(talking, sandbox):
    talking.buyer_says(image="sample")
    inbox.drain()
    pump.drain("avito")
    Attachment.objects.update(telegram_file_id="of-another-bot")
    talking.hurry()
    talking.run()
    first, second = sandbox.calls("telegram.sendPhoto")[-2:]
    assert "of-another-bot" in str(first)
    assert "of-another-bot" not in str(second)
    assert talking.last_shown()["media"] == "photo"
    assert Attachment.objects.get().telegram_file_id != "of-another-bot"


def test_without_topics_a_picture_says_whose_it_is(talking, owner):
    update_bot(actor=owner, bot=talking.bot, changes=BotChanges(topic_mode=False))
    talking.buyer_says(image="sample")
    talking.buyer_says(location={"lat": 55.75, "lon": 37.59})
    talking.run()
    picture, place = talking.in_group()["messages"][-2:]
    assert (picture["media"], picture["text"]) == ("photo", "Boris · Bicycle Stels:")
    assert place["text"].startswith("Boris · Bicycle Stels:\nA place: 55.75, 37.59\nhttps://")


@pytest.mark.parametrize("length", [10, 2000])
def test_a_picture_from_the_site_stands_in_the_topic_with_its_words(talking, owner, length):
    image = keep_image(organization_id=talking.organization.pk, content=picture((60, 40)))
    text = "x" * length
    send_message(actor=owner, dialog=talking.dialog, text=text, image=image)
    talking.run()
    shown = next(entry for entry in talking.shown() if entry["text"].startswith("Olga"))
    assert shown["media"] == "photo"
    head, words = shown["text"].splitlines()
    assert head == "Olga (site):"
    assert text.startswith(words.removesuffix("…"))
    assert len(shown["text"]) <= 1024
    assert [entry["type"] for entry in talking.on_avito()["messages"]][1] == "image"
