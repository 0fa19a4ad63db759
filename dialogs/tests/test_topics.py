"""The topic of a dialog: made once, made again, held back, moved."""

import threading
import uuid

import pytest
from django.db import connection, connections

from dialogs.models import Dialog, Message
from dialogs.services.avito_intake import take_message
from dialogs.tests.relay import RIGHTS, Relay, deliveries
from integrations.models import Bot, Delivery
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
    stored = list(dialog.messages.order_by("pk").values_list("text", flat=True))
    assert sorted(stored) == sorted(f"hello {number}" for number in range(20))
    assert relay.in_topic()[1:] == stored


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
    card, *words = relay.in_topic()
    assert card.startswith("Bicycle Stels")
    assert words == ["Two", "Three"]
    assert deliveries("create_topic") == ["sent", "sent"]


def test_a_topic_that_vanishes_time_and_again_fails_the_message_and_lets_the_next_one_go(
    relay, sandbox
):
    relay.buyer_says("Hello")
    relay.run()
    gone = "Bad Request: message thread not found"
    sandbox.fault("telegram.sendMessage", "error", error=gone, where={"text": "Lost"})
    relay.buyer_says("Lost")
    relay.buyer_says("Found")
    relay.run()
    assert relay.message("Lost").status == "failed"
    assert relay.message("Found").status == "delivered"
    assert relay.in_topic()[-1] == "Found"


def test_a_bot_without_rights_holds_the_words_and_its_owner_is_told_once(relay, owner, colleague):
    relay.group = relay.make_group("No rights", rights=RIGHTS | {"can_manage_topics": False})
    Bot.objects.update(group_chat_id=relay.group)
    relay.buyer_says("One")
    relay.run(until=lambda: deliveries("create_topic") == ["retry"])
    for _ in range(2):
        relay.hurry()
        relay.run(until=lambda: not Delivery.objects.filter(state="sending").exists())
    told = Notification.objects.get()
    assert (told.kind, told.recipient) == ("dialogs.group_unusable", owner)
    assert told.context["code"] == "not_enough_rights"
    assert relay.message("One").status == "queued"
    Bot.objects.update(group_chat_id=relay.make_group("With rights"))
    relay.group = Bot.objects.get().group_chat_id
    relay.hurry()
    relay.run()
    assert relay.in_topic()[1:] == ["One"]
    assert relay.message("One").status == "delivered"


def test_a_bot_that_was_thrown_out_delivers_after_its_return(relay, sandbox):
    relay.buyer_says("One")
    relay.run()
    sandbox.control("telegram/kick", {"bot": relay.token, "chat_id": relay.group})
    relay.buyer_says("Two")
    relay.run(until=lambda: deliveries("to_telegram")[-1] == "retry")
    assert Notification.objects.get().context["code"] == "bot_kicked"
    body = {"title": "Buyers", "bots": [relay.token], "is_forum": True, "chat_id": relay.group}
    sandbox.control("telegram/groups", body)
    relay.hurry()
    relay.run()
    assert relay.in_topic()[1:] == ["One", "Two"]


def test_a_group_that_moved_is_followed(relay, sandbox):
    relay.buyer_says("One")
    relay.run()
    moved = sandbox.control("telegram/migrate", {"chat_id": relay.group})["chat_id"]
    relay.buyer_says("Two")
    relay.run()
    assert Bot.objects.get().group_chat_id == moved
    relay.group = moved
    assert relay.dialog.telegram_chat_id == moved
    assert relay.in_topic()[1:] == ["Two"]
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
    assert relay.in_topic()[1:] == ["Two"]


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
