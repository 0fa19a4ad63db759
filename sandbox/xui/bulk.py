"""Calls on many clients at once, from 3.1.0; who cannot be served is named with the reason."""

from collections.abc import Iterator
from typing import Any

from . import counting, records
from .calls import Call
from .state import Traffic
from .wire import XuiError, own_error

Json = dict[str, Any]
_Skipped = dict[str, str]

NOT_FOUND = "client not found"
CLEAR_FLOW = "none"
FLOWS = frozenset({"", CLEAR_FLOW, "xtls-rprx-vision", "xtls-rprx-vision-udp443"})


def _emails(call: Call) -> list[str]:
    """The e-mails of the body, each once."""
    given = call.body.get("emails")
    emails = given if isinstance(given, list) else []
    return list(dict.fromkeys(e.strip() for e in emails if isinstance(e, str) and e.strip()))


def _result(name: str, count: int, skipped: _Skipped) -> Json:
    """``{name: count}``, with the skipped ones where there are any."""
    reports = [{"email": email, "reason": reason} for email, reason in skipped.items()]
    return {name: count, **({"skipped": reports} if reports else {})}


def _known(call: Call, skipped: _Skipped) -> Iterator[tuple[Json, Traffic]]:
    """Fields and row of every client that is asked for and there."""
    database = call.panel.database
    for email in _emails(call):
        if email in database.records and email in database.traffic:
            yield database.records[email].client, database.traffic[email]
        else:
            skipped[email] = NOT_FOUND


async def adjust(call: Call) -> Json:
    """Days and bytes more, or less; who has no limit is passed over, and so stays without one.

    :raises XuiError: nothing is asked for.
    """
    days, size = _number(call, "addDays"), _number(call, "addBytes")
    flow = str(call.body.get("flow") or "").strip()
    flow = flow if flow in FLOWS else ""
    if not (days or size or flow):
        raise own_error("no adjustment specified")
    adjusted, skipped = 0, _Skipped()
    for client, row in list(_known(call, skipped)):
        was_cut_off = not row.enable and row.is_depleted(call.panel.now_ms())
        moved = [_add_days(client, row, days), _add_bytes(client, row, size)]
        reasons = [reason for reason in moved if reason]
        if flow:
            client["flow"] = "" if flow == CLEAR_FLOW else flow
        if reasons:
            skipped[row.email] = reasons[0]
        adjusted += flow != "" or None in moved
        if was_cut_off and not row.is_depleted(call.panel.now_ms()):
            counting.set_enabled(call.panel, row, enable=True)
    return _result("adjusted", adjusted, skipped)


def _add_days(client: Json, row: Traffic, days: int) -> str | None:
    """Move the end; why not, or empty where no days are asked for."""
    if not days:
        return ""
    if row.expiry_time == 0:
        return "unlimited expiry"
    step = days * counting.DAY_MS
    ends = row.expiry_time + (step if row.expiry_time > 0 else -step)
    if (ends > 0) != (row.expiry_time > 0) or ends == 0:
        rest = "remaining time" if row.expiry_time > 0 else "delay window"
        return f"reduction exceeds {rest}"
    client["expiryTime"] = row.expiry_time = ends
    return None


def _add_bytes(client: Json, row: Traffic, size: int) -> str | None:
    if not size:
        return ""
    if row.total == 0:
        return "unlimited traffic"
    if row.total + size <= 0:
        return "reduction exceeds remaining quota"
    row.total += size
    client["totalGB"] = row.total
    return None


def _number(call: Call, name: str) -> int:
    """:raises XuiError: the field is no whole number."""
    try:
        return int(call.body.get(name) or 0)
    except (ValueError, TypeError):
        raise XuiError(f"json: cannot unmarshal into Go struct field {name}") from None


async def enable(call: Call) -> Json:
    return _switch(call, enable=True)


async def disable(call: Call) -> Json:
    return _switch(call, enable=False)


def _switch(call: Call, *, enable: bool) -> Json:
    changed, skipped = 0, _Skipped()
    for _, row in _known(call, skipped):
        counting.set_enabled(call.panel, row, enable=enable)
        changed += 1
    return _result("changed", changed, skipped)


async def delete(call: Call) -> Json:
    deleted, skipped = 0, _Skipped()
    for email in _emails(call):
        try:
            records.remove(call.panel, email, keep_traffic=bool(call.body.get("keepTraffic")))
        except XuiError:
            skipped[email] = NOT_FOUND
        else:
            deleted += 1
    return _result("deleted", deleted, skipped)


async def create(call: Call) -> Json:
    """A list of what ``clients/add`` takes; what is refused does not stop the rest."""
    wanted = call.items
    if not wanted or not all(isinstance(item, dict) for item in wanted):
        raise own_error("clients are required")
    created, skipped = 0, _Skipped()
    for item in wanted:
        client = item.get("client")
        email = str(client.get("email", "")) if isinstance(client, dict) else ""
        try:
            records.create(call, body=item)
        except XuiError as error:
            skipped[email] = error.text.strip()
        else:
            created += 1
    return _result("created", created, skipped)


async def reset_traffic(call: Call) -> Json:
    """The rows of ``emails`` to zero; unknown ones are passed over."""
    rows = call.panel.database.traffic
    found = [rows[email] for email in _emails(call) if email in rows]
    for row in found:
        counting.reset_row(call.panel, row)
    return {"affected": len(found)}
