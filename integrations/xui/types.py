"""What a panel holds, in the same words for every generation. Sizes in bytes, times in ms."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, NotRequired, TypedDict

Fields = dict[str, Any]
Protocol = Literal["vless", "trojan"]


class Generation(StrEnum):
    """Which calls a panel understands: 2.x, 3.0.0 to 3.0.2, or 3.1.0 and later."""

    G2 = "g2"
    G3A = "g3a"
    G3B = "g3b"


@dataclass(frozen=True, slots=True)
class Credentials:
    """How we sign in: by an API token where the panel has such (3.0.0), else by a password.

    :param totp_key: the key of the second factor in base32, as the panel shows it.
    """

    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    totp_key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A client as we want it: the fields that are ours. All others are the panel's own.

    :param email: its identity; on a panel no two clients have the same, whatever their case.
    :param secret: the UUID of a VLESS client, the password of a TROJAN one.
    :param total_bytes: what it may use up in both directions, 0 without limit.
    :param expiry_ms: its end in Unix milliseconds; 0 never; negative: so long after first use.
    :param ip_limit: addresses at a time, 0 without limit.
    """

    protocol: Protocol
    email: str
    sub_id: str
    secret: str = field(repr=False)
    enabled: bool = True
    total_bytes: int = 0
    expiry_ms: int = 0
    ip_limit: int = 0
    flow: str = ""

    def written(self) -> Fields:
        """Return our fields under the panel's names; ``totalGB`` is in bytes in spite of it."""
        key = "password" if self.protocol == "trojan" else "id"
        return {
            key: self.secret,
            "email": self.email,
            "subId": self.sub_id,
            "enable": self.enabled,
            "totalGB": self.total_bytes,
            "expiryTime": self.expiry_ms,
            "limitIp": self.ip_limit,
            "flow": self.flow,
        }

    def created(self) -> Fields:
        """Return the whole of a new client: older panels know no defaults."""
        return {"tgId": 0, "comment": "", "reset": 0, **self.written()}


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundClient:
    """A client as it stands in an inbound.

    :param fields: all of it, the panel's own fields included.
    """

    email: str
    sub_id: str
    secret: str = field(repr=False)
    enabled: bool
    total_bytes: int
    expiry_ms: int
    ip_limit: int
    flow: str
    fields: Fields = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What a client has used, and whether the panel lets it in.

    :param enabled: not to be trusted on 2.8.3 to 2.8.11, where it stays true for the depleted.
    :param last_online_ms: 0 if never seen or not told (before 2.6.8).
    """

    email: str
    up_bytes: int
    down_bytes: int
    total_bytes: int
    expiry_ms: int
    enabled: bool
    last_online_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """An entrance with its clients.

    :param settings: decoded, whether the panel sends text (to 3.0.2) or objects; so are
        ``stream_settings`` and ``sniffing``.
    :param traffic: by e-mail, as the panel writes it.
    :param fields: all of it as the panel sent it.
    """

    id: int
    protocol: str
    remark: str
    listen: str
    port: int
    tag: str
    enabled: bool
    up_bytes: int
    down_bytes: int
    settings: Fields = field(repr=False)
    stream_settings: Fields = field(repr=False)
    sniffing: Fields = field(repr=False)
    clients: tuple[FoundClient, ...] = field(repr=False)
    traffic: Mapping[str, Traffic] = field(repr=False)
    fields: Fields = field(repr=False)

    def find_client(self, email: str) -> FoundClient | None:
        """Return the client of an e-mail, whatever its case."""
        wanted = email.lower()
        return next((found for found in self.clients if found.email.lower() == wanted), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How a panel is. It may answer well while its Xray is dead.

    :param version: of the panel, empty before 3.1.0.
    """

    generation: Generation
    version: str
    xray_version: str
    xray_state: str
    uptime_seconds: int
    fields: Fields = field(repr=False)

    @property
    def is_healthy(self) -> bool:
        return self.xray_state == "running"


class Envelope(TypedDict):
    """Every answer of a panel."""

    success: bool
    msg: NotRequired[str]
    obj: NotRequired[Any]


def read_inbound(document: Fields) -> Inbound:
    """Return an inbound from the panel's words.

    :raises ValueError: it holds texts that are not JSON, or lacks its number.
    """
    settings = _decode(document.get("settings"))
    protocol = str(document.get("protocol") or "")
    listed = settings.get("clients") or []
    return Inbound(
        id=_integer(document["id"]),
        protocol=protocol,
        remark=str(document.get("remark") or ""),
        listen=str(document.get("listen") or ""),
        port=_integer(document.get("port")),
        tag=str(document.get("tag") or ""),
        enabled=bool(document.get("enable")),
        up_bytes=_integer(document.get("up")),
        down_bytes=_integer(document.get("down")),
        settings=settings,
        stream_settings=_decode(document.get("streamSettings")),
        sniffing=_decode(document.get("sniffing")),
        clients=tuple(_read_client(client, protocol=protocol) for client in listed),
        traffic=_read_traffic_rows(document.get("clientStats") or []),
        fields=document,
    )


def read_traffic(document: Fields) -> Traffic:
    """Return a row of ``clientStats``."""
    return Traffic(
        email=str(document.get("email") or ""),
        up_bytes=_integer(document.get("up")),
        down_bytes=_integer(document.get("down")),
        total_bytes=_integer(document.get("total")),
        expiry_ms=_integer(document.get("expiryTime")),
        enabled=bool(document.get("enable")),
        last_online_ms=_integer(document.get("lastOnline")),
    )


def read_status(document: Fields, *, generation: Generation) -> Status:
    """Return a panel's state from ``server/status``."""
    xray = document.get("xray") or {}
    return Status(
        generation=generation,
        version=str(document.get("panelVersion") or ""),
        xray_version=str(xray.get("version") or ""),
        xray_state=str(xray.get("state") or ""),
        uptime_seconds=_integer(document.get("uptime")),
        fields=document,
    )


def read_times(document: Fields) -> dict[str, int]:
    """Return milliseconds by e-mail."""
    return {str(email): _integer(moment) for email, moment in document.items()}


def _read_traffic_rows(rows: Iterable[Fields]) -> dict[str, Traffic]:
    return {traffic.email: traffic for traffic in map(read_traffic, rows)}


def _read_client(fields: Fields, *, protocol: str) -> FoundClient:
    key = "id" if protocol in ("vless", "vmess") else "password"
    return FoundClient(
        email=str(fields.get("email") or ""),
        sub_id=str(fields.get("subId") or ""),
        secret=str(fields.get(key) or ""),
        enabled=bool(fields.get("enable")),
        total_bytes=_integer(fields.get("totalGB")),
        expiry_ms=_integer(fields.get("expiryTime")),
        ip_limit=_integer(fields.get("limitIp")),
        flow=str(fields.get("flow") or ""),
        fields=fields,
    )


def _decode(value: object) -> Fields:
    """Return an object that was sent as one, or as its text; nothing sent is an empty one."""
    found = json.loads(value) if isinstance(value, str) and value else value or {}
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found


def _integer(value: object) -> int:
    """Return a whole number; panels keep large ones as floats and unset ones as texts."""
    if isinstance(value, int | float):
        return int(value)
    return int(value) if isinstance(value, str) and value.lstrip("-").isdecimal() else 0
