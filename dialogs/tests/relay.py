"""A shop with its bot, its group and its Avito account, in the sandbox and on the site."""

import time
from collections.abc import Callable

from django.db.models.functions import Now

from dialogs.models import Dialog, Message
from integrations.models import Delivery, InboundEvent
from integrations.services import inbox, pump
from integrations.services.avito_accounts import create_avito_account
from integrations.services.bots import create_bot

RIGHTS = {"can_manage_topics": True, "can_pin_messages": True, "can_delete_messages": True}
SELLER = {"id": 5_000_001, "first_name": "Semyon", "last_name": "Sergeev"}
ITEM = {"title": "Bicycle Stels", "price": 12_500}


class Relay:
    """Both ends of the relay; ``run`` does what the workers would."""

    _looks = 0

    def __init__(self, sandbox, organization, token: str, **bot_fields) -> None:
        self.sandbox = sandbox
        self.organization = organization
        self.token = token
        sandbox.control("telegram/bots", {"token": token, "username": "shop_test_bot"})
        sandbox.control("telegram/users", SELLER)
        self.group = self.make_group("Buyers")
        self.bot = create_bot(
            actor=None,
            organization=organization,
            name="Shop",
            token=token,
            **{"group_chat_id": self.group, **bot_fields},
        )
        # Its coming into the group is told first, and must not be taken for what a test waits for.
        if self.bot.webhook_set_at is not None:
            wait_for(InboundEvent.objects.filter(source="telegram").exists)
        credentials = {"client_id": "shop", "client_secret": "shop-secret"}
        self.avito_user = sandbox.control("avito/accounts", credentials)["user_id"]
        self.account = create_avito_account(
            actor=None,
            organization=organization,
            name="Shop on Avito",
            api_client_id="shop",
            api_client_secret="shop-secret",
            bot=self.bot,
        )
        self.chat = self.make_chat()

    def make_group(self, title: str, *, is_forum: bool = True, rights: dict = RIGHTS) -> int:
        body = {"title": title, "bots": [self.token], "is_forum": is_forum, "rights": rights}
        return self.sandbox.control("telegram/groups", body)["chat_id"]

    def make_chat(self, buyer: str = "Boris", **item) -> str:
        body = {"user_id": self.avito_user, "item": ITEM | item, "buyer": {"name": buyer}}
        return self.sandbox.control("avito/chats", body)["chat_id"]

    def buyer_says(self, text: str = "", *, chat: str | None = None, **content) -> str:
        """Return the message's id; its event waits in the inbox."""
        body = {"chat_id": chat or self.chat, **({"text": text} if text else {}), **content}
        number = self.sandbox.control("avito/say", body)["message_id"]
        _wait_for_event(number)
        return number

    def seller_says(self, text: str = "", *, dialog: Dialog | None = None, **content) -> int:
        topic = (dialog or self.dialog).telegram_topic_id
        body = {
            "bot": self.token,
            "chat_id": self.group,
            "user": SELLER["id"],
            "thread_id": topic,
            **({"text": text} if text else {}),
            **content,
        }
        return self._heard(lambda: self.sandbox.control("telegram/say", body))["message_id"]

    def _heard(self, act: Callable[[], dict]) -> dict:
        heard = InboundEvent.objects.filter(source="telegram")
        before = heard.count()
        answer = act()
        wait_for(lambda: heard.count() > before)
        return answer

    def run(self, until: Callable[[], object] | None = None) -> None:
        """Do the workers' rounds: till ``until()`` holds, else till nothing is under way."""
        wait_for(lambda: self._round() and (until or _is_quiet)())

    def hurry(self) -> None:
        """Let what waits for a later time be due now."""
        Delivery.objects.filter(state__in=Delivery.OPEN).update(not_before=Now())

    def _round(self) -> bool:
        """Go round when something is due; else now and then, as the sweeps do."""
        self._looks += 1
        if _is_due() or self._looks % 10 == 0:
            inbox.drain()
            pump.drain("avito")
            pump.drain("telegram")
        return True

    @property
    def dialog(self) -> Dialog:
        return Dialog.objects.get(external_id=self.chat)

    def message(self, text: str) -> Message:
        return Message.objects.get(text=text)

    def in_group(self, chat_id: int | None = None) -> dict:
        return self.sandbox.control(f"telegram/chats/{chat_id or self.group}")

    def in_topic(self, dialog: Dialog | None = None) -> list[str]:
        """Return the texts in a dialog's topic, the card first."""
        return [entry["text"] for entry in self.shown(dialog)]

    def shown(self, dialog: Dialog | None = None) -> list[dict]:
        """Return what stands in a dialog's topic as the sandbox shows it, the card first."""
        topic = (dialog or self.dialog).telegram_topic_id
        found = self.in_group()["messages"]
        return [
            entry for entry in found if entry["thread_id"] == topic and not entry.get("deleted")
        ]

    def last_shown(self) -> dict:
        return self.shown()[-1]

    def seller_reacts(self, number: int, emoji: str | None) -> None:
        """Put a reaction on a message of the group, or take it away."""
        body = {"chat_id": self.group, "user": SELLER["id"], "message_id": number}
        self._heard(
            lambda: self.sandbox.control("telegram/react", {**body, "emoji": emoji or None})
        )

    def seen_at(self, number: int) -> dict:
        """Return how one message of the group is shown."""
        found = self.in_group()["messages"]
        return next(entry for entry in found if entry["message_id"] == number)

    def receipt(self, number: int) -> list[str]:
        """Return the reactions on a message of the group."""
        return self.seen_at(number).get("reactions", [])

    def buyer_deletes(self, message_id: str, *, by: str = "buyer") -> None:
        """Take a message back on Avito; its event waits in the inbox."""
        body = {"chat_id": self.chat, "message_id": message_id, "by": by}
        self.sandbox.control("avito/delete", body)
        _wait_for_event(f"{message_id}:deleted")

    def change_topic(self, deed: str, **fields) -> None:
        """Let a person do something to the dialog's topic, such as ``close_topic``."""
        topic = self.dialog.telegram_topic_id
        body = {"bot": self.token, "chat_id": self.group, "thread_id": topic, **fields}
        self.sandbox.control(f"telegram/{deed}", body)

    def on_avito(self, chat: str | None = None) -> dict:
        return self.sandbox.control(f"avito/chats/{chat or self.chat}")

    def seen_by_buyer(self, chat: str | None = None) -> list[str]:
        """Return what the buyer sees of the seller's side: words, or the type in brackets."""
        return [
            entry["content"].get("text") or f"[{entry['type']}]"
            for entry in self.on_avito(chat)["messages"]
            if entry["author_id"] == self.avito_user and entry["type"] != "deleted"
        ]

    def answers_on_avito(self, chat: str | None = None) -> list[str]:
        """Return what the buyer sees of the seller's side."""
        return [
            entry["content"]["text"]
            for entry in self.on_avito(chat)["messages"]
            if entry["author_id"] == self.avito_user
        ]


def _wait_for_event(external_id: str) -> None:
    heard = InboundEvent.objects.filter(source="avito", external_id__startswith=external_id)
    wait_for(heard.exists)


def wait_for(done: Callable[[], object], *, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, list(
            Delivery.objects.values_list("kind", "state", "last_error_code", "last_error")
        )
        time.sleep(0.02)


def _is_due() -> bool:
    due = Delivery.objects.filter(state__in=Delivery.OPEN, not_before__lte=Now())
    return InboundEvent.objects.filter(state=InboundEvent.State.NEW).exists() or due.exists()


def _is_quiet() -> bool:
    """Nothing waits on either side; what is due later than in a few seconds does not count."""
    return not (
        InboundEvent.objects.filter(state=InboundEvent.State.NEW).exists()
        or Delivery.objects.filter(state__in=Delivery.OPEN)
        .exclude(kind="dialogs.pin_card")
        .exists()
    )


def deliveries(kind: str) -> list[str]:
    """Return the states of the deliveries of a kind, oldest first."""
    return list(
        Delivery.objects.filter(kind=f"dialogs.{kind}")
        .order_by("pk")
        .values_list("state", flat=True)
    )
