"""Log lines: one JSON object each, with who and what they belong to, and with no secret in them.

Whatever is logged passes ``redact`` before it is written: message, arguments, extras and
exception text. It knows secrets by shape, so that a careless ``logger.warning("%s", url)`` in
any package, ours or not, gives nothing away.
"""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from celery import current_task
from pythonjsonlogger.json import JsonFormatter

from config.lib.correlation import peek_correlation_id, peek_facts

HIDDEN = "[redacted]"
MAX_DEPTH = 6
_CONTEXT_FIELDS = ("request_id", "user_id", "tenant", "task_id")
_HIDDEN_NAMES = (
    r"(?:access_|refresh_|client_|bot_|api_|link_|csrf)?(?:token|secret|password|api_?key)"
    r"|hash|init_?data|authorization|cookie|string_session"
)
_SECRET_KEY = re.compile(_HIDDEN_NAMES, re.IGNORECASE)
_PHONE_KEY = re.compile(r"(?:\w+_)?phone(?:_number)?", re.IGNORECASE)
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # A Bot API token, also inside an address: .../bot123:AAA/sendMessage.
    # Begins at a first digit only, or a long number would be read once for each of its digits.
    (re.compile(r"(?<!\d)\d+:[A-Za-z0-9_-]{30,}"), HIDDEN),
    # A Telethon StringSession.
    (re.compile(r"(?<![A-Za-z0-9_=-])1[A-Za-z0-9_=-]{350,}"), HIDDEN),
    (re.compile(r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"), HIDDEN),
    (re.compile(r"\b(Bearer|Basic|tma)\s+[^\s'\",;]{6,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    (
        # authorization: x, 'password': 'x', "client_secret": "x", ?token=x, hash=x in initData.
        re.compile(
            rf"(?<![A-Za-z0-9])((?:{_HIDDEN_NAMES})\\?[\"']?\s*(?:=|%3D|:)\s*\\?[\"']?)"
            rf"(?!\[redacted|\s|(?:Bearer|Basic|tma)\s)[^\s&'\",;}}\\]+",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"(/api/webhooks/[a-z]+/[^/\s'\"]+/)[^/\s'\"?]+"), rf"\1{HIDDEN}"),
    (re.compile(r"(/api/webhooks/yandex/|/sub/)[^/\s'\"?]+"), rf"\1{HIDDEN}"),
)
_PHONE = re.compile(
    r"(?<![\w.+-])(?:\+\d[\s(-]*(?:\d[\s()-]*){8,12}\d|[78][\s(-]*9(?:[\s()-]*\d){9})(?![\w-]|\.\d)"
)


def redact(text: str) -> str:
    """Return ``text`` without tokens, sessions, passwords, and with phones cut to their ends."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return _PHONE.sub(_cut_phone, text)


def redact_value(value: object, *, depth: int = 0) -> object:
    """Return ``value`` as plain JSON types with every text in it redacted.

    What lies under a key that names a secret is hidden whole.
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if depth < MAX_DEPTH:
        if isinstance(value, Mapping):
            return dict(_redact_items(value, depth=depth + 1))
        if isinstance(value, list | tuple | set | frozenset):
            return [redact_value(item, depth=depth + 1) for item in value]
    return redact(value if isinstance(value, str) else _text_of(value))


def _redact_items(mapping: Mapping[Any, object], *, depth: int) -> Iterator[tuple[str, object]]:
    for key, value in mapping.items():
        name = str(key)
        if value and not isinstance(value, bool) and _SECRET_KEY.fullmatch(name):
            yield name, HIDDEN
        elif value and _PHONE_KEY.fullmatch(name):
            yield name, _cut_digits(_text_of(value))
        else:
            yield name, redact_value(value, depth=depth)


def _cut_phone(match: re.Match[str]) -> str:
    return _cut_digits(match[0])


def _cut_digits(text: str) -> str:
    digits = "".join(filter(str.isdigit, text))
    return f"{'+' * text.startswith('+')}{digits[:1]}***{digits[-2:]}"


def _text_of(value: object) -> str:
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001 - a stranger's __str__ may raise anything
        return f"<{type(value).__name__}: {type(error).__name__}>"


class ContextFilter(logging.Filter):
    """Put the request's id, the person, the organization and the task on every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        facts = {"request_id": _request_id(record), "task_id": _task_id(), **peek_facts()}
        for name in _CONTEXT_FIELDS:
            if facts.get(name) and not hasattr(record, name):
                setattr(record, name, facts[name])
        return True


def _request_id(record: logging.LogRecord) -> str:
    """Return the id; Django logs a refused request when its middleware has ended already."""
    return peek_correlation_id() or getattr(getattr(record, "request", None), "correlation_id", "")


def _task_id() -> str | None:
    task_id: str | None = getattr(getattr(current_task, "request", None), "id", None)
    return task_id


class RedactingJsonFormatter(JsonFormatter):
    """Write a record as one JSON line: ``timestamp, level, logger, message`` and what it carries.

    A record that cannot be written as asked (arguments that do not fit, an extra that raises)
    gives a poorer line, never none.
    """

    def __init__(self) -> None:
        super().__init__(
            ["levelname", "name", "message"],
            rename_fields={"levelname": "level", "name": "logger"},
            json_ensure_ascii=False,
        )

    def add_fields(
        self,
        log_data: dict[str, Any],
        record: logging.LogRecord,
        message_dict: dict[str, Any],
    ) -> None:
        log_data["timestamp"] = _moment(record)
        super().add_fields(log_data, record, message_dict)

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        return dict(_redact_items(log_data, depth=0))

    def format(self, record: logging.LogRecord) -> str:
        try:
            return super().format(record)
        except Exception as error:  # noqa: BLE001 - the line must not be lost, whatever is in it
            return json.dumps(
                {
                    "timestamp": _moment(record),
                    "level": record.levelname,
                    "logger": record.name,
                    "message": redact(_text_of(record.msg)),
                    "arguments": redact_value(record.args),
                    "log_error": redact(f"{type(error).__name__}: {error}"),
                },
                ensure_ascii=False,
            )


def _moment(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, tz=UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
