"""Avito's calls, one function each. Everything raises ``config.lib.http.OutsideError`` kinds."""

from functools import lru_cache
from typing import Any, cast
from urllib.parse import quote

from django.conf import settings

from config.lib.http import OutsideResponse, OutsideSession, TransientError
from integrations.avito.types import Chat, Message, Self, Subscription, Token

SYSTEM = "avito"
MAX_LIMIT = 100
MAX_OFFSET = 1000


def fetch_token(client_id: str, client_secret: str) -> Token:
    """Return a new access token by ``client_credentials``.

    :raises SignInError: Avito refuses the credentials with 401.
    :raises PermanentError: it refuses them in another way.
    """
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": client_secret,
    }
    answer = _session(settings.AVITO_API_BASE).call("POST", "/token", data=form, is_safe=True)
    document = answer.json()
    if not isinstance(document, dict) or not document.get("access_token"):
        raise TransientError(SYSTEM, "the answer holds no token")
    return cast("Token", document)


class AvitoClient:
    """Calls in the name of one account.

    :param token: its access token.
    :param user_id: its number, the ``{uid}`` of Avito's paths. Not needed for ``get_self`` and
        the webhooks.
    """

    def __init__(self, token: str, *, user_id: int = 0) -> None:
        self._headers = {"Authorization": f"Bearer {token}"}
        self._user_id = user_id

    def get_self(self) -> Self:
        """Return whose token it is."""
        return cast("Self", self._call("GET", "/core/v1/accounts/self"))

    def list_chats(
        self, *, unread_only: bool = False, limit: int = MAX_LIMIT, offset: int = 0
    ) -> list[Chat]:
        """Return a page of chats about items, those with the newest messages first.

        :param limit: 1 to 100; ``offset`` 0 to 1000.
        """
        params = {
            "unread_only": str(unread_only).lower(),
            "chat_types": "u2i",
            "limit": limit,
            "offset": offset,
        }
        answer = self._call("GET", f"{self._account('v2')}/chats", params=params)
        return cast("list[Chat]", answer["chats"])

    def get_chat(self, chat_id: str) -> Chat:
        """Return one chat with its item and people."""
        return cast("Chat", self._call("GET", self._chat("v2", chat_id)))

    def list_messages(
        self, chat_id: str, *, limit: int = MAX_LIMIT, offset: int = 0
    ) -> list[Message]:
        """Return a page of a chat's messages, oldest first. Marks nothing as read.

        ``created`` knows no order within a second; there Avito's own order, newest first, counts.
        """
        answer = self._call(
            "GET",
            f"{self._chat('v3', chat_id)}/messages/",
            params={"limit": limit, "offset": offset},
        )
        # The documentation once showed a bare array.
        found = answer["messages"] if isinstance(answer, dict) else answer
        oldest_first = cast("list[Message]", found)[::-1]
        return sorted(oldest_first, key=lambda message: message["created"])

    def send_text(self, chat_id: str, text: str) -> Message:
        """Send a text of up to 1,000 characters. Avito has no idempotency key.

        :raises AmbiguousError: it may have been sent.
        """
        body = {"type": "text", "message": {"text": text}}
        answer = self._call("POST", f"{self._chat('v1', chat_id)}/messages", json=body)
        return cast("Message", answer)

    def upload_image(self, content: bytes, *, content_type: str) -> str:
        """Upload one picture and return the id by which it can be sent.

        :param content: JPEG, HEIC, GIF, BMP or PNG, up to 24 MB and 75 megapixels.
        """
        files = {"uploadfile[]": ("picture", content, content_type)}
        path = f"{self._account('v1')}/uploadImages"
        answer = self._call("POST", path, files=files, is_safe=True)
        return str(next(iter(answer)))

    def send_image(self, chat_id: str, image_id: str) -> Message:
        """Send an uploaded picture; Avito knows no captions.

        :raises AmbiguousError: it may have been sent.
        """
        path = f"{self._chat('v1', chat_id)}/messages/image"
        return cast("Message", self._call("POST", path, json={"image_id": image_id}))

    def delete_message(self, chat_id: str, message_id: str) -> None:
        """Take back a message of ours, within an hour of its sending. A POST on Avito's side."""
        path = f"{self._chat('v1', chat_id)}/messages/{quote(message_id, safe='')}"
        self._call("POST", path, is_safe=True)

    def get_voice_url(self, voice_id: str) -> str | None:
        """Return where a voice message can be fetched for an hour, or ``None`` if Avito has lost
        it: Opus in an MP4.
        """
        path = f"{self._account('v1')}/getVoiceFiles"
        answer = self._call("GET", path, params={"voice_ids": voice_id})
        return cast("dict[str, str]", answer["voices_urls"]).get(voice_id)

    def ban(self, user_id: int, *, item_id: int | None, reason: int) -> None:
        """Put a buyer on the account's black list.

        :param reason: 1 spam, 2 fraud, 3 abuse, 4 other.
        """
        context = {"reason_id": reason} | ({"item_id": item_id} if item_id else {})
        users = [{"user_id": user_id, "context": context}]
        self._send("POST", f"{self._account('v2')}/blacklist", json={"users": users}, is_safe=True)

    def mark_read(self, chat_id: str) -> None:
        """Mark a whole chat as read."""
        self._call("POST", f"{self._chat('v1', chat_id)}/read", is_safe=True)

    def subscribe(self, url: str) -> None:
        """Let Avito call ``url`` (webhook v3). It asks the address with ``{}`` at once."""
        self._call("POST", "/messenger/v3/webhook", json={"url": url}, is_safe=True)

    def unsubscribe(self, url: str) -> None:
        """Let Avito call ``url`` no longer."""
        body = {"url": url}
        self._call("POST", "/messenger/v1/webhook/unsubscribe", json=body, is_safe=True)

    def list_subscriptions(self) -> list[Subscription]:
        """Return which addresses Avito calls for this account. A POST that changes nothing."""
        answer = self._call("POST", "/messenger/v1/subscriptions", is_safe=True)
        return cast("list[Subscription]", answer["subscriptions"])

    def _call(self, method: str, path: str, **parts: Any) -> Any:
        return self._send(method, path, **parts).json()

    def _send(self, method: str, path: str, **parts: Any) -> OutsideResponse:
        session = _session(settings.AVITO_API_BASE)
        return session.call(method, path, headers=self._headers, **parts)

    def _account(self, version: str) -> str:
        return f"/messenger/{version}/accounts/{self._user_id}"

    def _chat(self, version: str, chat_id: str) -> str:
        """Return the path of a chat, whose id may hold ``~`` and other marks."""
        return f"{self._account(version)}/chats/{quote(chat_id, safe='')}"


@lru_cache(maxsize=2)
def _session(base_url: str) -> OutsideSession:
    return OutsideSession(base_url, name=SYSTEM)
