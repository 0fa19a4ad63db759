"""Answers to a certain message: shown as answers in Telegram. Only the poll tells of them."""

import pytest

from dialogs.models import Message
from dialogs.services.avito_intake import take_message
from integrations.services.polling import poll_account


@pytest.fixture
def talking(relay):
    relay.buyer_says("Is it there?")
    relay.run()
    return relay


def take_quote(relay, quoted: dict, *, text: str = "I mean this", **fields) -> Message:
    """Let an answer come as the poll would bring it, and go its way."""
    value = {
        "id": f"answer-{Message.objects.count()}",
        "chat_id": relay.chat,
        "author_id": 7,
        "created": 1_900_000_000,
        "type": "text",
        "content": {"text": text},
        "quote": quoted,
        **fields,
    }
    assert take_message(account_id=relay.account.pk, value=value)
    relay.run()
    return Message.objects.get(avito_message_id=value["id"])


def test_an_answer_stands_below_what_it_answers(talking):
    asked = Message.objects.get()
    message = take_quote(talking, {"id": asked.avito_message_id, "type": "text"})
    assert message.reply_to == asked
    shown = talking.last_shown()
    assert shown["reply_to"] == asked.telegram_message_id
    assert shown["text"] == "I mean this"


def test_the_poll_brings_a_quote_along(talking):
    asked = Message.objects.get()
    talking.sandbox.control("avito/webhooks", {"deliver": False})
    body = {"chat_id": talking.chat, "text": "This one", "quote": asked.avito_message_id}
    talking.sandbox.control("avito/say", body)
    assert poll_account(talking.account) == 1
    talking.run()
    assert talking.message("This one").reply_to == asked
    assert talking.last_shown()["reply_to"] == asked.telegram_message_id


def test_an_answer_to_an_operators_words_stands_below_those(talking):
    number = talking.seller_says("Yes.\n\n" + "word " * 250)
    talking.run()
    first = talking.on_avito()["messages"][-2]["id"]
    message = take_quote(talking, {"id": first, "type": "text"})
    assert message.reply_to.telegram_message_id == number
    assert talking.last_shown()["reply_to"] == number


def test_what_is_not_known_here_is_quoted_in_words(talking):
    quoted = {"id": "ancient", "type": "text", "content": {"text": "Long\nago"}}
    message = take_quote(talking, quoted)
    assert message.reply_to is None
    assert talking.last_shown()["text"] == "> Long\nI mean this"
    assert "reply_to" not in talking.last_shown()


def test_a_picture_that_is_not_known_here_is_quoted_by_its_name(talking):
    take_quote(talking, {"id": "ancient", "type": "image", "content": {}})
    assert talking.last_shown()["text"] == "> A picture\nI mean this"


def test_what_stood_in_a_topic_that_is_gone_is_quoted_in_words(talking):
    asked = Message.objects.get()
    talking.change_topic("delete_topic")
    talking.buyer_says("More")
    talking.run()
    take_quote(talking, {"id": asked.avito_message_id, "type": "text"})
    assert talking.last_shown()["text"] == "> Is it there?\nI mean this"
    assert "reply_to" not in talking.last_shown()


def test_a_quoted_message_that_people_deleted_in_the_group_stops_nothing(talking, sandbox):
    asked = Message.objects.get()
    body = {"chat_id": talking.group, "message_id": asked.telegram_message_id}
    sandbox.control("telegram/delete", {"bot": talking.token, **body})
    take_quote(talking, {"id": asked.avito_message_id, "type": "text"})
    assert talking.last_shown()["text"] == "I mean this"


def test_a_picture_may_be_an_answer_too(talking):
    asked = Message.objects.get()
    take_quote(
        talking,
        {"id": asked.avito_message_id, "type": "text"},
        type="image",
        content={
            "image": {
                "sizes": {"1280x960": f"{talking.sandbox.url}/avito/static/images/sample/1280x960"}
            }
        },
    )
    assert talking.last_shown()["media"] == "photo"
    assert talking.last_shown()["reply_to"] == asked.telegram_message_id


@pytest.mark.parametrize("quote", [None, {}, "text", {"id": ""}, {"type": "text"}])
def test_what_is_no_quote_is_none(talking, quote):
    message = take_quote(talking, quote)
    assert message.reply_to is None
    assert message.facts == {}
    assert talking.last_shown()["text"] == "I mean this"
