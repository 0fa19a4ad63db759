"""Every type of Avito's messages, and what the people in the topic see of it."""

from dataclasses import dataclass

import pytest
from django.utils import translation
from django.utils.translation import gettext

from dialogs.models import Message
from dialogs.services.avito_content import facts_of, largest, origins_of
from dialogs.services.avito_intake import take_message
from dialogs.services.wording import describe_content
from dialogs.tests.relay import deliveries
from integrations.models import StoredFile
from integrations.services import inbox

POINT = {"lat": 55.75, "lon": 37.59}


@dataclass(frozen=True)
class Effect:
    """What Avito sends, by which method it reaches Telegram, and how its text begins there.

    ``has_link``: whether a link to the chat on Avito stands below.
    """

    says: dict
    method: str
    begins: str = ""
    has_link: bool = False


MEDIA = {
    "sendPhoto": "photo",
    "sendVoice": "voice",
    "sendVenue": "venue",
    "sendLocation": "location",
}
EFFECTS = {
    "text": Effect({"text": "Is it there?"}, "sendMessage", "Is it there?"),
    "link": Effect({"link": "sample"}, "sendMessage", "https://habr.com/ru/articles/"),
    "image": Effect({"image": "sample"}, "sendPhoto"),
    "voice": Effect({"voice": "sample"}, "sendVoice"),
    "item": Effect({"item": "sample"}, "sendMessage", "An item: Кресло к дивану\n3 500 ₽\nhttps:"),
    "location with a name": Effect(
        {"location": POINT | {"title": "Arbat, 1", "text": "Moscow, Arbat, 1"}}, "sendVenue"
    ),
    "location": Effect({"location": POINT}, "sendLocation"),
    "location without a point": Effect(
        {"location": {"title": "Arbat"}}, "sendMessage", "A place: Arbat"
    ),
    "call": Effect({"call": "sample"}, "sendMessage", "A missed call"),
    "system": Effect(
        {"type": "system", "text": "The item was sold"}, "sendMessage", "The item was sold"
    ),
    "system without words": Effect(
        {"type": "system"}, "sendMessage", "A notice from Avito\n", has_link=True
    ),
    "deleted": Effect(
        {"type": "deleted"}, "sendMessage", "A message that was deleted\n", has_link=True
    ),
    "appCall": Effect({"type": "appCall"}, "sendMessage", "A call over Avito\n", has_link=True),
    "file": Effect({"type": "file"}, "sendMessage", "A file\n", has_link=True),
    "video": Effect({"type": "video"}, "sendMessage", "A video\n", has_link=True),
    "unknown": Effect(
        {"type": "unknown"},
        "sendMessage",
        "A message that can only be seen on Avito\n",
        has_link=True,
    ),
    "empty text": Effect(
        {"type": "text", "empty": True},
        "sendMessage",
        "A message that can only be seen on Avito\n",
        has_link=True,
    ),
    "empty image": Effect(
        {"type": "image", "empty": True}, "sendMessage", "A picture\n", has_link=True
    ),
    "empty voice": Effect(
        {"type": "voice", "empty": True}, "sendMessage", "A voice message\n", has_link=True
    ),
    "empty link": Effect({"type": "link", "empty": True}, "sendMessage", "A link\n", has_link=True),
    "empty location": Effect(
        {"type": "location", "empty": True},
        "sendMessage",
        "A message that can only be seen on Avito\n",
        has_link=True,
    ),
}


@pytest.mark.parametrize("effect", EFFECTS.values(), ids=EFFECTS)
def test_it_has_a_visible_effect_in_the_topic(relay, sandbox, effect):
    relay.buyer_says(**effect.says)
    relay.run()
    message = Message.objects.get()
    shown = relay.last_shown()
    assert len(relay.shown()) == 2
    assert sandbox.calls(f"telegram.{effect.method}")
    assert shown.get("media", "text") == MEDIA.get(effect.method, "text")
    assert shown["text"].startswith(effect.begins)
    assert shown["text"].endswith(relay.chat) == effect.has_link
    assert message.status == "delivered"
    assert message.telegram_message_id == shown["message_id"]


def test_a_picture_is_kept_in_its_largest_size_and_sent_from_what_was_kept(relay, sandbox):
    relay.buyer_says(image="sample")
    relay.run()
    media = Message.objects.get().attachments.get()
    stored = StoredFile.objects.get()
    assert media.origin["url"].endswith("1280x960")
    assert (media.state, media.file, media.kind) == ("stored", stored, "photo")
    assert stored.organization == relay.organization
    assert media.telegram_file_id in {size["file_id"] for size in relay.last_shown()["photo"]}
    assert relay.dialog.last_message_text == "A picture"
    # Telegram was given the content, not an address to fetch it from.
    sent = sandbox.calls("telegram.sendPhoto")[-1]
    assert "static/images" not in str(sent)


def test_a_voice_is_sent_as_a_voice_that_telegram_plays(relay):
    relay.buyer_says(voice="sample")
    relay.run()
    stored = StoredFile.objects.get()
    assert stored.content_type == "audio/ogg"
    assert 1 < stored.duration_seconds < 4
    media = Message.objects.get().attachments.get()
    assert relay.last_shown()["voice"]["file_id"] == media.telegram_file_id
    assert relay.dialog.last_message_text == "A voice message"


def test_a_place_keeps_its_point_for_the_site(relay):
    relay.buyer_says(location=POINT | {"title": "Arbat, 1", "text": "Moscow, Arbat, 1"})
    relay.run()
    message = Message.objects.get()
    assert (message.facts["lat"], message.facts["lon"]) == (55.75, 37.59)
    first, second = message.text.splitlines()
    assert first == "A place: Moscow, Arbat, 1"
    assert "37.59,55.75" in second
    assert relay.last_shown()["venue"]["address"] == "Moscow, Arbat, 1"


def test_what_telegram_refuses_in_its_own_form_goes_as_text(relay, sandbox):
    sandbox.fault("telegram.sendVenue", "error", error="Bad Request: wrong venue")
    sandbox.fault("telegram.sendVoice", "error", error="Bad Request: VOICE_MESSAGES_FORBIDDEN")
    relay.buyer_says(location=POINT | {"title": "Arbat"})
    relay.buyer_says(voice="sample")
    relay.run()
    place, voice = relay.shown()[1:]
    assert place["text"].startswith("A place: Arbat\nhttps://")
    assert voice["text"].startswith("A voice message\nhttps://")
    assert deliveries("late_media") == []
    assert {message.status for message in Message.objects.all()} == {"delivered"}


def test_a_text_that_telegram_refuses_twice_fails_and_the_next_one_goes(relay, sandbox):
    relay.buyer_says("Hello")
    relay.run()
    refusal = "Bad Request: message is not for this chat"
    sandbox.fault("telegram.sendMessage", "error", error=refusal, where={"text": "Bad"}, times=2)
    relay.buyer_says("Bad")
    relay.buyer_says("Good")
    relay.run()
    assert relay.message("Bad").status == "failed"
    assert relay.in_topic()[1:] == ["Hello", "Good"]


def test_the_same_message_by_webhook_and_poll_is_fetched_and_shown_once(relay):
    relay.buyer_says(image="sample")
    relay.run()
    known = Message.objects.get()
    value = {
        "id": known.avito_message_id,
        "chat_id": relay.chat,
        "author_id": 7,
        "created": 1_700_000_000,
        "type": "image",
        "content": {"image": {"sizes": {"1280x960": "https://img.avito.st/1"}}},
    }
    assert take_message(account_id=relay.account.pk, value=value)
    relay.run()
    assert Message.objects.get().attachments.count() == 1
    assert deliveries("fetch_attachment") == ["sent"]
    assert len(relay.shown()) == 2


def test_our_own_sides_picture_from_avitos_app_says_whose_it_is(relay):
    relay.buyer_says("Hello")
    relay.run()
    relay.buyer_says(by="seller", image="sample")
    relay.run()
    shown = relay.last_shown()
    assert shown["media"] == "photo"
    assert shown["text"] == "You on Avito:"
    assert relay.dialog.unread_count == 0


def test_lines_are_in_the_owners_language(relay, owner):
    owner.lang_code = "ru"
    owner.save()
    relay.buyer_says(by="seller", text="Свои слова")
    relay.buyer_says(type="file")
    relay.run()
    with translation.override("ru"):
        head, name = gettext("You on Avito:"), gettext("A file")
    own, file = relay.in_topic()[1:]
    assert own == f"{head}\nСвои слова"
    assert file.splitlines()[0] == name == "Файл"


def test_a_banned_buyers_words_are_kept_and_not_relayed(relay):
    relay.buyer_says("Hello")
    relay.run()
    dialog = relay.dialog
    dialog.status = "banned"
    dialog.save()
    relay.buyer_says("Spam")
    relay.run()
    assert relay.message("Spam").status == "sent"
    assert relay.in_topic()[1:] == ["Hello"]
    assert relay.dialog.status == "banned"


def test_words_that_were_on_their_way_when_the_buyer_was_banned_stay_here(relay):
    relay.buyer_says("Hello")
    inbox.drain()
    type(relay.dialog).objects.update(status="banned")
    relay.hurry()
    relay.run()
    assert relay.message("Hello").status == "sent"
    assert relay.in_group()["messages"] == []


@pytest.mark.parametrize(
    ("sizes", "url"),
    [
        ({"32x32": "s", "1280x960": "l", "640x480": "m"}, "l"),
        ({"480x640": "tall", "640x400": "wide"}, "tall"),
        ({"original": "o"}, "o"),
        ({"big": "b", "10x10": "s"}, "s"),
        ({}, ""),
        (None, ""),
        (["1x1"], ""),
        ({"1x1": None}, ""),
    ],
)
def test_the_largest_size_is_the_one_of_most_pixels(sizes, url):
    assert largest(sizes) == url


@pytest.mark.parametrize("content", [{}, {"image": None}, {"image": {"sizes": {}}}, {"voice": []}])
@pytest.mark.parametrize("kind", ["image", "voice"])
def test_content_with_gaps_has_nothing_to_fetch(kind, content):
    assert origins_of(kind, content) == []


@pytest.mark.parametrize(
    "content", [{}, {"link": None}, {"item": []}, {"location": "here"}, {"call": 5}, {"text": None}]
)
@pytest.mark.parametrize("kind", ["text", "link", "item", "location", "call", "system", "новый"])
def test_content_with_gaps_is_read_all_the_same(kind, content):
    with translation.override("en"):
        assert describe_content(kind, content, chat_id="u2i-1~2")
    assert facts_of(kind, content) == {}


def test_a_links_own_address_and_title_are_not_lost():
    link = {"text": "look", "url": "https://example.org/a", "preview": {"title": "A page"}}
    words = describe_content("link", {"link": link}, chat_id="c")
    assert words.splitlines() == ["look", "https://example.org/a", "A page"]
