"""Avito's other types of messages, each readable in the topic."""

import pytest
from django.utils import translation
from django.utils.translation import gettext

from dialogs.models import Message


@pytest.mark.parametrize(
    ("content", "beginning"),
    [
        ({"image": "sample"}, "A picture\n"),
        (
            {"type": "location", "location": {"lat": 55.7, "lon": 37.6, "title": "Arbat"}},
            "A place: Arbat\n",
        ),
        ({"type": "call", "call": {"status": "missed", "target_user_id": 5}}, "A missed call\n"),
        ({"type": "deleted"}, "A message that was deleted\n"),
        ({"type": "file"}, "A file\n"),
    ],
    ids=["image", "location", "call", "deleted", "file"],
)
def test_it_stands_in_the_topic_as_a_line_with_the_chats_address(relay, content, beginning):
    relay.buyer_says(**content)
    relay.run()
    message = Message.objects.get()
    assert message.kind == content.get("type", "image")
    assert message.text.startswith(beginning)
    assert message.text.endswith(relay.chat)
    assert relay.in_topic()[1:] == [message.text]
    assert message.status == "delivered"


def test_lines_are_in_the_owners_language(relay, owner):
    owner.lang_code = "ru"
    owner.save()
    relay.buyer_says(by="seller", text="Свои слова")
    relay.run()
    with translation.override("ru"):
        head = gettext("You on Avito:")
    assert relay.in_topic()[-1] == f"{head}\nСвои слова"
