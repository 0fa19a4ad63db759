"""Inbounds: shown, added, changed, removed."""

import copy
import json
from typing import Any

from . import counting
from .calls import Call, parse_clients
from .records import adopt_clients, clients_in, release_inbound
from .state import Inbound, Panel
from .wire import OBTAIN, XuiError, own_error

Json = dict[str, Any]

# Field on the wire, attribute here.
_PLAIN = {
    "remark": "remark",
    "enable": "enable",
    "listen": "listen",
    "port": "port",
    "protocol": "protocol",
    "total": "total",
    "expiryTime": "expiry_time",
    "trafficReset": "traffic_reset",
}
_NESTED = {"settings": "settings", "streamSettings": "stream_settings", "sniffing": "sniffing"}


def inbound_json(panel: Panel, inbound: Inbound) -> Json:
    """The inbound as its generation says it: nested from 3.1.0, strings of JSON before."""
    database = panel.database
    settings = inbound.settings
    if panel.facts.by_email:
        settings = {**settings, "clients": clients_in(database, inbound)}
    nested: Json = {
        "settings": settings,
        "streamSettings": inbound.stream_settings,
        "sniffing": inbound.sniffing,
    }
    if not panel.facts.by_email:
        nested = {name: json.dumps(value, indent=2) for name, value in nested.items()}
    rows = [
        counting.row_json(panel, database.traffic[email], client=client)
        for email, client in database.members(inbound).items()
        if email in database.traffic
    ]
    return {
        "id": inbound.id,
        "up": inbound.up,
        "down": inbound.down,
        **{name: getattr(inbound, attribute) for name, attribute in _PLAIN.items()},
        "lastTrafficResetTime": 0,
        "clientStats": rows or None,
        **nested,
        "tag": inbound.tag,
        **_of_generation(panel, inbound),
        **inbound.extra,
    }


def _of_generation(panel: Panel, inbound: Inbound) -> Json:
    if panel.facts.by_email:
        return {"subSortIndex": 0, "nodeId": None, "shareAddrStrategy": "", "shareAddr": ""}
    return {"allTime": inbound.all_time}


async def list_inbounds(call: Call) -> list[Json]:
    return [inbound_json(call.panel, i) for i in call.panel.database.inbounds.values()]


async def list_slim(call: Call) -> list[Json]:
    return [
        {k: v for k, v in inbound.items() if k != "clientStats"}
        | {"settings": {k: v for k, v in inbound["settings"].items() if k != "clients"}}
        for inbound in await list_inbounds(call)
    ]


async def list_options(call: Call) -> list[Json]:
    names = ("id", "remark", "protocol", "port", "tag", "enable")
    return [{name: i[name] for name in names} for i in await list_inbounds(call)]


async def get_inbound(call: Call) -> Json:
    return inbound_json(call.panel, call.inbound(call.number("id")))


async def add_inbound(call: Call) -> Json:
    return inbound_json(call.panel, create_inbound(call.panel, call.body))


def create_inbound(panel: Panel, body: Json) -> Inbound:
    """A new inbound of the panel with the clients in its settings.

    :raises XuiError: the port or an e-mail is taken, or a field cannot be read.
    """
    fields = _read(body)
    database = panel.database
    _check_port(panel, fields["port"])
    clients = parse_clients(fields["settings"])
    taken = {email.lower() for email in database.traffic}
    for client in clients:
        if (client.get("email") or "").lower() in taken:
            _check_taken(panel, client)
    inbound = Inbound(id=database.next_id("inbounds"), tag=_tag(panel, fields), **fields)
    database.inbounds[inbound.id] = inbound
    for client in clients:
        counting.keep_row(database, inbound_id=inbound.id, client=client)
    if panel.facts.by_email:
        adopt_clients(database, [inbound])
    return inbound


async def update_inbound(call: Call) -> Json:
    """Everything but counters and tag replaced by what was sent; the clients as well, on 2.x."""
    inbound = call.inbound(call.number("id"))
    fields = _read(call.body)
    if fields["port"] != inbound.port:
        _check_port(call.panel, fields["port"])
    parse_clients(fields["settings"])
    if call.panel.facts.by_email:
        fields["settings"]["clients"] = []
    for name, value in fields.items():
        setattr(inbound, name, value)
    return inbound_json(call.panel, inbound)


async def set_enable(call: Call) -> None:
    call.inbound(call.number("id")).enable = _flag(call.body.get("enable"))


async def delete_inbound(call: Call) -> int:
    inbound = call.inbound(call.number("id"))
    remove_inbound(call.panel, inbound)
    return inbound.id


async def delete_inbounds(call: Call) -> Json:
    """The inbounds of ``ids``; unknown ones are passed over."""
    given = call.body.get("ids")
    known = [i for i in given if i in call.panel.database.inbounds] if given else []
    for inbound_id in known:
        remove_inbound(call.panel, call.inbound(inbound_id))
    return {"deleted": len(known)}


def remove_inbound(panel: Panel, inbound: Inbound) -> None:
    """Remove the inbound with the rows of whoever was in it alone."""
    database = panel.database
    del database.inbounds[inbound.id]
    if panel.facts.by_email:
        release_inbound(database, inbound)
        return
    for client in inbound.clients:
        if not any(database.clients_of(client.get("email", ""))):
            database.traffic.pop(client.get("email", ""), None)


def _read(body: Json) -> Json:
    """The attributes of an inbound from JSON or a form, whose values are all text."""
    try:
        fields: Json = {
            "remark": str(body.get("remark", "")),
            "enable": _flag(body.get("enable", True)),
            "listen": str(body.get("listen", "")),
            "port": int(body["port"]),
            "protocol": str(body["protocol"]),
            "total": int(body.get("total") or 0),
            "expiry_time": int(body.get("expiryTime") or 0),
            "traffic_reset": str(body.get("trafficReset") or "never"),
        }
        for name, attribute in _NESTED.items():
            value = body.get(name) or {}
            fields[attribute] = json.loads(value) if isinstance(value, str) else value
    except (KeyError, ValueError, TypeError) as error:
        raise XuiError(f"cannot bind the inbound: {error}", prefix=OBTAIN) from None
    fields = copy.deepcopy(fields)
    fields["settings"].setdefault("clients", [])
    return fields


def _flag(value: Any) -> bool:
    return value in (True, "true", "1", "on")


def _check_port(panel: Panel, port: int) -> None:
    if any(inbound.port == port for inbound in panel.database.inbounds.values()):
        raise own_error(f"Port already exists: {port}")


def _check_taken(panel: Panel, client: Json) -> None:
    """A taken e-mail may come to a further inbound from 3.0 on, under the same subId."""
    email = client["email"]
    _, sub_id = counting.identity_of(panel.database, email)
    if not (panel.facts.guarded and sub_id and client.get("subId") == sub_id):
        raise own_error(f"Duplicate email: {email}")


def _tag(panel: Panel, fields: Json) -> str:
    if panel.facts.by_email:
        return f"in-{fields['port']}-{fields['stream_settings'].get('network', 'tcp')}"
    listen = fields["listen"]
    return f"inbound-{listen}:{fields['port']}" if listen else f"inbound-{fields['port']}"
