"""The Bot API's calls, one function each. They raise ``config.lib.http.OutsideError`` kinds."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

from django.conf import settings

from config.lib.http import OutsideSession, PermanentError, TransientError
from config.lib.logs import redact
from integrations.yandex.types import BotSelf, Update

SYSTEM = "yandex"
MAX_TEXT = 6000
MAX_UPDATES = 1000


class YandexClient:
    """Calls in the name of one bot.

    :param token: its OAuth token.
    """

    def __init__(self, token: str) -> None:
        self._headers = {"Authorization": f"OAuth {token}"}

    def send_text(self, *, login: str, text: str, payload_id: str) -> int:
        """Send a text to a person's private chat; return the message's id.

        :param text: up to 6,000 characters, without markup of ours.
        :param payload_id: a second call with the same one is taken for the first, so that sending
            again does no harm.
        """
        body = {"login": login, "text": text, "payload_id": payload_id}
        answer = self._call("/messages/sendText/", body)
        if type(answer.get("message_id")) is not int:
            raise TransientError(SYSTEM, "the answer holds no message_id")
        return cast("int", answer["message_id"])

    def get_updates(self, *, offset: int, limit: int = MAX_UPDATES) -> list[Update]:
        """Return what the bot was told, oldest first. What is below ``offset`` is forgotten there.

        :param offset: the last known ``update_id`` plus one, 0 at first.
        """
        answer = self._call("/messages/getUpdates/", {"offset": offset, "limit": limit})
        updates = answer.get("updates")
        if not isinstance(updates, list) or not all(map(_is_update, updates)):
            raise TransientError(SYSTEM, "the answer holds no updates")
        return cast("list[Update]", updates)

    def set_webhook(self, url: str | None) -> BotSelf:
        """Have updates sent to ``url``, or with ``None`` kept for ``get_updates``."""
        answer = self._call("/self/update/", {"webhook_url": url})
        if not all(isinstance(answer.get(name), str) for name in ("id", "login")):
            raise TransientError(SYSTEM, "the answer does not say whose token it is")
        return cast("BotSelf", answer)

    def _call(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Return an answer that says ``ok``. Every call of ours may be made twice without harm."""
        session = _session(settings.YANDEX_API_BASE)
        response = session.call("POST", path, json=body, headers=self._headers, is_safe=True)
        answer = response.json()
        if not isinstance(answer, dict):
            raise TransientError(SYSTEM, "the answer is not an object")
        if answer.get("ok") is not True:
            text = redact(str(answer.get("description") or ""))[:300]
            raise PermanentError(SYSTEM, status=response.status, code="", text=text)
        return answer


def _is_update(value: object) -> bool:
    return isinstance(value, dict) and type(value.get("update_id")) is int


@lru_cache(maxsize=2)
def _session(base_url: str) -> OutsideSession:
    return OutsideSession(base_url, name=SYSTEM)
