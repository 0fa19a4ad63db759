"""A person's chat with the platform's bot, as the workers and Telegram would play it."""

import time

from accounts.models import User
from integrations.models import InboundEvent
from integrations.services import inbox, pump
from notifications.services import planning

CUSTOMER = 6_000_002


class Chat:
    """``say`` and ``press`` return what the bot shows last."""

    def __init__(
        self, sandbox, token: str, *, language: str = "en", person: int = CUSTOMER
    ) -> None:
        self.sandbox, self.token, self.person = sandbox, token, person
        user = {"id": person, "first_name": "Vera", "language_code": language}
        sandbox.control("telegram/users", user)

    def say(self, text: str = "", **content) -> dict:
        return self._act("say", {**({"text": text} if text else {}), **content})

    def press(self, label: str, *, on: dict | None = None, times: int = 1) -> dict:
        """Press the button that bears ``label``, maybe twice before anything is answered."""
        shown = on or self.last
        (data,) = [key["callback_data"] for key in keys(shown) if key["text"].startswith(label)]
        return self.press_data(data, on=shown, times=times)

    def press_data(self, data: str, *, on: dict, times: int = 1) -> dict:
        return self._act("press", {"message_id": on["message_id"], "data": data}, times=times)

    def push(self, data: object, *, on: dict | None = None, **query) -> None:
        """Let a press come in that no button of ours has made."""
        bot = InboundEvent.objects.filter(source="telegram").latest("pk")
        person = {"id": self.person, "first_name": "Vera", "language_code": "en"}
        message = {
            "message_id": (on or self.last)["message_id"],
            "chat": {"id": self.person, "type": "private"},
            "text": "x",
        }
        number = InboundEvent.objects.count()
        body = {"id": f"{number}", "from": person, "message": message, "data": data} | query
        inbox.receive(
            source="telegram",
            account_id=bot.account_id,
            external_id=f"pushed:{number}",
            lane=bot.lane,
            payload={"update_id": number, "callback_query": body},
        )
        inbox.drain()

    def press_again(self, data: str) -> dict:
        """Press a button that an old message may still have; return what comes of it."""
        self.push(data)
        pump.drain("telegram")
        return self.last

    def say_in(self, group: int, text: str) -> None:
        self._act("say", {"chat_id": group, "text": text})

    def hear(self) -> dict:
        """Let notices come; return what the bot has said last."""
        planning.plan_due()
        pump.drain("telegram")
        return self.last

    @property
    def user(self) -> User:
        return User.objects.get(telegram_id=self.person)

    @property
    def messages(self) -> list[dict]:
        path = f"telegram/chats/{self.person}?bot={self.token}"
        found = self.sandbox.control(path)["messages"]
        return [message for message in found if message["from"]["is_bot"]]

    @property
    def last(self) -> dict:
        return self.messages[-1]

    @property
    def toasts(self) -> list[str]:
        calls = self.sandbox.calls("telegram.answerCallbackQuery")
        return [call["params"].get("text", "") for call in calls]

    def _act(self, action: str, body: dict, *, times: int = 1) -> dict:
        known = InboundEvent.objects.count()
        place = {"bot": self.token, "chat_id": self.person, "user": self.person}
        for _time in range(times):
            self.sandbox.control(f"telegram/{action}", place | body)
        deadline = time.monotonic() + 10
        while InboundEvent.objects.count() < known + times:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        inbox.drain()
        pump.drain("telegram")
        return self.last


def keys(message: dict) -> list[dict]:
    return [button for row in message.get("buttons", []) for button in row]


def labels(message: dict) -> list[str]:
    return [key["text"] for key in keys(message)]
