"""Calls on traffic, presence and addresses."""

import time
from typing import Any

from . import counting
from .calls import Call
from .state import Inbound, Traffic
from .wire import invalid_body, not_found, own_error

Json = dict[str, Any]


def _row(call: Call) -> Traffic:
    row = call.panel.database.traffic.get(call.path["email"])
    if row is None:
        raise not_found()
    return row


async def get_traffic(call: Call) -> Json | None:
    """The row of an e-mail; an unknown one is an error to 3.0.2 and nothing from 3.1.0.

    :raises XuiError: to 3.0.2, the e-mail is unknown.
    """
    row = call.panel.database.traffic.get(call.path["email"])
    if row is not None:
        return counting.row_json(call.panel, row)
    if call.panel.facts.by_email:
        return None
    raise own_error(f"Inbound Not Found For Email: {call.path['email']}")


async def get_traffic_by_id(call: Call) -> list[Json]:
    """Rows by the client's ``id``: clients that have only a password are never found."""
    wanted = call.path["uuid"]
    emails = [
        client.get("email")
        for inbound in call.panel.database.inbounds.values()
        for client in inbound.clients
        if client.get("id") == wanted
    ]
    rows = [row for email, row in call.panel.database.traffic.items() if email in emails]
    return [counting.row_json(call.panel, row) for row in rows]


async def set_traffic(call: Call) -> None:
    """:raises XuiError: the e-mail is unknown, or the figures are none."""
    row = _row(call)
    try:
        up, down = int(call.body["upload"]), int(call.body["download"])
    except (KeyError, ValueError, TypeError):
        raise invalid_body("upload", "upload and download are required") from None
    row.up, row.down = up, down


async def reset_traffic(call: Call) -> None:
    """:raises XuiError: the e-mail is unknown."""
    counting.reset_row(call.panel, _row(call))


async def reset_clients_of(call: Call) -> None:
    """All clients of an inbound, or with -1 of all inbounds."""
    wanted = call.number("id")
    inbounds = call.panel.database.inbounds.values()
    for inbound in [i for i in inbounds if wanted in (-1, i.id)]:
        for row in _rows_in(call, inbound):
            counting.reset_row(call.panel, row)


async def reset_clients(call: Call) -> None:
    for row in call.panel.database.traffic.values():
        counting.reset_row(call.panel, row)


async def reset_inbounds(call: Call) -> None:
    """The inbounds' own counters; those of clients stay."""
    for inbound in call.panel.database.inbounds.values():
        inbound.up = inbound.down = 0


async def reset_inbound(call: Call) -> None:
    inbound = call.inbound(call.number("id"))
    inbound.up = inbound.down = 0


def _rows_in(call: Call, inbound: Inbound) -> list[Traffic]:
    database = call.panel.database
    members = database.members(inbound)
    return [row for email, row in database.traffic.items() if email in members]


async def list_online(call: Call) -> list[str] | None:
    """Who has moved bytes in the last tick; ``null`` where nobody has."""
    return list(call.panel.online) or None


async def list_last_online(call: Call) -> dict[str, int]:
    rows = call.panel.database.traffic
    return {email: row.last_online for email, row in rows.items() if row.last_online}


async def list_ips(call: Call) -> str:
    return "No IP Record"


async def clear_ips(call: Call) -> None:
    return None


async def get_status(call: Call) -> Json:
    """The machine and its Xray, which may stand while the panel answers."""
    panel = call.panel
    state = "running" if panel.xray_running else "stop"
    full = {"current": 400_000_000, "total": 2_000_000_000}
    status: Json = {
        "cpu": 3.5,
        "cpuCores": 1,
        "logicalPro": 2,
        "cpuSpeedMhz": 2400,
        "mem": full,
        "swap": {"current": 0, "total": 0},
        "disk": {"current": 4_000_000_000, "total": 20_000_000_000},
        "xray": {"state": state, "errorMsg": "", "version": panel.facts.xray_version},
        "uptime": 86_400,
        "loads": [0.1, 0.1, 0.1],
        "tcpCount": 40,
        "udpCount": 4,
        "netIO": {"up": 0, "down": 0},
        "netTraffic": {"sent": 0, "recv": 0},
        "publicIP": {"ipv4": "127.0.0.1", "ipv6": "N/A"},
        "appStats": {"threads": 20, "mem": 60_000_000, "uptime": _uptime(call)},
    }
    if panel.facts.by_email:
        status |= {"panelVersion": panel.facts.version, "panelGuid": panel.guid}
    return status


def _uptime(call: Call) -> int:
    return int(time.time() - call.panel.started_at)


async def get_update_info(call: Call) -> Json:
    version = call.panel.facts.version
    return {"currentVersion": version, "latestVersion": version, "updateAvailable": False}
