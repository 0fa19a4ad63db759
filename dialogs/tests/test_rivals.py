"""The same news from several sides at once, and second thoughts of the staff."""

import threading
import time

from django.db import connections

from dialogs.models import Dialog, Message
from dialogs.services.avito_intake import take_message
from dialogs.tests.relay import deliveries
from dialogs.tests.test_topics import first_message, start_together
from integrations.models import AvitoAccount, Delivery
from integrations.services import inbox, outbox
from integrations.services.bots import create_bot, delete_bot


def test_webhook_poll_and_replay_at_once_are_one_message(relay):
    value = first_message(relay, 1)
    raised = start_together(
        10, lambda _number: take_message(account_id=relay.account.pk, value=value)
    )
    assert raised == []
    relay.run()
    assert Message.objects.count() == 1
    assert Dialog.objects.get().unread_count == 1
    assert relay.in_topic()[1:] == ["hello 1"]


def test_events_of_our_own_words_never_cross_their_settling(relay):
    """Inbox and pump work on the same dialog at once, as two workers do."""
    relay.buyer_says("Hello")
    relay.run()
    texts = [f"answer {number}" for number in range(15)]
    for text in texts:
        relay.seller_says(text)
    done = threading.Event()

    def take_in():
        while not done.is_set():
            inbox.drain()
            time.sleep(0.005)
        connections.close_all()

    rival = threading.Thread(target=take_in)
    rival.start()
    try:
        relay.run(until=lambda: Message.objects.filter(status="sent").count() == len(texts))
    finally:
        done.set()
        rival.join(10)
    relay.run()
    assert relay.answers_on_avito() == texts
    assert Message.objects.count() == len(texts) + 1
    assert set(deliveries("to_avito")) == {"sent"}
    assert Delivery.objects.filter(kind="dialogs.to_avito", attempts__gt=1).count() == 0


def test_a_refused_answer_can_be_sent_again_by_the_staff(relay, sandbox):
    relay.buyer_says("Hello")
    relay.run()
    sandbox.fault("avito.sendMessage", "status", status=400, times=1)
    relay.seller_says("Second try")
    relay.run()
    assert relay.message("Second try").status == "failed"
    outbox.retry([relay.message("Second try").delivery_id])
    relay.run()
    assert relay.answers_on_avito() == ["Second try"]
    assert relay.message("Second try").status == "sent"


def test_words_that_waited_for_a_deleted_bot_go_out_by_the_next_one(
    relay, sandbox, owner, bot_token
):
    sandbox.fault("telegram.*", "status", status=502)
    relay.buyer_says("Hello")
    relay.run(until=lambda: deliveries("fetch_chat") == ["sent"])
    relay.run(until=lambda: deliveries("create_topic") == ["retry"])
    sandbox.clear_faults()
    delete_bot(actor=owner, bot=relay.bot)
    relay.token = bot_token[:-1] + "x"
    relay.token = "9" + relay.token[1:] if relay.token[0] != "9" else "8" + relay.token[1:]
    sandbox.control("telegram/bots", {"token": relay.token, "username": "next_test_bot"})
    relay.group = relay.make_group("Next")
    bot = create_bot(
        actor=owner,
        organization=relay.organization,
        name="Next",
        token=relay.token,
        group_chat_id=relay.group,
    )
    AvitoAccount.objects.update(bot=bot)
    relay.hurry()
    relay.run(until=lambda: Message.objects.filter(status="delivered").exists() or relay.hurry())
    assert relay.in_topic()[1:] == ["Hello"]


def test_answers_wait_while_their_account_is_switched_off(relay):
    relay.buyer_says("Hello")
    relay.run()
    AvitoAccount.objects.update(status=AvitoAccount.Status.INACTIVE)
    relay.seller_says("Later")
    relay.run(until=lambda: deliveries("to_avito") == ["queued"])
    assert relay.message("Later").status == "queued"
    AvitoAccount.objects.update(status=AvitoAccount.Status.ACTIVE)
    relay.hurry()
    relay.run()
    assert relay.answers_on_avito() == ["Later"]
