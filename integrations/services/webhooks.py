"""The door for what the outside sends: one statement, one round trip, then "ok".

Bot and account are found by the hash of the secret in the address, so a wrong secret and an
unknown bot are the same to the caller, and comparing takes no time that would tell them apart.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any
from uuid import UUID

from django.db import DataError
from django.db.models import Q

from config.lib.correlation import get_correlation_id
from config.lib.prepared import fetch_prepared
from config.lib.queue import ring, ring_soon
from integrations.models import AvitoAccount
from integrations.services.bots import hash_secret
from integrations.services.inbox import BELL

TELEGRAM = "telegram"
AVITO = "avito"
POLL_BELL = "integrations.poll_avito"
EXTERNAL_ID_LENGTH = 128
CHAT_ID_LENGTH = 128
# The type of an event that comes under the id of the message that it takes away.
DELETED = "deleted"

_STORE = """
WITH owner AS (SELECT id FROM {table} WHERE id = %(account)s AND {condition}),
stored AS (
    INSERT INTO integrations_inboundevent (source, account_id, external_id, lane, payload, state,
        attempts, not_before, last_error, correlation_id, received_at)
    SELECT %(source)s, owner.id, %(external_id)s, %(lane)s, %(payload)s::jsonb, 'new',
        0, now(), '', %(correlation_id)s, now() FROM owner
    ON CONFLICT (source, account_id, external_id) DO NOTHING
    RETURNING 1
)
SELECT EXISTS (SELECT FROM owner), EXISTS (SELECT FROM stored)
"""
_STORE_TELEGRAM = _STORE.format(
    table="integrations_bot",
    condition="""(
        webhook_path_hash = %(path_hash)s AND webhook_header_hash = %(header_hash)s
        OR next_webhook_path_hash = %(path_hash)s AND next_webhook_header_hash = %(header_hash)s
    )""",
)
_STORE_AVITO = _STORE.format(
    table="integrations_avitoaccount",
    condition="%(path_hash)s IN (webhook_path_hash, next_webhook_path_hash)",
)


class BadBodyError(ValueError):
    """What came in is not what the sender is known to send."""


class Answer(Enum):
    """What became of a body. ``UNKNOWN``: no such bot or account, or a wrong secret."""

    STORED = "stored"
    REPEATED = "repeated"
    PROBE = "probe"
    IGNORED = "ignored"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class AvitoEvent:
    """The parts of an Avito message event that place it in the inbox."""

    external_id: str
    lane: str
    payload: dict[str, Any]


def receive_telegram(*, bot_id: UUID, secret: str, header: str, body: bytes) -> Answer:
    """Store an update once and ring for it.

    :param secret: the last part of the address; ``header`` is the header's secret.
    :raises BadBodyError: this is no update.
    :raises OperationalError: the database is gone; nothing is stored.
    """
    text, update = _read_object(body)
    update_id = update.get("update_id")
    if type(update_id) is not int:
        raise BadBodyError("update_id")
    return _store(
        _STORE_TELEGRAM,
        text,
        {
            "account": bot_id,
            "source": TELEGRAM,
            "external_id": str(update_id),
            "lane": f"telegram:{bot_id}:{chat_of(update)}",
            "path_hash": hash_secret(secret),
            "header_hash": hash_secret(header),
        },
    )


def receive_avito(*, account_id: UUID, secret: str, body: bytes) -> Answer:
    """Store a message event once and ring for it. An empty object is Avito's probe.

    The probe comes while we subscribe, before the new secret is stored, so it needs none.

    :raises BadBodyError: this is no event of Avito's.
    :raises OperationalError: the database is gone; nothing is stored.
    """
    _text, document = _read_object(body)
    if not document:
        return Answer.PROBE
    payload = document.get("payload")
    if not isinstance(payload, dict) or payload.get("type") != "message":
        return _check_secret(account_id, secret)
    event = avito_event(account_id, payload.get("value"))
    return _store(
        _STORE_AVITO,
        json.dumps(event.payload, ensure_ascii=False),
        {
            "account": account_id,
            "source": AVITO,
            "external_id": event.external_id,
            "lane": event.lane,
            "path_hash": hash_secret(secret),
        },
    )


def avito_event(account_id: UUID, value: object) -> AvitoEvent:
    """Return how a message stands in the inbox, whether it was sent to us or polled.

    :param value: the message as in a webhook's ``payload.value``.
    :raises BadBodyError: it has no id or no chat.
    """
    if not isinstance(value, dict):
        raise BadBodyError("value")
    message_id = _short_text(value.get("id"), EXTERNAL_ID_LENGTH - len(DELETED) - 1)
    return AvitoEvent(
        external_id=f"{message_id}:{DELETED}" if value.get("type") == DELETED else message_id,
        lane=avito_lane(account_id, _short_text(value.get("chat_id"), CHAT_ID_LENGTH)),
        payload={"type": "message", "value": value},
    )


def avito_lane(account_id: UUID, chat_id: str) -> str:
    """Name the inbox lane of one chat."""
    return f"{AVITO}:{account_id}:{chat_id}"


def ring_for_avito_user(body: bytes) -> None:
    """Look soon for new messages if ``payload.value.user_id`` is an account of ours.

    Anybody may call the address without a secret, so nothing of the body is believed.
    """
    try:
        value = _read_object(body)[1]["payload"]["value"]
        user_id = value["user_id"]
    except (BadBodyError, KeyError, TypeError):
        return
    if type(user_id) is int and abs(user_id) < 2**63:
        known = AvitoAccount.objects.filter(avito_user_id=user_id)
        if known.filter(status=AvitoAccount.Status.ACTIVE).exists():
            ring(POLL_BELL)


def chat_of(update: Mapping[str, Any]) -> int:
    """Return the chat that an update belongs to; the person's id where it has none, else 0.

    A private chat has its person's id, so what a person does by an inline query or a payment is
    in order with what he writes to the bot.
    """
    parts = (part for name, part in update.items() if name != "update_id")
    content = next((part for part in parts if isinstance(part, dict)), {})
    message = content.get("message")
    holders = (
        content.get("chat"),
        message.get("chat") if isinstance(message, dict) else None,
        content.get("from"),
        content.get("user"),
        content.get("voter_chat"),
    )
    return next(filter(None, map(_id_in, holders)), 0)


def kind_of_update(payload: Mapping[str, Any]) -> str:
    """Return the kind of an update: its first member besides ``update_id``."""
    return next((name for name in payload if name != "update_id"), "")


def kind_of_avito(payload: Mapping[str, Any]) -> str:
    """Return the kind of an Avito event, such as ``message``."""
    return str(payload.get("type", ""))


def _id_in(holder: object) -> int:
    found = holder.get("id") if isinstance(holder, dict) else None
    return found if type(found) is int else 0


def _read_object(body: bytes) -> tuple[str, dict[str, Any]]:
    try:
        text = body.decode()
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise BadBodyError("not JSON") from None
    if not isinstance(document, dict):
        raise BadBodyError("not an object")
    return text, document


def _short_text(value: object, length: int) -> str:
    text = str(value) if isinstance(value, str | int) else ""
    if not text or len(text) > length or "\x00" in text:
        raise BadBodyError("id")
    return text


def _check_secret(account_id: UUID, secret: str) -> Answer:
    path_hash = hash_secret(secret)
    is_right = Q(webhook_path_hash=path_hash) | Q(next_webhook_path_hash=path_hash)
    known = AvitoAccount.objects.filter(is_right, pk=account_id)
    return Answer.IGNORED if known.exists() else Answer.UNKNOWN


def _store(statement: str, text: str, parameters: dict[str, Any]) -> Answer:
    parameters |= {"payload": text, "correlation_id": get_correlation_id()}
    try:
        is_known, is_new = _execute(statement, parameters)
    except DataError:
        # JSON may say what jsonb cannot hold: \\u0000, half of a surrogate pair, 1e999999.
        is_known, is_new = _execute_cleaned(statement, parameters)
    if is_new:
        ring_soon(BELL)
    if not is_known:
        return Answer.UNKNOWN
    return Answer.STORED if is_new else Answer.REPEATED


def _execute_cleaned(statement: str, parameters: dict[str, Any]) -> tuple[bool, bool]:
    try:
        content = storable(json.loads(parameters["payload"]))
        cleaned = json.dumps(content, ensure_ascii=False, allow_nan=False)
        return _execute(statement, parameters | {"payload": cleaned})
    except (DataError, ValueError):
        raise BadBodyError("not storable") from None


def _execute(statement: str, parameters: Mapping[str, Any]) -> tuple[bool, bool]:
    rows = fetch_prepared(statement, parameters)
    return rows[0] if rows else (False, False)


def storable(value: Any) -> Any:
    """Return JSON data without what PostgreSQL's jsonb refuses in texts: NUL, half surrogates."""
    if isinstance(value, str):
        whole = value.replace("\x00", "\ufffd").encode("utf-16", "surrogatepass")
        return whole.decode("utf-16", "replace")
    if isinstance(value, dict):
        return {storable(name): storable(item) for name, item in value.items()}
    if isinstance(value, list):
        return [storable(item) for item in value]
    return value
