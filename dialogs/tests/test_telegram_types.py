"""Every type of message that people send in Telegram has a visible, sensible effect."""

import base64
from io import BytesIO

import pytest
from PIL import Image

from dialogs.models import Attachment, Message
from dialogs.services.telegram_content import read_command, read_said
from dialogs.services.telegram_intake import take_topic_message
from dialogs.tests.relay import deliveries
from dialogs.tests.test_topic_messages import written


def jpeg() -> str:
    """Return a small picture, as a control call takes it."""
    content = BytesIO()
    Image.new("RGB", (320, 200), "teal").save(content, "JPEG")
    return base64.b64encode(content.getvalue()).decode()


@pytest.fixture
def talking(relay):
    """A dialog that has begun."""
    relay.buyer_says("Hello")
    relay.run()
    return relay


def test_a_photo_goes_in_its_largest_size_and_its_caption_after_it(talking, sandbox):
    number = talking.seller_says(photo="sample", caption="This is the one")
    talking.run()
    assert talking.seen_by_buyer() == ["[image]", "This is the one"]
    message = talking.message("This is the one")
    picture = message.attachments.get()
    assert (message.kind, message.status, message.telegram_message_id) == ("image", "sent", number)
    assert picture.state == Attachment.State.STORED
    sizes = talking.seen_at(number)["photo"]
    largest = max(sizes, key=lambda size: size["width"])
    assert picture.origin["file_id"] == largest["file_id"]
    assert (picture.file.width, picture.file.height) == (largest["width"], largest["height"])
    assert message.avito_message_id == talking.on_avito()["messages"][-1]["id"]


def test_a_picture_sent_as_a_file_is_a_picture(talking, sandbox):
    content = {"name": "photo.jpg", "content_type": "image/jpeg", "base64": jpeg()}
    talking.seller_says(document=content)
    talking.run()
    assert talking.seen_by_buyer() == ["[image]"]
    assert Message.objects.get(kind="image").text == ""


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("sticker", "A sticker"),
        ("voice", "A voice message"),
        ("document", "A file"),
        ("video", "A video"),
        ("video_note", "A video message"),
        ("audio", "Music"),
        ("animation", "A GIF"),
        ("location", "A place on the map"),
        ("venue", "A place on the map"),
        ("contact", "A contact"),
        ("poll", "A poll"),
        ("dice", "A dice"),
    ],
)
def test_what_avito_cannot_take_is_refused_in_the_topic_by_its_name(talking, kind, name):
    number = talking.seller_says(**{kind: "sample"})
    talking.run()
    note = talking.last_shown()
    assert note["text"].startswith(f"{name} cannot be sent to Avito, only text and pictures can.")
    assert note["reply_to"] == number
    assert talking.seen_by_buyer() == []
    assert Message.objects.count() == 1


def test_a_picture_that_cannot_be_had_is_explained_and_what_follows_goes_on(talking, sandbox):
    sandbox.fault("telegram.getFile", "status", status=400)
    number = talking.seller_says(photo="sample", caption="Look")
    talking.seller_says("Next")
    talking.run()
    assert talking.seen_by_buyer() == ["Next"]
    assert talking.message("Look").status == "failed"
    assert talking.receipt(number) == ["💔"]
    note = next(entry for entry in talking.shown() if entry.get("reply_to") == number)
    assert "could not be fetched" in note["text"]


def test_a_picture_that_avito_refuses_is_explained(talking, sandbox):
    sandbox.fault("avito.uploadImages", "status", status=400)
    number = talking.seller_says(photo="sample")
    talking.run()
    assert talking.receipt(number) == ["💔"]
    assert talking.last_shown()["text"].startswith("Not sent to Avito:")
    assert deliveries("upload_image") == ["dead"]


def test_an_answer_remembers_which_message_it_answers(talking):
    question = Message.objects.get()
    talking.seller_says("Yes", reply_to=question.telegram_message_id)
    talking.run()
    assert talking.message("Yes").reply_to == question


def test_an_address_under_words_is_not_lost(talking):
    text = "🚲 look here or at example.org"
    entities = [
        {"type": "text_link", "offset": 3, "length": 9, "url": "https://example.com/a"},
        {"type": "text_link", "offset": 19, "length": 11, "url": "https://example.org/"},
        {"type": "bold", "offset": 0, "length": 2},
    ]
    assert take_topic_message(
        bot_id=talking.bot.pk, message=written(talking, text=text, entities=entities)
    )
    talking.run()
    assert talking.seen_by_buyer() == ["🚲 look here (https://example.com/a) or at example.org"]


@pytest.mark.parametrize("text", [" \n\t ", "\u00a0", "\u2003\u2003"])
def test_white_space_is_not_a_message(talking, text):
    assert take_topic_message(bot_id=talking.bot.pk, message=written(talking, text=text))
    talking.run()
    assert talking.seen_by_buyer() == []
    assert talking.last_shown()["text"].startswith("This cannot be sent to Avito")


def test_a_forwarded_message_is_the_forwarders_words(talking):
    origin = {"type": "user", "date": 1, "sender_user": {"id": 5, "is_bot": True}}
    message = written(talking, text="They said so", forward_origin=origin)
    assert take_topic_message(bot_id=talking.bot.pk, message=message)
    talking.run()
    assert talking.seen_by_buyer() == ["They said so"]


def test_a_text_of_telegrams_full_length_arrives_whole(talking):
    text = " ".join(f"word{number:04}" for number in range(455))
    talking.seller_says(text)
    talking.run()
    parts = talking.seen_by_buyer()
    assert len(parts) == 5
    assert " ".join(parts) == text


@pytest.mark.parametrize(
    "message",
    [{"pinned_message": {}}, {"new_chat_title": "x"}, {"forum_topic_closed": {}}, {}],
    ids=["pin", "title", "closed", "empty"],
)
def test_service_messages_say_nothing(message):
    assert read_said(message) is None


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("/note call back\non Friday", ("note", "", "call back\non Friday")),
        ("/BAN@Shop_Bot spam", ("ban", "Shop_Bot", "spam")),
        ("/close", ("close", "", "")),
        ("/", ("", "", "")),
        ("/цена", ("ц", "", "")),
        ("a/b", None),
        ("", None),
    ],
)
def test_commands_are_read(text, parts):
    command = read_command(text)
    assert (command and (command.name, command.bot, command.words)) == parts
