"""What our side has said is taken back on Avito, by a command or by 👎."""

import uuid
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from dialogs.models import Message
from dialogs.services.telegram_intake import take_reaction
from dialogs.tests.relay import SELLER, deliveries
from dialogs.tests.test_edits import grow_old, hold_avito
from dialogs.tests.test_topic_messages import LONG
from integrations.models import Delivery


@pytest.fixture
def talking(relay):
    """A dialog that has begun."""
    relay.buyer_says("Hello")
    relay.run()
    return relay


@pytest.mark.parametrize("command", ["/delete", "/del", "/delete@shop_test_bot"])
def test_a_command_in_answer_to_it_deletes_it(talking, command):
    number = talking.seller_says("Slip")
    talking.run()
    order = talking.seller_says(command, reply_to=number)
    talking.run()
    assert talking.seen_by_buyer() == []
    message = talking.message("Slip")
    assert message.deleted_at is not None
    assert talking.receipt(number) == ["🙈"]
    assert talking.receipt(order) == ["👌"]
    assert len(talking.shown()) == 4


def test_a_deletion_that_names_another_bot_is_left_to_it(talking):
    number = talking.seller_says("Fine")
    talking.run()
    talking.seller_says("/delete@another_bot", reply_to=number)
    talking.run()
    assert talking.seen_by_buyer() == ["Fine"]


def test_thumb_down_deletes_all_parts_and_its_removal_does_nothing(talking):
    number = talking.seller_says(LONG)
    talking.run()
    talking.seller_reacts(number, "👎")
    talking.seller_reacts(number, None)
    talking.run()
    assert talking.seen_by_buyer() == []
    assert deliveries("delete_part") == ["sent"] * 4
    assert talking.message(LONG).deleted_at is not None


def test_a_picture_goes_with_its_caption(talking):
    number = talking.seller_says(photo="sample", caption="Private")
    talking.run()
    talking.seller_reacts(number, "👎")
    talking.run()
    assert talking.seen_by_buyer() == []


def test_what_waits_never_goes_out(talking, sandbox):
    hold_avito(sandbox)
    number = talking.seller_says("Slip")
    talking.run(until=lambda: deliveries("to_avito") == ["retry"])
    talking.seller_says("/delete", reply_to=number)
    sandbox.clear_faults()
    talking.run(until=lambda: talking.hurry() or deliveries("to_avito") == ["cancelled"])
    assert talking.seen_by_buyer() == []
    assert talking.message("Slip").deleted_at is not None


def test_later_than_an_hour_it_is_explained_and_nothing_changes(talking):
    number = talking.seller_says("Slip")
    talking.run()
    grow_old(talking)
    order = talking.seller_says("/delete", reply_to=number)
    talking.run()
    note = talking.last_shown()
    assert note["text"].startswith("Avito deletes messages only within an hour")
    assert note["reply_to"] == order
    assert talking.seen_by_buyer() == ["Slip"]
    assert talking.message("Slip").deleted_at is None
    assert talking.receipt(number) == ["👌"]


def test_a_deletion_that_avito_refuses_is_undone_and_told(talking, sandbox):
    number = talking.seller_says("Slip")
    talking.run()
    sandbox.fault("avito.deleteMessage", "status", status=400)
    talking.seller_reacts(number, "👎")
    talking.run()
    assert talking.message("Slip").deleted_at is None
    assert talking.last_shown()["text"].startswith("Avito did not delete this message.")
    assert "👌" in talking.receipt(number)
    assert "🙈" not in talking.receipt(number)


def test_what_is_gone_already_counts_as_deleted(talking, sandbox):
    number = talking.seller_says("Slip")
    talking.run()
    sandbox.fault("avito.deleteMessage", "status", status=404)
    talking.seller_reacts(number, "👎")
    talking.run()
    assert talking.message("Slip").deleted_at is not None


def vanish(relay, message: Message) -> None:
    """Let a message be deleted on Avito, and the site not be told."""
    relay.sandbox.control("avito/webhooks", {"deliver": False})
    body = {"chat_id": relay.chat, "message_id": message.avito_message_id, "by": "seller"}
    relay.sandbox.control("avito/delete", body)


def test_what_was_deleted_in_avitos_app_is_not_refused(talking):
    number = talking.seller_says("Slip")
    talking.run()
    vanish(talking, talking.message("Slip"))
    talking.seller_reacts(number, "👎")
    talking.run()
    assert talking.message("Slip").deleted_at is not None
    assert "🙈" in talking.receipt(number)
    assert deliveries("delete_part") == ["sent"]


def test_a_deletion_whose_answer_was_lost_makes_room_for_an_edit(talking, sandbox):
    number = talking.seller_says("At five")
    talking.run()
    sandbox.fault("avito.deleteMessage", "timeout_after", seconds=0.1, times=1)
    talking.seller_says("At six", edits=number)
    talking.run()
    assert talking.seen_by_buyer() == ["At six"]
    assert deliveries("delete_part") == ["sent"]


def test_a_deletion_that_its_worker_did_not_outlive_is_looked_for(talking, sandbox):
    number = talking.seller_says("At five")
    talking.run()
    old = talking.message("At five")
    sandbox.fault("avito.deleteMessage", "status", status=502)
    talking.seller_says("At six", edits=number)
    talking.run(until=lambda: deliveries("delete_part") == ["retry"])
    sandbox.clear_faults()
    vanish(talking, old)
    Delivery.objects.filter(kind="dialogs.delete_part").update(
        state="sending",
        lease_token=uuid.uuid4(),
        leased_at=Now() - timedelta(seconds=5),
        dispatched_at=Now(),
    )
    before = len(sandbox.calls("avito.deleteMessage"))
    talking.run()
    assert talking.seen_by_buyer() == ["At six"]
    assert deliveries("delete_part") == ["sent"]
    assert len(sandbox.calls("avito.deleteMessage")) == before


def test_what_was_written_in_avitos_app_can_be_deleted_too(talking):
    talking.buyer_says("From the phone", by="seller")
    talking.run()
    message = talking.message("From the phone")
    talking.seller_reacts(message.telegram_message_id, "👎")
    talking.run()
    assert talking.seen_by_buyer() == []
    assert "This message was deleted on Avito." in talking.in_topic()[-1]


def test_what_the_buyer_wrote_cannot_be_deleted(talking):
    hello = Message.objects.get()
    talking.seller_reacts(hello.telegram_message_id, "👎")
    talking.seller_says("/delete", reply_to=hello.telegram_message_id)
    talking.run()
    hello.refresh_from_db()
    assert hello.deleted_at is None
    assert deliveries("delete_part") == []
    assert talking.last_shown()["text"].startswith("Answer one of your own messages")


@pytest.mark.parametrize("emoji", ["👍", "❤", "💔"])
def test_other_reactions_mean_nothing(talking, emoji):
    number = talking.seller_says("Fine")
    talking.run()
    talking.seller_reacts(number, emoji)
    talking.run()
    assert talking.seen_by_buyer() == ["Fine"]


def test_reactions_of_bots_and_of_other_groups_are_left_alone(talking):
    number = talking.seller_says("Fine")
    talking.run()
    reaction = {
        "chat": {"id": talking.group, "type": "supergroup"},
        "message_id": number,
        "user": {"id": SELLER["id"], "is_bot": True},
        "date": 1,
        "old_reaction": [],
        "new_reaction": [{"type": "emoji", "emoji": "👎"}],
    }
    assert take_reaction(bot_id=talking.bot.pk, reaction=reaction)
    elsewhere = reaction | {"chat": {"id": -100_42, "type": "supergroup"}}
    assert not take_reaction(bot_id=talking.bot.pk, reaction=elsewhere)
    assert not take_reaction(bot_id=talking.organization.pk, reaction=reaction)
    assert talking.message("Fine").deleted_at is None
    assert not Delivery.objects.filter(kind="dialogs.take_back").exists()


def test_an_edit_of_what_was_deleted_is_explained(talking):
    number = talking.seller_says("Slip")
    talking.run()
    talking.seller_reacts(number, "👎")
    talking.run()
    talking.seller_says("Better", edits=number)
    talking.run()
    assert talking.seen_by_buyer() == []
    assert talking.last_shown()["text"].startswith("This message was deleted on Avito")
