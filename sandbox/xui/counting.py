"""Bytes and days: the job that counts, disables and renews, and the rows it keeps."""

from typing import Any

from .state import Database, Panel, Traffic

Json = dict[str, Any]

DAY_MS = 86_400_000


def limits_of(client: Json) -> Json:
    """What a client's row copies from its fields; what is left out is zero."""
    return {
        "enable": bool(client.get("enable", False)),
        "total": client.get("totalGB") or 0,
        "expiry_time": client.get("expiryTime") or 0,
        "reset": client.get("reset") or 0,
    }


def keep_row(database: Database, *, inbound_id: int, client: Json, old_email: str = "") -> None:
    """Give the client's e-mail a row with its limits, the counters of ``old_email`` kept."""
    email = client.get("email") or ""
    row = database.traffic.pop(old_email, None) if old_email else None
    row = row or database.traffic.get(email)
    if not email:
        return
    if row is None:
        row = Traffic(id=database.next_id("traffic"), inbound_id=inbound_id, email=email)
    row.email = email
    for name, value in limits_of(client).items():
        setattr(row, name, value)
    database.traffic[email] = row


def run_due_tick(panel: Panel) -> None:
    """Run the job where its time has come by the panel's clock."""
    if panel.now() - panel.ticked_at >= panel.facts.tick_seconds:
        tick(panel)


def tick(panel: Panel) -> None:
    """Count what Xray has counted, renew, disable; nothing happens while Xray stands."""
    panel.ticked_at = panel.now()
    if not panel.lets_bytes_through:
        panel.online = []
        return
    waiting, panel.bytes_waiting = panel.bytes_waiting, {}
    panel.online = [email for email, (up, down) in waiting.items() if up + down]
    for email in panel.online:
        row = panel.database.traffic.get(email)
        if row is not None:
            _count(panel, row, *waiting[email])
    for row in panel.database.traffic.values():
        _renew(panel, row)
        if row.enable and row.is_depleted(panel.now_ms()):
            set_enabled(panel, row, enable=False)


def _count(panel: Panel, row: Traffic, up: int, down: int) -> None:
    row.up, row.down = row.up + up, row.down + down
    row.all_time += up + down
    row.last_online = panel.now_ms()
    inbound = panel.database.inbounds.get(row.inbound_id)
    if inbound is not None:
        inbound.up, inbound.down = inbound.up + up, inbound.down + down
        inbound.all_time += up + down
    # A negative expiry is a duration that begins with the first byte.
    if row.expiry_time < 0:
        _set_expiry(panel, row, panel.now_ms() - row.expiry_time)


def _renew(panel: Panel, row: Traffic) -> None:
    now_ms = panel.now_ms()
    if row.reset <= 0 or not 0 < row.expiry_time <= now_ms:
        return
    step = row.reset * DAY_MS
    _set_expiry(panel, row, row.expiry_time + ((now_ms - row.expiry_time) // step + 1) * step)
    row.up = row.down = 0
    set_enabled(panel, row, enable=True)


def _set_expiry(panel: Panel, row: Traffic, expiry_ms: int) -> None:
    row.expiry_time = expiry_ms
    for _, client in panel.database.clients_of(row.email):
        client["expiryTime"] = expiry_ms


def set_enabled(panel: Panel, row: Traffic, *, enable: bool) -> None:
    """Switch the client on or off in its row and, as from 2.9.4, in its fields."""
    row.enable = enable
    for _, client in panel.database.clients_of(row.email):
        client["enable"] = enable


def reset_row(panel: Panel, row: Traffic) -> None:
    """Counters to zero; the row is enabled again, the client's fields from 3.1.0 only."""
    row.up = row.down = 0
    row.enable = True
    if panel.facts.by_email:
        set_enabled(panel, row, enable=True)


def identity_of(database: Database, email: str) -> tuple[str, str]:
    """``(uuid, subId)`` of the client of this e-mail, each empty where it has none."""
    for _, client in database.clients_of(email):
        return client.get("id") or "", client.get("subId") or ""
    return "", ""


def row_json(panel: Panel, row: Traffic, *, client: Json | None = None) -> Json:
    """The row on the wire; ``client`` spares the search for whose it is."""
    if client is None:
        uuid, sub_id = identity_of(panel.database, row.email)
    else:
        uuid, sub_id = client.get("id") or "", client.get("subId") or ""
    shown: Json = {
        "id": row.id,
        "inboundId": row.inbound_id,
        "enable": row.enable,
        "email": row.email,
        "uuid": uuid,
        "subId": sub_id,
        "up": row.up,
        "down": row.down,
        "expiryTime": row.expiry_time,
        "total": row.total,
        "reset": row.reset,
        "lastOnline": row.last_online,
    }
    return shown if panel.facts.by_email else {**shown, "allTime": row.all_time}
