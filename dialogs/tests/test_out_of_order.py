"""Webhooks doubled, late and swapped, and the poll beside them: each message once, in order."""

import random
import threading
import time
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from dialogs.models import Message
from dialogs.tests.relay import Relay, deliveries, wait_for
from integrations.models import AvitoAccount, Hold, InboundEvent
from integrations.services import inbox, polling, pump, reconciling
from integrations.services.holds import place_hold, release_hold

PUMP = "integrations.pump_telegram"
NOON = 1_800_000_000


def hear(relay: Relay, text: str, *, second: int) -> None:
    """Take in a buyer's message as a webhook brings it, whenever it was written."""
    value = {
        "id": f"message-{text}",
        "chat_id": relay.chat,
        "chat_type": "u2i",
        "user_id": relay.avito_user,
        "author_id": 7_001,
        "created": NOON + second,
        "type": "text",
        "content": {"text": text},
    }
    inbox.receive(
        source="avito",
        account_id=relay.account.pk,
        external_id=value["id"],
        lane=f"avito:{relay.account.pk}:{relay.chat}",
        payload={"type": "message", "value": value},
    )
    inbox.drain()


def words(relay: Relay) -> list[str]:
    """Return what the buyer said, one after the other as it stands in the topic."""
    return "\n".join(relay.in_topic()[1:]).split()


def poll() -> int:
    AvitoAccount.objects.update(polled_at=None)
    return polling.poll_due()


@pytest.fixture
def held(relay):
    """A topic that is there, in a group that may not be written to for a while."""
    hear(relay, "zero", second=0)
    relay.run()
    key = f"{relay.bot.sender}:{relay.group}"
    place_hold(key=key, seconds=300, reason="limited")
    return lambda: release_hold(key=key, task=PUMP)


@pytest.mark.parametrize("came", ["12345", "54321", "21435", "35142", "53241", "51423"])
def test_what_still_waits_leaves_in_the_order_of_writing(relay, held, came):
    for name in came:
        hear(relay, name, second=int(name))
    held()
    relay.run()
    assert words(relay) == ["zero", "1", "2", "3", "4", "5"]
    assert set(Message.objects.values_list("status", flat=True)) == {"delivered"}


def test_any_order_of_coming_ends_in_the_order_of_writing(relay, held):
    """Each one comes between two that wait, again and again at the same place."""
    seconds = list(range(1, 25))
    random.Random(7).shuffle(seconds)
    for second in seconds:
        hear(relay, str(second), second=second)
    held()
    relay.run()
    assert words(relay) == ["zero", *(str(second) for second in sorted(seconds))]


def test_what_was_refused_for_its_pace_still_waits(relay, sandbox):
    hear(relay, "zero", second=0)
    relay.run()
    sandbox.fault("telegram.sendMessage", "status", status=429, retry_after=300, times=1)
    hear(relay, "later", second=2)
    pump.drain("telegram")
    assert deliveries("to_telegram") == ["sent", "retry"]
    hear(relay, "earlier", second=1)
    Hold.objects.all().delete()
    relay.run()
    assert words(relay) == ["zero", "earlier", "later"]


def test_within_one_second_the_order_of_coming_counts(relay, held):
    for text in ("b", "a", "c"):
        hear(relay, text, second=1)
    held()
    relay.run()
    assert words(relay) == ["zero", "b", "a", "c"]


def test_the_first_messages_of_a_new_dialog_are_put_in_order_behind_its_card(relay):
    hear(relay, "2", second=2)
    hear(relay, "1", second=1)
    relay.run()
    card, *said = relay.in_topic()
    assert card.startswith("Bicycle Stels")
    assert " ".join(said).split() == ["1", "2"]


def test_what_has_left_is_not_overtaken_and_nothing_is_lost(relay):
    hear(relay, "late", second=9)
    relay.run()
    hear(relay, "early", second=1)
    relay.run()
    assert words(relay) == ["late", "early"]


@pytest.mark.parametrize("fault", ["duplicate", "reorder"])
def test_webhooks_that_come_twice_or_swapped_are_taken_once(relay, sandbox, fault):
    sandbox.fault("avito.webhook", fault, times=3)
    said = [f"word-{number}" for number in range(6)]
    for text in said:
        sandbox.control("avito/say", {"chat_id": relay.chat, "text": text})
    wait_for(lambda: InboundEvent.objects.filter(source="avito").count() == len(said))
    # What was doubled may still be on its way.
    time.sleep(0.3)
    relay.run()
    assert sorted(words(relay)) == said
    assert Message.objects.count() == len(said)


def test_poll_webhook_and_comparison_at_once_store_each_message_once_and_in_order(relay, sandbox):
    hear(relay, "zero", second=0)
    relay.run()
    said = [f"word-{number:02}" for number in range(40)]
    done = threading.Event()
    raised = []

    def ask_again_and_again(ask):
        try:
            while not done.is_set():
                AvitoAccount.objects.update(polled_at=None, reconciled_at=None)
                ask()
        except Exception as error:  # noqa: BLE001 - handed to the test
            raised.append(error)
        finally:
            connections.close_all()

    asking = [
        threading.Thread(target=ask_again_and_again, args=(ask,))
        for ask in (polling.poll_due, reconciling.reconcile_due)
    ]
    for thread in asking:
        thread.start()
    for text in said:
        sandbox.control("avito/say", {"chat_id": relay.chat, "text": text})
    wait_for(lambda: InboundEvent.objects.filter(source="avito").count() >= len(said) + 1)
    done.set()
    for thread in asking:
        thread.join(30)
    relay.run()
    assert raised == []
    assert words(relay)[1:] == said
    assert Message.objects.filter(text__startswith="word-").count() == len(said)


def test_what_no_webhook_told_stands_before_what_came_after_it(relay, sandbox, held):
    sandbox.control("avito/webhooks", {"deliver": False})
    lost = sandbox.control("avito/say", {"chat_id": relay.chat, "text": "lost"})["message_id"]
    body = {"chat_id": relay.chat, "message_id": lost, "seconds": 5}
    sandbox.control("avito/age", body)
    sandbox.control("avito/webhooks", {"deliver": True})
    relay.buyer_says("heard")
    inbox.drain()
    assert [row.text for row in Message.objects.order_by("pk")] == ["zero", "heard"]
    assert poll() == 0
    AvitoAccount.objects.update(created_at=timezone.now() - timedelta(days=1))
    assert reconciling.reconcile_due() == 1
    held()
    relay.run()
    assert words(relay) == ["zero", "lost", "heard"]
