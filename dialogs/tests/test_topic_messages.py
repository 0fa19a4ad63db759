"""What people write in the group, and what becomes of it."""

import pytest

from dialogs.models import Message
from dialogs.services.telegram_intake import take_topic_message
from dialogs.tests.relay import SELLER, deliveries

LONG = "\n\n".join(f"Paragraph {number}:" + " word" * 110 for number in range(4))


@pytest.fixture
def talking(relay):
    """A dialog that has begun."""
    relay.buyer_says("Hello")
    relay.run()
    return relay


def written(relay, **changes) -> dict:
    """Return a Bot API message in the dialog's topic."""
    message = {
        "message_id": 9_001,
        "message_thread_id": relay.dialog.telegram_topic_id,
        "is_topic_message": True,
        "date": 1_900_000_000,
        "chat": {"id": relay.group, "type": "supergroup", "title": "Buyers"},
        "from": {"id": SELLER["id"], "is_bot": False, "first_name": "Semyon"},
        "text": "Hello",
    }
    merged = message | changes
    return {key: value for key, value in merged.items() if value is not None}


def test_long_text_goes_out_in_parts_that_end_with_a_paragraph(talking):
    talking.seller_says(LONG)
    talking.run()
    parts = talking.answers_on_avito()
    assert len(parts) == 4
    assert all(len(part) <= 1000 and part.startswith("Paragraph") for part in parts)
    assert "\n\n".join(parts) == LONG
    message = talking.message(LONG)
    assert message.status == "sent"
    assert message.avito_message_id == talking.on_avito()["messages"][-1]["id"]
    # The events of all parts came back and were known for what they are.
    assert Message.objects.count() == 2


def test_what_follows_a_refused_part_is_not_sent(talking, sandbox):
    part = LONG.split("\n\n")[1]
    where = {"message": {"text": part}}
    sandbox.fault("avito.sendMessage", "status", status=400, where=where)
    talking.seller_says(LONG)
    talking.run()
    assert len(talking.answers_on_avito()) == 1
    assert deliveries("to_avito") == ["sent", "dead", "cancelled", "cancelled"]
    assert talking.message(LONG).status == "failed"
    assert talking.in_topic()[-1].startswith("Not sent to Avito:")


def test_a_command_is_not_said_to_the_buyer(talking):
    talking.seller_says("/discount 10")
    talking.run()
    assert talking.in_topic()[-1].startswith("There is no such command")
    assert talking.answers_on_avito() == []
    assert deliveries("to_avito") == []


def test_a_members_words_carry_the_member(talking, owner):
    owner.telegram_id = SELLER["id"]
    owner.save()
    talking.seller_says("It is me")
    talking.run()
    assert talking.message("It is me").author == owner


def test_the_same_update_twice_is_one_message(talking):
    for _ in range(2):
        assert take_topic_message(bot_id=talking.bot.pk, message=written(talking))
    assert Message.objects.filter(direction="telegram").count() == 1
    assert len(deliveries("to_avito")) == 1


def test_an_anonymous_admin_is_a_person_too(talking):
    group = {"id": talking.group, "type": "supergroup", "title": "Buyers"}
    message = written(
        talking,
        sender_chat=group,
        author_signature="the boss",
        **{"from": {"id": 1087968824, "is_bot": True, "first_name": "Group"}},
    )
    assert take_topic_message(bot_id=talking.bot.pk, message=message)
    assert Message.objects.get(direction="telegram").author_name == "the boss"


@pytest.mark.parametrize(
    "changes",
    [
        {"message_thread_id": 4_242},
        {"message_thread_id": None, "is_topic_message": None},
        {"is_topic_message": None},
        {"chat": {"id": SELLER["id"], "type": "private"}, "is_topic_message": None},
        {"from": {"id": 1, "is_bot": True, "first_name": "Bot"}},
        {"sender_chat": {"id": -100_42, "type": "channel", "title": "Elsewhere"}},
        {"text": None, "pinned_message": {"message_id": 3}},
        {"text": None, "forum_topic_edited": {"name": "New"}},
    ],
    ids=[
        "unknown topic",
        "general",
        "thread of replies",
        "private",
        "bot",
        "channel",
        "pin",
        "rename",
    ],
)
def test_what_is_not_said_by_a_person_in_a_dialogs_topic_is_left_to_others(talking, changes):
    assert not take_topic_message(bot_id=talking.bot.pk, message=written(talking, **changes))
    assert Message.objects.count() == 1
    assert deliveries("to_avito") == []
    assert deliveries("tell_topic") == []


def test_another_bots_update_of_the_same_topic_is_left_alone(talking):
    other = talking.organization.pk
    assert not take_topic_message(bot_id=other, message=written(talking))
