"""Journey 1 for text, over real sockets: Avito, a topic, and back."""

from dialogs.models import Dialog, Message
from dialogs.tests.relay import deliveries


def test_a_first_message_makes_a_topic_with_the_items_card_and_the_words_as_they_are(relay):
    relay.buyer_says("Is it still <b>there</b>? *100%*")
    relay.run()
    dialog = relay.dialog
    group = relay.in_group()
    assert [topic["name"] for topic in group["topics"]] == ["Boris · Bicycle Stels"]
    assert dialog.telegram_topic_id == group["topics"][0]["id"]
    card, words = relay.in_topic()
    assert card.splitlines()[0] == "Bicycle Stels"
    assert "12" in card.splitlines()[1]
    assert words == "Is it still <b>there</b>? *100%*"


def test_the_dialog_knows_its_item_its_contact_and_what_was_said_last(relay):
    relay.buyer_says("Hello")
    relay.run()
    dialog = relay.dialog
    assert dialog.title == "Bicycle Stels"
    assert set(dialog.item) == {"title", "price", "url", "image"}
    assert dialog.contact.name == "Boris"
    assert dialog.organization == relay.organization
    assert (dialog.unread_count, dialog.last_message_text) == (1, "Hello")
    message = relay.message("Hello")
    assert (message.direction, message.is_incoming, message.status) == ("avito", True, "delivered")
    assert dialog.last_message_at == message.written_at


def test_the_chat_is_read_on_avito_only_once_the_words_stand_in_telegram(relay, sandbox):
    sandbox.fault("telegram.sendMessage", "status", status=502, where={"text": "Hello"})
    relay.buyer_says("Hello")
    relay.run(until=lambda: deliveries("to_telegram") == ["retry"])
    assert relay.message("Hello").status == "queued"
    assert not relay.on_avito()["read"]
    assert deliveries("mark_read") == []


def test_answers_go_back_in_order_and_the_buyer_sees_each_once(relay):
    relay.buyer_says("Hello")
    relay.run()
    for text in ("Good day!", "Yes, it is.", "Come today."):
        relay.seller_says(text)
    relay.run()
    assert relay.answers_on_avito() == ["Good day!", "Yes, it is.", "Come today."]
    answer = relay.message("Good day!")
    assert (answer.direction, answer.is_incoming, answer.status) == ("telegram", False, "sent")
    assert answer.author_name == "Semyon Sergeev"
    assert answer.avito_message_id
    assert relay.on_avito()["read"]
    assert relay.dialog.unread_count == 0
    # Avito told of all three as if they were news: none was taken for one.
    assert Message.objects.count() == 4
    assert len(relay.in_topic()) == 5


def test_the_second_message_goes_into_the_same_topic_at_once(relay):
    relay.buyer_says("One")
    relay.run()
    relay.buyer_says("Two")
    relay.run()
    assert relay.in_topic()[1:] == ["One", "Two"]
    assert deliveries("create_topic") == ["sent"]
    assert Dialog.objects.count() == 1
