"""Commands in a topic, and the same wishes by the API and the page."""

import pytest
from django.urls import reverse

from config.lib.errors import BusinessRuleError
from dialogs.models import Dialog, Message
from dialogs.services.avito_intake import take_message
from dialogs.services.dialogs import TRANSITIONS, update_dialog
from dialogs.services.messages import send_message
from dialogs.services.telegram_intake import take_topic_message
from dialogs.tests.inbox import make_account, make_dialog
from dialogs.tests.relay import deliveries
from dialogs.tests.test_topic_messages import written

Status = Dialog.Status


@pytest.fixture
def talking(relay):
    """A dialog that has begun."""
    relay.buyer_says("Hello")
    relay.run()
    return relay


def is_topic_closed(relay) -> bool:
    topic = relay.dialog.telegram_topic_id
    return next(row["closed"] for row in relay.in_group()["topics"] if row["id"] == topic)


def black_list(relay) -> list[tuple[int, int]]:
    accounts = relay.sandbox.control("state")["avito"]["accounts"]
    account = next(row for row in accounts if row["user_id"] == relay.avito_user)
    return [(user["user_id"], user["context"]["reason_id"]) for user in account["blacklist"]]


def test_a_note_stays_inside(talking):
    number = talking.seller_says("/note calls back on Friday")
    talking.run()
    note = Message.objects.get(kind="note")
    assert (note.text, note.author_name) == ("calls back on Friday", "Semyon Sergeev")
    assert (note.telegram_message_id, note.delivery) == (number, None)
    assert talking.receipt(number) == ["👌"]
    assert talking.seen_by_buyer() == []
    assert talking.dialog.last_message_text == "Hello"
    assert talking.dialog.unread_count == 1


def test_a_note_follows_its_edit_and_an_empty_one_is_asked_for_words(talking):
    number = talking.seller_says("/note Friday")
    talking.run()
    talking.seller_says("/note Monday", edits=number)
    talking.seller_says("/note")
    talking.run()
    assert Message.objects.get(kind="note").text == "Monday"
    assert talking.last_shown()["text"].startswith("Write the note behind the command")
    assert talking.seen_by_buyer() == []


def test_a_held_dialog_opens_with_the_buyers_next_words(talking):
    number = talking.seller_says("/hold")
    talking.run()
    assert talking.dialog.status == Status.HELD
    assert talking.receipt(number) == ["👌"]
    assert not is_topic_closed(talking)
    talking.buyer_says("Well?")
    talking.run()
    assert talking.dialog.status == Status.OPEN


def test_a_closed_dialog_and_its_topic_open_with_the_buyers_next_words(talking):
    number = talking.seller_says("/close")
    talking.run()
    assert talking.dialog.status == Status.CLOSED
    assert is_topic_closed(talking)
    assert talking.receipt(number) == ["👌"]
    talking.buyer_says("One more thing")
    talking.run()
    assert talking.dialog.status == Status.OPEN
    assert not is_topic_closed(talking)
    assert talking.in_topic()[-1] == "One more thing"
    talking.seller_says("/close")
    talking.seller_says("/open")
    talking.run()
    assert (talking.dialog.status, is_topic_closed(talking)) == (Status.OPEN, False)


@pytest.mark.parametrize(("words", "reason"), [("", 4), (" spam", 1), (" Fraud", 2), (" abuse", 3)])
def test_a_banned_buyer_is_on_avitos_list_and_is_not_heard(talking, words, reason):
    talking.seller_says(f"/ban{words}")
    talking.run()
    assert talking.dialog.status == Status.BANNED
    assert black_list(talking) == [(int(talking.dialog.contact.external_id), reason)]
    assert is_topic_closed(talking)
    before = len(talking.shown())
    value = {
        "id": "after-the-ban",
        "chat_id": talking.chat,
        "author_id": int(talking.dialog.contact.external_id),
        "created": 1_900_000_000,
        "type": "text",
        "content": {"text": "Hey"},
    }
    take_message(account_id=talking.account.pk, value=value)
    talking.run()
    assert len(talking.shown()) == before
    assert talking.dialog.status == Status.BANNED


def test_nothing_goes_to_a_banned_buyer_until_the_dialog_is_opened(talking, owner):
    talking.seller_says("/ban spam")
    talking.run()
    number = talking.seller_says("And another thing")
    talking.run()
    assert talking.last_shown()["text"].startswith("The buyer is banned")
    assert talking.last_shown()["reply_to"] == number
    with pytest.raises(BusinessRuleError) as refused:
        send_message(actor=owner, dialog=talking.dialog, text="From the site")
    assert refused.value.error_code == "banned"
    talking.seller_says("/open")
    talking.seller_says("Forgiven")
    talking.run()
    assert talking.seen_by_buyer() == ["Forgiven"]
    assert not is_topic_closed(talking)
    assert any("still on the black list" in text for text in talking.in_topic())


def test_a_ban_that_avito_refuses_is_told(talking, sandbox):
    sandbox.fault("avito.blacklist", "status", status=400)
    talking.seller_says("/ban fraud")
    talking.run()
    assert talking.dialog.status == Status.BANNED
    assert any("did not put him on its black list" in text for text in talking.in_topic())


def test_an_unknown_reason_is_asked_for_again(talking):
    talking.seller_says("/ban because")
    talking.run()
    assert talking.dialog.status == Status.OPEN
    assert talking.last_shown()["text"].startswith("The reasons are spam, fraud, abuse")


def test_what_is_closed_cannot_be_held(talking):
    talking.seller_says("/close")
    talking.seller_says("/hold")
    talking.run()
    assert talking.dialog.status == Status.CLOSED
    assert talking.last_shown()["text"].startswith("From this status that cannot be done")


def test_help_names_every_command(talking):
    number = talking.seller_says("/help")
    talking.run()
    text = talking.last_shown()["text"]
    assert talking.last_shown()["reply_to"] == number
    for command in ("/note", "/hold", "/close", "/ban", "/open", "/delete"):
        assert command in text


def test_a_command_for_another_bot_is_left_to_it(talking):
    message = written(talking, text="/close@another_bot")
    assert not take_topic_message(bot_id=talking.bot.pk, message=message)
    assert talking.dialog.status == Status.OPEN
    assert take_topic_message(
        bot_id=talking.bot.pk, message=written(talking, text="/close@Shop_Test_Bot")
    )
    assert talking.dialog.status == Status.CLOSED


def test_the_same_command_twice_is_one(talking):
    for _ in range(2):
        take_topic_message(bot_id=talking.bot.pk, message=written(talking, text="/note once"))
        take_topic_message(
            bot_id=talking.bot.pk, message=written(talking, text="/ban spam", message_id=9_002)
        )
    talking.run()
    assert Message.objects.filter(kind="note").count() == 1
    assert deliveries("ban") == ["sent"]


@pytest.mark.parametrize("old", Status)
@pytest.mark.parametrize("new", Status)
def test_every_change_of_status_is_one_of_the_table(old, new, dialog_of):
    dialog = dialog_of(old)
    if new == old or new in TRANSITIONS[old]:
        assert update_dialog(dialog=dialog, status=new).status == new
        return
    with pytest.raises(BusinessRuleError) as refused:
        update_dialog(dialog=dialog, status=new)
    dialog.refresh_from_db()
    assert (refused.value.error_code, dialog.status) == ("bad_transition", old)


@pytest.fixture
def dialog_of(organization):
    """Return a dialog of a given status, without the outside world."""
    return lambda status: make_dialog(make_account(organization), status=status)


def test_the_page_and_the_api_close_the_topic_too(talking, owner, page, api):
    path = reverse("dialogs:dialog-set-status", args=[talking.dialog.pk])
    assert page(owner).post(path, {"status": "closed"}).status_code == 302
    talking.run()
    assert is_topic_closed(talking)
    path = f"/api/dialogs/{talking.dialog.pk}"
    assert api(owner).patch(path, {"status": "open"}, format="json").status_code == 200
    talking.run()
    assert not is_topic_closed(talking)
    assert api(owner).patch(path, {"status": "banned"}, format="json").status_code == 200
    talking.run()
    assert is_topic_closed(talking)
    assert [reason for _user, reason in black_list(talking)] == [4]
    refused = api(owner).patch(path, {"status": "held"}, format="json")
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_transition")
