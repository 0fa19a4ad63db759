"""Both sides are down for a while, with much waiting; ``bench.chaos.outage`` is the large one."""

import pytest

from dialogs.models import Dialog, Message
from dialogs.tests.relay import Relay
from integrations.models import Delivery

CHATS = 5
EACH = 20
# Webhooks come in all the while.
DOWN = {
    "telegram.sendMessage": 502,
    "avito.sendMessage": 503,
    "avito.messages": 503,
    "avito.read": 503,
}


@pytest.fixture
def dialogs(relay):
    """Dialogs whose topics are there."""
    chats = [relay.chat, *(relay.make_chat(f"Buyer {number}") for number in range(1, CHATS))]
    for chat in chats:
        relay.buyer_says("first", chat=chat)
    relay.run()
    return [Dialog.objects.get(external_id=chat) for chat in chats]


def said_in(relay: Relay, dialog: Dialog) -> list[str]:
    return "\n".join(relay.in_topic(dialog)[1:]).split()


def test_after_an_outage_everything_arrives_once_in_order_and_within_the_allowances(
    relay, sandbox, dialogs
):
    for on, status in DOWN.items():
        sandbox.fault(on, "status", status=status)
    for number in range(EACH):
        for dialog in dialogs:
            relay.buyer_says(f"b{number:02}", chat=dialog.external_id)
            relay.seller_says(f"s{number:02}", dialog=dialog)
    # Ten minutes of trying in vain, in a moment.
    for _ in range(3):
        relay.run(until=lambda: True)
        relay.hurry()
    waiting = Message.objects.filter(status="queued").count()
    assert waiting == 2 * CHATS * EACH
    sandbox.clear_faults()
    relay.hurry()
    relay.run(until=lambda: not Message.objects.filter(status="queued").exists())
    for dialog in dialogs:
        # The seller's words stand there because he wrote them there.
        buyer = [word for word in said_in(relay, dialog) if not word.startswith("s")]
        assert buyer == ["first", *(f"b{number:02}" for number in range(EACH))]
        answers = relay.answers_on_avito(dialog.external_id)
        assert answers == [f"s{number:02}" for number in range(EACH)]
    assert not Delivery.objects.filter(uncertain=True).exists()
    assert not Delivery.objects.filter(needs_person=True).exists()
    assert [c for c in sandbox.calls("*") if c["status"] == 429] == []
