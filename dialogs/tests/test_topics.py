"""The topic of a dialog: made once, made again, held back, moved."""

import threading
import uuid

import pytest
from django.db import connection, connections

from dialogs.models import Dialog, Message
from dialogs.services.avito_intake import take_message
from dialogs.tests.relay import RIGHTS, Relay, deliveries
from integrations.models import Bot, Delivery
from integrations.services import inbox, pump
from integrations.services.bots import BotChanges, update_bot
from notifications.models import Notification


def start_together(count, act):
    """Run ``act(number)`` in as many threads at the same moment; return what was raised."""
    gate = threading.Barrier(count)
    raised = []

    def run(number):
        try:
            gate.wait(10)
            act(number)
        except Exception as error:  # noqa: BLE001 - handed to the test
            raised.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return raised


def first_message(relay: Relay, number: int) -> dict:
    return {
        "id": f"first-{number}",
        "chat_id": relay.chat,
        "user_id": relay.avito_user,
        "author_id": 7_000 + number,
        "created": 1_700_000_000 + number,
        "type": "text",
        "content": {"text": f"hello {number}"},
    }


def test_twenty_first_messages_at_once_make_one_dialog_and_one_topic(relay):
    raised = start_together(
        20,
        lambda number: take_message(
            account_id=relay.account.pk, value=first_message(relay, number)
        ),
    )
    assert raised == []
    relay.run()
    dialog = Dialog.objects.get()
    assert dialog.unread_count == 20
    assert len(relay.in_group()["topics"]) == 1
    assert deliveries("fetch_chat") == ["sent"]
    # In the order of writing, in whatever order they were stored.
    said = "\n\n".join(relay.in_topic()[1:]).split("\n\n")
    assert said == [f"hello {number}" for number in range(20)]
    assert dialog.messages.count() == 20


def test_without_the_constraint_the_same_rush_would_make_many(relay):
    """The control: the threads do race, so it is the unique pair that keeps them apart."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE dialogs_dialog DROP CONSTRAINT dialog_once")
    try:
        start_together(
            20,
            lambda number: take_message(
                account_id=relay.account.pk, value=first_message(relay, number)
            ),
        )
        assert Dialog.objects.count() > 1
    finally:
        Message.objects.all().delete()
        Dialog.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute(
                "ALTER TABLE dialogs_dialog ADD CONSTRAINT dialog_once"
                " UNIQUE (avito_account_id, external_id)"
            )


def test_the_card_is_pinned_and_does_not_hold_up_the_words(relay):
    relay.buyer_says("Hello")
    relay.run()
    assert deliveries("pin_card") == ["queued"]
    relay.hurry()
    relay.run(until=lambda: deliveries("pin_card") == ["sent"])
    card = relay.in_group()["messages"][0]
    assert relay.in_group()["topics"][0]["pinned"] == [card["message_id"]]
    assert "photo" in card


def test_a_card_that_cannot_be_pinned_is_a_card_all_the_same(relay):
    relay.group = relay.make_group("Without pins", rights=RIGHTS | {"can_pin_messages": False})
    Bot.objects.update(group_chat_id=relay.group)
    relay.buyer_says("Hello")
    relay.run()
    relay.hurry()
    relay.run(until=lambda: deliveries("pin_card") == ["dead"])
    assert relay.in_topic()[1:] == ["Hello"]
    assert not Notification.objects.exists()


def test_a_picture_that_telegram_does_not_take_is_left_out_of_the_card(relay, sandbox):
    sandbox.fault("telegram.sendPhoto", "error", error="Bad Request: wrong type of the web page")
    relay.buyer_says("Hello")
    relay.run()
    card, words = relay.in_topic()
    assert card.splitlines()[0] == "Bicycle Stels"
    assert words == "Hello"


def test_a_chat_that_avito_tells_nothing_of_gets_a_topic_all_the_same(relay, sandbox):
    sandbox.fault("avito.chat", "status", status=404)
    relay.buyer_says("Hello")
    relay.run()
    card, words = relay.in_topic()
    assert relay.chat.partition("~")[0] in card
    assert words == "Hello"
    assert relay.dialog.item == {}


def test_an_avito_that_is_slow_to_tell_does_not_hold_up_the_first_words_for_ever(relay, sandbox):
    sandbox.fault("avito.chat", "status", status=502)
    relay.buyer_says("Hello")
    relay.run(until=lambda: deliveries("fetch_chat") == ["retry"])
    assert deliveries("create_topic") == []
    Dialog.objects.update(created_at="2020-01-01T00:00:00Z")
    relay.hurry()
    relay.run(until=lambda: deliveries("to_telegram") == ["sent"])
    assert relay.in_topic()[1:] == ["Hello"]


def test_a_deleted_topic_is_made_again_once_with_its_card(relay, sandbox):
    relay.buyer_says("One")
    relay.run()
    old = relay.dialog.telegram_topic_id
    body = {"bot": relay.token, "chat_id": relay.group, "thread_id": old}
    sandbox.control("telegram/delete_topic", body)
    for text in ("Two", "Three"):
        relay.buyer_says(text)
    relay.run()
    assert relay.dialog.telegram_topic_id != old
    card, history, *words = relay.in_topic()
    assert card.startswith("Bicycle Stels")
    assert history.splitlines()[0] == "What was said before:"
    assert history.endswith("Boris: One")
    assert "\n\n".join(words) == "Two\n\nThree"
    assert deliveries("create_topic") == ["sent", "sent"]


def test_a_topic_that_vanishes_time_and_again_fails_the_message_and_lets_the_next_one_go(
    relay, sandbox
):
    relay.buyer_says("Hello")
    relay.run()
    gone = "Bad Request: message thread not found"
    sandbox.fault("telegram.sendMessage", "error", error=gone, where={"text": "Lost"})
    relay.buyer_says("Lost")
    relay.run()
    relay.buyer_says("Found")
    relay.run()
    assert relay.message("Lost").status == "failed"
    assert relay.message("Found").status == "delivered"
    assert len(deliveries("create_topic")) <= 4
    assert relay.in_topic()[-1] == "Found"


def test_a_group_that_moved_is_followed(relay, sandbox):
    relay.buyer_says("One")
    relay.run()
    moved = sandbox.control("telegram/migrate", {"chat_id": relay.group})["chat_id"]
    relay.buyer_says("Two")
    relay.run()
    assert Bot.objects.get().group_chat_id == moved
    relay.group = moved
    assert relay.dialog.telegram_chat_id == moved
    assert relay.in_topic()[1].endswith("Boris: One")
    assert relay.in_topic()[2:] == ["Two"]
    assert relay.message("Two").status == "delivered"


def test_without_topics_each_message_says_who_is_speaking(relay, owner):
    update_bot(actor=owner, bot=relay.bot, changes=BotChanges(topic_mode=False))
    relay.buyer_says("Hello")
    relay.run()
    assert [entry["text"] for entry in relay.in_group()["messages"]] == [
        "Boris · Bicycle Stels:\nHello"
    ]
    assert deliveries("create_topic") == []


def test_words_wait_for_a_bot_and_then_go_in_their_order(relay):
    bot = relay.account.bot
    relay.account.bot = None
    relay.account.save()
    relay.buyer_says("One")
    relay.run(until=lambda: deliveries("to_telegram") == ["queued"])
    relay.account.bot = bot
    relay.account.save()
    relay.buyer_says("Two")
    relay.hurry()
    relay.run()
    assert relay.in_topic()[1:] == ["One", "Two"]
    assert {message.status for message in Message.objects.all()} == {"delivered"}


def test_words_wait_for_a_group(relay):
    Bot.objects.update(group_chat_id=None)
    relay.buyer_says("One")
    relay.run(until=lambda: deliveries("fetch_chat") == ["sent"])
    assert deliveries("to_telegram") == ["queued"]
    Bot.objects.update(group_chat_id=relay.group)
    relay.hurry()
    relay.run()
    assert relay.in_topic()[1:] == ["One"]


def test_a_dialog_follows_its_bot_into_another_group(relay):
    relay.buyer_says("One")
    relay.run()
    relay.group = relay.make_group("Elsewhere")
    Bot.objects.update(group_chat_id=relay.group)
    relay.buyer_says("Two")
    relay.run()
    assert relay.dialog.telegram_chat_id == relay.group
    assert relay.in_topic()[1].endswith("Boris: One")
    assert relay.in_topic()[2:] == ["Two"]


@pytest.mark.parametrize("count", [3])
def test_each_dialog_has_a_topic_of_its_own(relay, count):
    chats = [relay.chat, *(relay.make_chat(f"Buyer {uuid.uuid4()}") for _ in range(count - 1))]
    for number, chat in enumerate(chats):
        relay.buyer_says(f"I am {number}", chat=chat)
    relay.run()
    assert len(relay.in_group()["topics"]) == count
    for number, chat in enumerate(chats):
        dialog = Dialog.objects.get(external_id=chat)
        assert relay.in_topic(dialog)[1:] == [f"I am {number}"]


def test_a_topic_that_a_person_closed_is_opened_ahead_of_the_words(relay):
    relay.buyer_says("One")
    relay.run()
    relay.change_topic("close_topic")
    for text in ("Two", "Three"):
        relay.buyer_says(text)
    relay.run()
    assert not relay.in_group()["topics"][0]["closed"]
    assert deliveries("reopen_topic") == ["sent"]
    said = "\n\n".join(relay.in_topic()[1:])
    assert said == "One\n\nTwo\n\nThree"
    assert {message.status for message in Message.objects.all()} == {"delivered"}


def test_a_topic_that_is_closed_time_and_again_is_opened_time_and_again(relay, sandbox):
    relay.buyer_says("One")
    relay.run()
    sandbox.fault("telegram.sendMessage", "error", error="Bad Request: TOPIC_CLOSED", times=5)
    relay.buyer_says("Two")
    relay.run(until=lambda: len(deliveries("reopen_topic")) == 3)
    for _ in range(3):
        relay.hurry()
        relay.run(until=lambda: not Delivery.objects.filter(state="sending").exists())
    relay.hurry()
    relay.run()
    assert relay.in_topic()[1:] == ["One", "Two"]
    assert relay.message("Two").status == "delivered"


def test_a_name_that_people_gave_a_topic_stays(relay):
    relay.buyer_says("One")
    relay.run()
    relay.change_topic("rename_topic", name="Boris, urgent")
    relay.buyer_says("Two")
    relay.run()
    assert relay.in_topic()[1:] == ["One", "Two"]
    assert [topic["name"] for topic in relay.in_group()["topics"]] == ["Boris, urgent"]
    assert not relay.sandbox.calls("telegram.editForumTopic")


def test_the_card_of_an_item_without_a_picture_is_a_text_and_pinned(relay):
    relay.buyer_says("Hello")
    inbox.drain()
    pump.drain("avito")
    dialog = relay.dialog
    dialog.item["image"] = ""
    dialog.save()
    relay.run()
    relay.hurry()
    relay.run(until=lambda: deliveries("pin_card") == ["sent"])
    card = relay.shown()[0]
    assert "photo" not in card
    title, price, address = card["text"].splitlines()
    assert (title, price) == ("Bicycle Stels", "12 500 ₽")
    assert address.startswith("https://www.avito.ru/")
    assert relay.in_group()["topics"][0]["pinned"] == [card["message_id"]]
