"""Topics that are opened again: in so many words, though a bot may write into closed ones too."""

import pytest

from dialogs.models import Dialog, Message
from dialogs.services.dialogs import update_dialog
from dialogs.tests.relay import RIGHTS, deliveries
from integrations.models import Bot

NO_RIGHT = "Bad Request: not enough rights to close or open the topic"


@pytest.fixture
def closed(relay):
    """A dialog that was closed, and its topic with it."""
    relay.buyer_says("Hello")
    relay.run()
    relay.seller_says("/close")
    relay.run()
    assert is_topic_closed(relay)
    return relay


def is_topic_closed(relay) -> bool:
    return relay.in_group()["topics"][0]["closed"]


def open_by_command(relay):
    relay.seller_says("/open")


def open_on_the_site(relay):
    update_dialog(dialog=relay.dialog, status="open")


def open_by_the_buyer(relay):
    relay.buyer_says("One more thing")


def reopenings(relay) -> int:
    return len(relay.sandbox.calls("telegram.reopenForumTopic"))


def try_again(relay, times=3):
    """Let some minutes pass."""
    for _ in range(times):
        relay.hurry()
        relay.run(until=lambda: not sending())


def sending() -> bool:
    return "sending" in deliveries("topic_state") + deliveries("reopen_topic")


@pytest.mark.parametrize("open_again", [open_by_command, open_on_the_site, open_by_the_buyer])
def test_a_dialog_that_opens_has_its_topic_opened_without_any_refused_message(closed, open_again):
    open_again(closed)
    closed.run()
    assert closed.dialog.status == Dialog.Status.OPEN
    assert not is_topic_closed(closed)
    assert deliveries("topic_state") == ["sent", "sent"]
    assert deliveries("reopen_topic") == []
    assert {call["status"] for call in closed.sandbox.calls("telegram.sendMessage")} == {200}


def test_an_outage_keeps_no_topic_closed(closed, sandbox):
    sandbox.fault("telegram.reopenForumTopic", "timeout_before", seconds=0.1, times=3)
    sandbox.fault("telegram.reopenForumTopic", "status", status=502, times=5)
    open_on_the_site(closed)
    for _ in range(8):
        closed.run(until=lambda: deliveries("topic_state")[-1] == "retry")
        closed.hurry()
    closed.run()
    assert not is_topic_closed(closed)


def test_a_closed_topic_without_the_right_costs_one_call_until_the_right_is_back(relay, sandbox):
    relay.buyer_says("One")
    relay.run()
    relay.change_topic("close_topic")
    change_right(relay, False)
    sandbox.fault("telegram.reopenForumTopic", "error", error=NO_RIGHT)
    relay.buyer_says("Two")
    relay.run(until=lambda: deliveries("reopen_topic") == ["retry"])
    try_again(relay)
    assert reopenings(relay) == 1
    sandbox.clear_faults()
    change_right(relay, True)
    relay.run()
    assert relay.in_topic()[1:] == ["One", "Two"]
    assert reopenings(relay) == 2


def test_words_do_not_wait_for_the_right_where_a_person_opened_the_topic(closed, sandbox):
    change_right(closed, False)
    sandbox.fault("telegram.reopenForumTopic", "error", error=NO_RIGHT)
    closed.change_topic("reopen_topic")
    open_by_the_buyer(closed)
    closed.run(until=lambda: deliveries("topic_state")[-1] == "retry")
    closed.hurry()
    closed.run(until=lambda: Message.objects.get(text="One more thing").status == "delivered")
    try_again(closed)
    assert reopenings(closed) == 2
    assert deliveries("topic_state")[:2] == ["sent", "cancelled"]
    closed.change_topic("close_topic")
    sandbox.clear_faults()
    change_right(closed, True)
    closed.run()
    assert not is_topic_closed(closed)


def test_what_may_not_be_closed_stays_open_and_holds_nothing_up(relay, sandbox):
    relay.buyer_says("One")
    relay.run()
    change_right(relay, False)
    sandbox.fault("telegram.closeForumTopic", "error", error=NO_RIGHT)
    relay.seller_says("/close")
    relay.run(until=lambda: deliveries("topic_state") == ["retry"])
    relay.hurry()
    relay.run()
    assert deliveries("topic_state") == ["cancelled"]
    assert len(relay.sandbox.calls("telegram.closeForumTopic")) == 1
    assert not is_topic_closed(relay)


def change_right(relay, may_manage_topics: bool) -> None:
    """Give or take the right to manage topics, and let the site hear of it."""
    rights = RIGHTS | {"can_manage_topics": may_manage_topics}
    body = {"bot": relay.token, "chat_id": relay.group, "rights": rights}
    relay.sandbox.control("telegram/rights", body)
    troubles = [] if may_manage_topics else ["can_manage_topics"]
    relay.run(until=lambda: Bot.objects.get(pk=relay.bot.pk).group_troubles == troubles)
