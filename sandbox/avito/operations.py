"""The calls of the API by address, with the names under which faults and the journal know them."""

from dataclasses import dataclass

from . import calls

_ACCOUNT = "/messenger/{version}/accounts/{{user_id}}"


@dataclass(frozen=True)
class Operation:
    """``names``: the sandbox's own first, then those of the published description."""

    method: str
    path: str
    names: tuple[str, ...]
    handler: calls.Handler
    body: str = "none"


def _account(version: str, rest: str) -> str:
    return _ACCOUNT.format(version=version) + rest


def _named(*names: str) -> tuple[str, ...]:
    return tuple(f"avito.{name}" for name in names)


_CHAT = "/chats/{chat_id}"
_MESSAGES = _CHAT + "/messages"

OPERATIONS = (
    Operation("GET", "/core/v1/accounts/self", _named("self", "getUserInfoSelf"), calls.get_self),
    Operation(
        "GET",
        _account("v2", "/chats"),
        _named("chats", "getChats", "getChatsV2"),
        calls.get_chats,
    ),
    Operation(
        "GET",
        _account("v2", _CHAT),
        _named("chat", "getChat", "getChatByIdV2"),
        calls.get_chat,
    ),
    Operation(
        "GET",
        _account("v3", _MESSAGES + "{slash:/?}"),
        _named("messages", "getMessages", "getMessagesV3"),
        calls.get_messages,
    ),
    Operation(
        "POST",
        _account("v1", _MESSAGES),
        _named("sendMessage", "postSendMessage"),
        calls.send_message,
        "json",
    ),
    Operation(
        "POST",
        _account("v1", _MESSAGES + "/image"),
        _named("sendImage", "sendImageMessage", "postSendImageMessage"),
        calls.send_image,
        "json",
    ),
    Operation(
        "POST",
        _account("v1", _MESSAGES + "/{message_id}"),
        _named("deleteMessage"),
        calls.delete_message,
    ),
    Operation("POST", _account("v1", _CHAT + "/read"), _named("read", "chatRead"), calls.read_chat),
    Operation(
        "POST",
        _account("v1", "/uploadImages"),
        _named("uploadImages"),
        calls.upload_images,
        "form",
    ),
    Operation(
        "GET", _account("v1", "/getVoiceFiles"), _named("getVoiceFiles"), calls.get_voice_files
    ),
    Operation(
        "POST",
        "/messenger/v3/webhook",
        _named("subscribe", "postWebhookV3"),
        calls.subscribe,
        "json",
    ),
    Operation(
        "POST",
        "/messenger/v1/subscriptions",
        _named("subscriptions", "getSubscriptions"),
        calls.get_subscriptions,
    ),
    Operation(
        "POST",
        "/messenger/v1/webhook/unsubscribe",
        _named("unsubscribe", "postWebhookUnsubscribe"),
        calls.unsubscribe,
        "json",
    ),
    Operation(
        "POST",
        _account("v2", "/blacklist"),
        _named("blacklist", "postBlacklistV2"),
        calls.blacklist,
        "json",
    ),
)
