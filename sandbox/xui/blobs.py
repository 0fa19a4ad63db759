"""Clients to 3.0.2: entries in the settings of their inbound, read and written as a whole."""

import copy
from typing import Any

from . import counting
from .calls import Call, credential_field, parse_clients
from .inbounds import remove_inbound
from .state import Database, Inbound, Panel
from .wire import own_error

Json = dict[str, Any]


async def add_clients(call: Call) -> None:
    """Add what ``settings`` holds.

    :raises XuiError: an e-mail is taken, a client has no id or password, the inbound is unknown.
    """
    clients = parse_clients(call.body.get("settings"))
    _check_emails(call.panel, clients)
    inbound = call.inbound(call.body.get("id"))
    secret = credential_field(inbound.protocol)
    if not all(client.get(secret) for client in clients):
        raise own_error("empty client ID")
    settings = copy.deepcopy(inbound.settings)
    now_ms = call.panel.now_ms()
    for client in clients:
        client.setdefault("created_at", now_ms)
        client["updated_at"] = now_ms
    settings.setdefault("clients", []).extend(clients)
    await call.pause()
    inbound.settings = settings
    for client in clients:
        counting.keep_row(call.panel.database, inbound_id=inbound.id, client=client)


async def update_client(call: Call) -> None:
    """Replace one client by what was sent, whole: only when it was made is kept.

    :raises XuiError: there is no such client, or the new e-mail is taken.
    """
    clients = parse_clients(call.body.get("settings"))
    inbound = call.inbound(call.body.get("id"))
    settings = copy.deepcopy(inbound.settings)
    secret = credential_field(inbound.protocol)
    index = _index(settings["clients"], field=secret, value=call.path["clientId"])
    if index is None or not clients or not clients[0].get(secret):
        raise own_error("empty client ID")
    old, new = settings["clients"][index], clients[0]
    if new.get("email") and new["email"] != old.get("email"):
        _check_emails(call.panel, [new])
    new["created_at"] = old.get("created_at") or call.panel.now_ms()
    new["updated_at"] = call.panel.now_ms()
    settings["clients"][index] = new
    await call.pause()
    inbound.settings = settings
    counting.keep_row(
        call.panel.database,
        inbound_id=inbound.id,
        client=new,
        old_email=old.get("email") or "",
    )


async def delete_client(call: Call) -> None:
    """:raises XuiError: there is no such client, or it is the last one of its inbound."""
    client_id = call.path["clientId"]
    inbound = call.inbound(call.number("id"))
    missing = f"Client Not Found In Inbound For ID: {client_id}"
    await _delete(call, field=credential_field(inbound.protocol), value=client_id, missing=missing)


async def delete_client_by_email(call: Call) -> None:
    """:raises XuiError: there is no such client, or it is the last one of its inbound."""
    email = call.path["email"]
    missing = f"client with email {email} not found"
    await _delete(call, field="email", value=email, missing=missing)


async def _delete(call: Call, *, field: str, value: str, missing: str) -> None:
    inbound = call.inbound(call.number("id"))
    settings = copy.deepcopy(inbound.settings)
    index = _index(settings["clients"], field=field, value=value)
    if index is None:
        raise own_error(missing)
    if len(settings["clients"]) == 1:
        raise own_error("no client remained in Inbound")
    gone = settings["clients"].pop(index)
    await call.pause()
    inbound.settings = settings
    _drop_row(call.panel.database, gone.get("email") or "")


def _drop_row(database: Database, email: str) -> None:
    if not any(database.clients_of(email)):
        database.traffic.pop(email, None)


def _index(clients: list[Json], *, field: str, value: str) -> int | None:
    return next((i for i, client in enumerate(clients) if client.get(field) == value), None)


def _check_emails(panel: Panel, clients: list[Json]) -> None:
    """Nobody on the panel may have one of the e-mails, in whatever case, nor may two of them.

    3.0.x lets an e-mail in again under the same subId.
    """
    taken = {
        client["email"].lower(): client.get("subId")
        for inbound in panel.database.inbounds.values()
        for client in inbound.clients
        if client.get("email")
    }
    for client in clients:
        email, sub_id = client.get("email") or "", client.get("subId")
        same = panel.facts.guarded and sub_id and taken.get(email.lower()) == sub_id
        if email and email.lower() in taken and not same:
            raise own_error(f"Duplicate email: {email}")
        taken[email.lower()] = sub_id


async def delete_depleted(call: Call) -> None:
    """Remove who has used up bytes or days, and an inbound where that leaves nobody."""
    wanted = call.number("id")
    for inbound in list(call.panel.database.inbounds.values()):
        if wanted in (-1, inbound.id):
            _clear(call.panel, inbound)


def _clear(panel: Panel, inbound: Inbound) -> None:
    rows = panel.database.traffic
    gone = {
        email for email, row in rows.items() if row.reset == 0 and row.is_depleted(panel.now_ms())
    }
    left = [client for client in inbound.clients if client.get("email") not in gone]
    if not left:
        remove_inbound(panel, inbound)
        return
    removed = [client for client in inbound.clients if client not in left]
    inbound.settings = {**inbound.settings, "clients": left}
    for client in removed:
        _drop_row(panel.database, client["email"])
