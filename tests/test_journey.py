"""Journey 1 for text, as a buyer and a seller live it: over real sockets, through every room."""

import threading
import time

import pytest

from dialogs.models import Dialog, Message
from integrations.models import AvitoAccount, Delivery, InboundEvent
from integrations.services import inbox, polling, pump

pytestmark = pytest.mark.django_db(transaction=True)


class Relay:
    """A seller's group and Avito account in the sandbox, connected to the site by its API."""

    def __init__(self, sandbox, client, bot_token):
        self.sandbox = sandbox
        self.client = client
        self.token = bot_token
        sandbox.control("telegram/bots", {"token": bot_token, "username": "relay_bot"})
        sandbox.control("telegram/users", {"id": 11, "first_name": "Anna"})
        group = {"title": "Buyers", "bots": [bot_token], "is_forum": True}
        self.group = sandbox.control("telegram/groups", group)["chat_id"]
        account = {"client_id": "c", "client_secret": "s"}
        self.user_id = sandbox.control("avito/accounts", account)["user_id"]
        bot = client.post(
            "/api/bots",
            {"name": "Relay", "token": bot_token, "group_chat_id": self.group, "topic_mode": True},
            format="json",
        )
        assert bot.status_code == 201, bot.content
        answer = client.post(
            "/api/avito/accounts",
            {
                "name": "Shop",
                "api_client_id": "c",
                "api_client_secret": "s",
                "bot_id": bot.json()["id"],
            },
            format="json",
        )
        assert answer.status_code == 201, answer.content

    def new_chat(self, title="Bicycle") -> str:
        return self.sandbox.control(
            "avito/chats",
            {
                "user_id": self.user_id,
                "item": {"title": title, "price": 12500},
                "buyer": {"name": "Boris"},
            },
        )["chat_id"]

    def buyer_says(self, chat_id: str, text: str) -> None:
        self.sandbox.control("avito/say", {"chat_id": chat_id, "type": "text", "text": text})

    def seller_says(self, thread_id: int, text: str) -> None:
        said = {"bot": self.token, "chat_id": self.group, "user": 11, "thread_id": thread_id}
        self.sandbox.control("telegram/say", {**said, "text": text})

    def topics(self) -> list[dict]:
        return self.sandbox.control(f"telegram/chats/{self.group}")["topics"]

    def in_topic(self, thread_id: int) -> list[str]:
        messages = self.sandbox.control(f"telegram/chats/{self.group}")["messages"]
        return [m["text"] for m in messages if m["thread_id"] == thread_id and m.get("text")]

    def on_avito(self, chat_id: str) -> dict:
        return self.sandbox.control(f"avito/chats/{chat_id}")

    def sent_to_buyer(self, chat_id: str) -> list[str]:
        messages = self.on_avito(chat_id)["messages"]
        return [m["content"]["text"] for m in messages if m["direction"] == "out"]


def work_until(done, *, seconds: float = 15) -> None:
    """Do what the workers do until ``done()``."""
    deadline = time.monotonic() + seconds
    while not done():
        state = list(Delivery.objects.values_list("kind", "state", "last_error_code", "last_error"))
        assert time.monotonic() < deadline, state
        inbox.drain()
        pump.drain("avito")
        pump.drain("telegram")
        time.sleep(0.02)


def poll() -> None:
    """Poll every account now, however lately it was polled."""
    for account in AvitoAccount.objects.all():
        polling.poll_account(account)


@pytest.fixture
def relay(live_site, sandbox, organization, owner, api, bot_token):
    return Relay(sandbox, api(owner), bot_token)


def test_a_buyers_words_reach_a_topic_and_the_answer_reaches_the_buyer(relay):
    chat = relay.new_chat()
    relay.buyer_says(chat, "Is it still there?")
    work_until(
        lambda: relay.topics() and "Is it still there?" in relay.in_topic(relay.topics()[0]["id"])
    )
    topic = relay.topics()[0]
    assert "Bicycle" in topic["name"] or "Boris" in topic["name"]
    work_until(lambda: relay.on_avito(chat)["read"])

    relay.seller_says(topic["id"], "Yes, come and see it")
    work_until(lambda: relay.sent_to_buyer(chat) == ["Yes, come and see it"])
    work_until(lambda: not InboundEvent.objects.filter(state="new").exists())
    assert relay.sent_to_buyer(chat) == ["Yes, come and see it"]
    statuses = Message.objects.order_by("pk").values_list("text", "status", "direction")
    assert list(statuses) == [
        ("Is it still there?", "delivered", "avito"),
        ("Yes, come and see it", "sent", "telegram"),
    ]


def test_one_id_runs_through_the_whole_way(relay):
    chat = relay.new_chat()
    relay.buyer_says(chat, "hello")
    work_until(lambda: relay.on_avito(chat)["read"])
    event = InboundEvent.objects.get(source="avito")
    assert event.correlation_id
    assert Message.objects.get().correlation_id == event.correlation_id
    deliveries = Delivery.objects.exclude(kind="").values_list("correlation_id", flat=True)
    assert set(deliveries) == {event.correlation_id}


def test_twenty_first_messages_at_once_make_one_topic(relay):
    chat = relay.new_chat()
    threads = [
        threading.Thread(target=relay.buyer_says, args=(chat, f"m{n:02}")) for n in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    work_until(lambda: Message.objects.filter(status="delivered").count() == 20, seconds=40)
    assert len(relay.topics()) == 1
    assert Dialog.objects.count() == 1
    heard = [text for text in relay.in_topic(relay.topics()[0]["id"]) if text.startswith("m")]
    assert sorted(heard) == [f"m{n:02}" for n in range(20)]


def test_the_poll_and_the_webhook_together_bring_a_message_once(relay):
    chat = relay.new_chat()
    relay.sandbox.fault("avito.webhook", "duplicate", times=1)
    relay.buyer_says(chat, "only once")
    poll()
    poll()
    work_until(lambda: relay.on_avito(chat)["read"])
    assert InboundEvent.objects.filter(source="avito").count() == 1
    heard = relay.in_topic(relay.topics()[0]["id"])
    assert heard.count("only once") == 1


def test_by_polling_alone_it_works_too(relay):
    relay.sandbox.control("avito/webhooks", {"deliver": False})
    chat = relay.new_chat()
    relay.buyer_says(chat, "no webhook today")
    time.sleep(0.3)
    assert not InboundEvent.objects.filter(source="avito").exists()
    poll()
    work_until(lambda: relay.on_avito(chat)["read"])
    assert relay.in_topic(relay.topics()[0]["id"]).count("no webhook today") == 1


def test_an_unclear_send_to_avito_is_looked_up_and_never_doubled(relay):
    chat = relay.new_chat()
    relay.buyer_says(chat, "hello")
    work_until(lambda: relay.on_avito(chat)["read"])
    relay.sandbox.fault("avito.sendMessage", "status", status=500, times=1)
    relay.sandbox.fault("avito.sendMessage", "timeout_after", times=1, seconds=1)
    relay.seller_says(relay.topics()[0]["id"], "once and only once")
    work_until(
        lambda: Message.objects.filter(text="once and only once", status="sent").exists(),
        seconds=40,
    )
    assert relay.sent_to_buyer(chat) == ["once and only once"]


def test_a_message_is_marked_read_only_after_it_stands_in_telegram(relay):
    chat = relay.new_chat()
    relay.sandbox.fault("telegram.sendMessage", "status", status=502)
    relay.buyer_says(chat, "patience")
    for _ in range(5):
        inbox.drain()
        pump.drain("avito")
        pump.drain("telegram")
    assert relay.on_avito(chat)["read"] is False
    relay.sandbox.clear_faults()
    work_until(lambda: relay.on_avito(chat)["read"], seconds=30)
    assert relay.in_topic(relay.topics()[0]["id"]).count("patience") == 1
