"""One call, read, and the fields of clients as panels bind them."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from .state import Inbound, Panel
from .wire import XuiError, invalid_body, not_found

Json = dict[str, Any]

_TEXTS = ("id", "password", "security", "flow", "email", "subId", "comment", "auth", "group")
_NUMBERS = ("limitIp", "totalGB", "expiryTime", "tgId", "reset", "created_at", "updated_at")
_FIELDS = {
    **dict.fromkeys(_TEXTS, "string"),
    **dict.fromkeys(_NUMBERS, "int64"),
    "enable": "bool",
}
# How long 2.x holds an inbound that it has read and not yet written; another call may read the
# same meanwhile, and the later writer wins.
GAP_SECONDS = 0.05


@dataclass(kw_only=True)
class Call:
    """``path`` and ``query`` by name; ``body`` from JSON or a form, or ``items`` from a list."""

    panel: Panel
    host: str
    path: dict[str, str]
    query: dict[str, str]
    body: Json
    items: list[Any] = field(default_factory=list)

    def number(self, name: str) -> int:
        """The whole number in the path.

        :raises XuiError: it is none.
        """
        text = self.path[name]
        try:
            return int(text)
        except ValueError:
            raise XuiError(f'strconv.Atoi: parsing "{text}": invalid syntax') from None

    def inbound(self, inbound_id: Any) -> Inbound:
        """:raises XuiError: ``record not found``."""
        try:
            return self.panel.database.inbounds[int(inbound_id)]
        except (KeyError, ValueError, TypeError):
            raise not_found() from None

    async def pause(self) -> None:
        """The time between a read and its write; 3.x lets nobody in between."""
        if not self.panel.facts.guarded:
            await asyncio.sleep(GAP_SECONDS)


def parse_clients(settings: Any) -> list[Json]:
    """The clients in ``settings``, a string of JSON or an object.

    :raises XuiError: it is neither, or a known field is of another type.
    """
    if isinstance(settings, str):
        try:
            settings = json.loads(settings)
        except ValueError:
            raise XuiError("unexpected end of JSON input") from None
    clients = settings.get("clients") if isinstance(settings, dict) else None
    if not isinstance(clients, list) or not all(isinstance(c, dict) for c in clients):
        raise XuiError("json: cannot unmarshal into Go struct field Client.clients")
    for client in clients:
        for name, got, wanted in _misfits(client):
            where = f"Client.clients.{name} of type {wanted}"
            raise XuiError(f"json: cannot unmarshal {got} into Go struct field {where}")
    return clients


def bind_client(value: Any) -> Json:
    """A client of 3.1.0 and later as it was sent.

    Unknown fields are kept: a later release has some, and an update that leaves them out loses
    them there as here.

    :raises XuiError: it is no object, or a known field is of another type.
    """
    if not isinstance(value, dict):
        raise invalid_body("client", "client must be an object")
    for name, got, wanted in _misfits(value):
        raise invalid_body(name, f"cannot bind {got} to {name} of type {wanted}")
    return dict(value)


def _misfits(client: Json) -> list[tuple[str, str, str]]:
    found = []
    for name, wanted in _FIELDS.items():
        got = _go_kind(client.get(name))
        if got is not None and got != wanted and client.get(name) is not None:
            found.append((name, "number" if got == "int64" else got, wanted))
    return found


def _go_kind(value: Any) -> str | None:
    kinds = {str: "string", bool: "bool", int: "int64", float: "number", list: "array"}
    return None if value is None else kinds.get(type(value), "object")


def credential_field(protocol: str) -> str:
    """The field by which 2.x addresses a client of this protocol."""
    return {"trojan": "password", "shadowsocks": "email"}.get(protocol, "id")
