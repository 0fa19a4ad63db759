"""The item's card at the head of a topic: one message, pinned, and no condition for the words."""

import pytest

from dialogs.models import Dialog
from dialogs.services.wording import card_text, topic_name
from dialogs.tests.inbox import make_account, make_dialog
from dialogs.tests.relay import deliveries


def test_it_is_one_picture_with_title_price_and_link(relay):
    relay.buyer_says("Hello")
    relay.run()
    card = relay.shown()[0]
    assert card["media"] == "photo"
    title, price, link = card["text"].splitlines()
    assert (title, price) == ("Bicycle Stels", "12 500 ₽")
    assert link.startswith("https://www.avito.ru/items/")
    assert deliveries("card") == ["sent"]


def test_a_card_whose_topic_vanished_does_not_come_twice(relay, sandbox):
    """The topic is deleted between its making and its card; the message has another one made."""
    gone = "Bad Request: message thread not found"
    sandbox.fault("telegram.sendPhoto", "error", error=gone, times=1)
    relay.buyer_says("Hello")
    relay.run()
    card, words = relay.in_topic()
    assert card.startswith("Bicycle Stels")
    assert words == "Hello"
    assert deliveries("card") == ["dead", "sent"]
    assert deliveries("create_topic") == ["sent", "sent"]


def test_a_card_that_telegram_never_takes_holds_nothing_up(relay, sandbox):
    refusal = "Bad Request: message is not for this chat"
    sandbox.fault("telegram.sendPhoto", "error", error=refusal)
    where = {"text": "Bicycle Stels"}
    relay.buyer_says("Hello")
    sandbox.fault("telegram.sendMessage", "error", error=refusal, where=where)
    relay.run()
    assert relay.in_topic()[-1] == "Hello"
    assert relay.dialog.item["image"] == ""


@pytest.fixture
def dialog(organization) -> Dialog:
    return make_dialog(make_account(organization))


def test_of_an_unknown_item_the_card_has_the_chats_address(dialog):
    dialog.item = {}
    assert card_text(dialog) == "https://www.avito.ru/profile/messenger/channel/chat-Boris"


@pytest.mark.parametrize(
    ("name", "title", "expected"),
    [
        ("Boris", "Bicycle", "Boris · Bicycle"),
        ("", "Bicycle", "Bicycle"),
        ("Boris", "", "Boris"),
        ("", "", "chat-Boris"),
        ("Я" * 128, "Велосипед", "Я" * 128),
    ],
)
def test_a_topics_name_tells_who_asks_about_what(dialog, name, title, expected):
    dialog.contact.name, dialog.title = name, title
    assert topic_name(dialog) == expected
