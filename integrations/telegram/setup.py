"""Bot API calls that a person waits for: who a token is, where its updates go, what a group is.

Synchronous, one at a time; what the outbox sends goes through ``integrations.telegram.sender``.
All of these may be made twice without harm.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

from django.conf import settings

from config.lib.http import AmbiguousError, OutsideSession, PermanentError, SignInError
from integrations.telegram.types import ChatInfo, ChatMember, Me, WebhookInfo

SYSTEM = "telegram"
NOT_FOUND = 404


def get_me(token: str) -> Me:
    """Return whose token this is.

    :raises SignInError: Telegram does not know the token (401), or not even its form (404).
    :raises OutsideError: as ``OutsideSession.call``.
    """
    return cast("Me", _call(token, "getMe"))


def set_webhook(
    token: str,
    *,
    url: str,
    secret_token: str,
    allowed_updates: Sequence[str],
    max_connections: int,
) -> None:
    """Let updates come to ``url`` with ``secret_token`` in their header.

    :raises PermanentError: Telegram refuses the address.
    :raises OutsideError: as ``OutsideSession.call``.
    """
    _call(
        token,
        "setWebhook",
        {
            "url": url,
            "secret_token": secret_token,
            "allowed_updates": list(allowed_updates),
            "max_connections": max_connections,
        },
    )


def delete_webhook(token: str) -> None:
    """Let no more updates come. Those that wait stay with Telegram for a day."""
    _call(token, "deleteWebhook")


def get_webhook_info(token: str) -> WebhookInfo:
    """Return where updates go, how many wait, and what went wrong last."""
    return cast("WebhookInfo", _call(token, "getWebhookInfo"))


def get_chat(token: str, chat_id: int) -> ChatInfo:
    """Return what a bot sees of a chat.

    :raises PermanentError: it is not there, or the bot is not in it.
    """
    return cast("ChatInfo", _call(token, "getChat", {"chat_id": chat_id}))


def get_chat_member(token: str, chat_id: int, user_id: int) -> ChatMember:
    """Return what somebody, such as the bot itself, is and may do in a chat.

    :raises PermanentError: the chat is not there, or the bot is not in it.
    """
    params = {"chat_id": chat_id, "user_id": user_id}
    return cast("ChatMember", _call(token, "getChatMember", params))


def send_typing(token: str, chat_id: int) -> None:
    """Show for a few seconds that the bot is writing: a call that leaves nothing behind.

    :raises PermanentError: the bot may not write there.
    """
    _call(token, "sendChatAction", {"chat_id": chat_id, "action": "typing"})


def set_my_commands(
    token: str, commands: Sequence[tuple[str, str]], *, language_code: str = ""
) -> None:
    """Let Telegram list these commands, name and description, in private chats.

    :param language_code: to those who use Telegram in this language; empty: to all others.
    """
    listed = [{"command": name, "description": words} for name, words in commands]
    params: dict[str, Any] = {"commands": listed, "scope": {"type": "all_private_chats"}}
    if language_code:
        params["language_code"] = language_code
    _call(token, "setMyCommands", params)


def _call(token: str, method: str, params: Mapping[str, Any] | None = None) -> Any:
    session = _session(settings.TELEGRAM_API_BASE)
    try:
        answer = session.call(
            "POST", f"/bot{token}/{method}", json=dict(params or {}), is_safe=True
        ).json()
    except PermanentError as error:
        # A token that has not even the form of one meets 404 instead of 401.
        if error.status == NOT_FOUND:
            raise SignInError(SYSTEM, "the token is not accepted") from None
        raise
    try:
        return answer["result"]
    except (KeyError, TypeError):
        raise AmbiguousError(SYSTEM, "the answer has no result") from None


@lru_cache(maxsize=2)
def _session(base_url: str) -> OutsideSession:
    return OutsideSession(base_url, name=SYSTEM)
