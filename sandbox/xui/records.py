"""Clients from 3.1.0: records keyed by e-mail, each on any number of inbounds."""

import secrets
import uuid
from collections.abc import Iterable
from typing import Any

from . import counting
from .calls import Call, bind_client, credential_field
from .state import Database, Inbound, Panel, Record
from .wire import invalid_body, not_found, own_error

Json = dict[str, Any]

# What only the record says of a client; sent back it means nothing.
_SHOWN_ONLY = ("uuid", "createdAt", "updatedAt", "inboundIds", "traffic")
_KEPT = ("id", "password", "auth", "subId", "created_at")
_SECRETS = ("id", "password", "auth")


def record_json(panel: Panel, record: Record) -> Json:
    """The record: ``id`` is the row's number here and ``uuid`` the client's id."""
    client = dict(record.client)
    row = panel.database.traffic.get(client["email"])
    return {
        **{k: v for k, v in client.items() if k not in ("id", "created_at", "updated_at")},
        "id": record.id,
        "uuid": client.get("id", ""),
        "createdAt": client.get("created_at", 0),
        "updatedAt": client.get("updated_at", 0),
        "inboundIds": list(record.inbound_ids),
        "traffic": counting.row_json(panel, row, client=client) if row is not None else None,
    }


def clients_in(database: Database, inbound: Inbound) -> list[Json]:
    """The clients of an inbound as its settings show them: with its protocol's secret only."""
    secret = credential_field(inbound.protocol)
    hidden = {name for name in _SECRETS if name != secret}
    return [
        {name: value for name, value in record.client.items() if name not in hidden}
        for record in database.records.values()
        if inbound.id in record.inbound_ids
    ]


def adopt_clients(database: Database, inbounds: Iterable[Inbound]) -> None:
    """Make records of the clients in the settings of inbounds; one e-mail is one client."""
    for inbound in inbounds:
        for client in inbound.clients:
            _adopt(database, inbound, client)
        inbound.settings = {**inbound.settings, "clients": []}
    for record in database.records.values():
        for name in ("id", "password"):
            record.client[name] = record.client.get(name) or _new_secret(name)


def _adopt(database: Database, inbound: Inbound, client: Json) -> None:
    email = client.get("email") or f"client-{inbound.id}-{len(database.records) + 1}"
    if email not in database.records:
        client = {**client, "email": email}
        database.records[email] = Record(id=database.next_id("records"), client=client)
    record = database.records[email]
    record.client = {**client, **record.client}
    if inbound.id not in record.inbound_ids:
        record.inbound_ids.append(inbound.id)


def release_inbound(database: Database, inbound: Inbound) -> None:
    """Take the inbound from every record; who is left without one stays as a record."""
    for record in database.records.values():
        record.inbound_ids = [i for i in record.inbound_ids if i != inbound.id]


def _new_secret(name: str) -> str:
    return str(uuid.uuid4()) if name == "id" else secrets.token_urlsafe(12)


async def add_client(call: Call) -> None:
    """A client on one or more inbounds, always enabled; one with the same subId is attached.

    :raises XuiError: e-mail or subId are taken or unfit, an inbound is unknown.
    """
    create(call, body=call.body)


def create(call: Call, *, body: Json) -> None:
    """What ``add_client`` does, with a body that may be one of many.

    :raises XuiError: e-mail or subId are taken or unfit, an inbound is unknown.
    """
    client = _bound(body.get("client"))
    inbound_ids = _inbound_ids(call, body)
    email, sub_id = client["email"], client.get("subId") or ""
    database = call.panel.database
    known = _find(database, email)
    if known is not None and (not sub_id or known.client.get("subId") != sub_id):
        raise own_error(f"email already in use: {email}")
    if known is not None:
        _attach(known, inbound_ids)
        return
    _check_sub_id(database, sub_id, text="subId already in use")
    now_ms = call.panel.now_ms()
    for name in ("id", "password"):
        client[name] = client.get(name) or _new_secret(name)
    client["subId"] = sub_id or secrets.token_hex(8)
    client |= {"enable": True, "created_at": now_ms, "updated_at": now_ms}
    record = Record(id=database.next_id("records"), client=client, inbound_ids=inbound_ids)
    database.records[email] = record
    counting.keep_row(database, inbound_id=inbound_ids[0], client=client)


async def update_client(call: Call) -> None:
    """Replace a client by what was sent; secrets and subId left out stay what they were.

    There is one set of fields for all inbounds, so ``inboundIds`` in the query changes nothing.

    :raises XuiError: there is no such client, or the new e-mail or subId is taken.
    """
    old_email = call.path["email"]
    client = _bound(call.body)
    database = call.panel.database
    record = _get(database, old_email)
    email = client["email"]
    if email.lower() != old_email.lower() and _find(database, email) is not None:
        raise own_error(f"Duplicate email: {email}")
    if client.get("subId") and client["subId"] != record.client.get("subId"):
        _check_sub_id(database, client["subId"], text="Duplicate subId")
    kept = {name: record.client[name] for name in _KEPT if record.client.get(name)}
    client |= {name: client.get(name) or value for name, value in kept.items()}
    client["enable"] = bool(client.get("enable", False))
    client["updated_at"] = call.panel.now_ms()
    record.client = client
    database.records = {
        (email if key == old_email else key): value for key, value in database.records.items()
    }
    first = record.inbound_ids[0] if record.inbound_ids else 0
    counting.keep_row(database, inbound_id=first, client=client, old_email=old_email)


async def delete_client(call: Call) -> None:
    """:raises XuiError: there is no such client."""
    email = call.path["email"]
    remove(call.panel, email, keep_traffic=call.query.get("keepTraffic") == "1")


def remove(panel: Panel, email: str, *, keep_traffic: bool = False) -> None:
    """:raises XuiError: there is no such client."""
    if panel.database.records.pop(email, None) is None:
        raise own_error(f'client "{email}" not found in any inbound or client record')
    if not keep_traffic:
        panel.database.traffic.pop(email, None)


async def detach(call: Call) -> None:
    record = _get(call.panel.database, call.path["email"])
    gone = _inbound_ids(call, call.body)
    record.inbound_ids = [i for i in record.inbound_ids if i not in gone]


async def attach(call: Call) -> None:
    _attach(_get(call.panel.database, call.path["email"]), _inbound_ids(call, call.body))


def _attach(record: Record, inbound_ids: list[int]) -> None:
    record.inbound_ids += [i for i in inbound_ids if i not in record.inbound_ids]


async def get_client(call: Call) -> Json:
    """:raises XuiError: there is no such client."""
    record = _get(call.panel.database, call.path["email"])
    row = call.panel.database.traffic.get(record.client["email"])
    return {
        "client": record_json(call.panel, record),
        "inboundIds": list(record.inbound_ids),
        "externalLinks": [],
        "usedTraffic": row.up + row.down if row is not None else 0,
    }


async def list_clients(call: Call) -> list[Json]:
    return [record_json(call.panel, r) for r in call.panel.database.records.values()]


async def list_page(call: Call) -> Json:
    """One page of the records, those first that were made first; ``search`` is in the e-mail."""
    found = [r for r in call.panel.database.records.values() if _is_sought(call, r)]
    page, size = _positive(call, "page", 1), _positive(call, "pageSize", 25)
    shown = found[(page - 1) * size : page * size]
    return {
        "items": [record_json(call.panel, record) for record in shown],
        "total": len(call.panel.database.records),
        "filtered": len(found),
        "page": page,
        "pageSize": size,
    }


def _is_sought(call: Call, record: Record) -> bool:
    return call.query.get("search", "").lower() in record.client["email"].lower()


def _positive(call: Call, name: str, default: int) -> int:
    text = call.query.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and int(text) else default


async def get_by_telegram(call: Call) -> list[Json]:
    wanted = call.number("id")
    records = call.panel.database.records.values()
    return [record_json(call.panel, r) for r in records if r.client.get("tgId") == wanted]


async def delete_depleted(call: Call) -> Json:
    """Remove who has used up bytes or days; inbounds stay."""
    panel = call.panel
    gone = [
        email
        for email, row in panel.database.traffic.items()
        if email in panel.database.records and row.reset == 0 and row.is_depleted(panel.now_ms())
    ]
    for email in gone:
        remove(panel, email)
    return {"deleted": len(gone)}


def _bound(value: Any) -> Json:
    client = bind_client(value)
    email = client.get("email") or ""
    if not email:
        raise own_error("client email is required")
    if any(char in "/\\ " or ord(char) < 32 or ord(char) == 127 for char in email):
        raise own_error(f"client email contains invalid characters: {email}")
    return {name: v for name, v in client.items() if name not in _SHOWN_ONLY}


def _inbound_ids(call: Call, body: Json) -> list[int]:
    ids = body.get("inboundIds")
    if not isinstance(ids, list) or not ids or not all(type(i) is int for i in ids):
        raise invalid_body("inboundIds", "inboundIds is required", rule="required")
    return [call.inbound(i).id for i in ids]


def _find(database: Database, email: str) -> Record | None:
    lowered = email.lower()
    return next((r for key, r in database.records.items() if key.lower() == lowered), None)


def _get(database: Database, email: str) -> Record:
    if email not in database.records:
        raise not_found()
    return database.records[email]


def _check_sub_id(database: Database, sub_id: str, *, text: str) -> None:
    if sub_id and any(r.client.get("subId") == sub_id for r in database.records.values()):
        raise own_error(f"{text}: {sub_id}")
