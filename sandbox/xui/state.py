"""What panels remember, and in what their generations differ."""

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

TOKEN_CHARS = 48


@dataclass(frozen=True, kw_only=True)
class Generation:
    """``version`` is what the panel says of itself; ``tick_seconds`` the pace of enforcement.

    ``guarded``: CSRF, the limiter of sign-ins and Bearer tokens (3.0.0). ``by_email``: clients
    are records of their own, keyed by e-mail, and JSON is nested (3.1.0).
    """

    version: str
    xray_version: str
    tick_seconds: int
    guarded: bool
    by_email: bool


GENERATIONS = {
    "g2": Generation(
        version="2.9.4", xray_version="26.3.10", tick_seconds=10, guarded=False, by_email=False
    ),
    "g3a": Generation(
        version="3.0.2", xray_version="26.4.13", tick_seconds=5, guarded=True, by_email=False
    ),
    "g3b": Generation(
        version="3.6.0", xray_version="26.6.1", tick_seconds=5, guarded=True, by_email=True
    ),
}


@dataclass(kw_only=True)
class Inbound:
    """An inbound; ``settings["clients"]`` is empty where clients are records."""

    id: int
    remark: str
    port: int
    protocol: str
    settings: Json
    stream_settings: Json
    sniffing: Json
    tag: str
    listen: str = ""
    enable: bool = True
    up: int = 0
    down: int = 0
    total: int = 0
    all_time: int = 0
    expiry_time: int = 0
    traffic_reset: str = "never"
    extra: Json = field(default_factory=dict)

    @property
    def clients(self) -> list[Json]:
        found = self.settings.get("clients")
        return found if isinstance(found, list) else []


@dataclass(kw_only=True)
class Traffic:
    """The counters of an e-mail (bytes) and the limits that are enforced (bytes, epoch ms)."""

    id: int
    inbound_id: int
    email: str
    enable: bool = True
    up: int = 0
    down: int = 0
    all_time: int = 0
    expiry_time: int = 0
    total: int = 0
    reset: int = 0
    last_online: int = 0

    def is_depleted(self, now_ms: int) -> bool:
        """Whether bytes or days are used up."""
        spent = 0 < self.total <= self.up + self.down
        return spent or 0 < self.expiry_time <= now_ms


@dataclass(kw_only=True)
class Record:
    """A client of 3.1.0 and later: one e-mail, one set of fields, many inbounds."""

    id: int
    client: Json
    inbound_ids: list[int] = field(default_factory=list)


@dataclass(kw_only=True)
class Database:
    """What a panel keeps in its file, and so what a backup holds."""

    last_ids: dict[str, int] = field(default_factory=dict)
    inbounds: dict[int, Inbound] = field(default_factory=dict)
    traffic: dict[str, Traffic] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)

    def next_id(self, table: str) -> int:
        """The next number in ``table``: a number once used is not used again."""
        self.last_ids[table] = self.last_ids.get(table, 0) + 1
        return self.last_ids[table]

    def members(self, inbound: Inbound) -> dict[str, Json]:
        """The fields of the inbound's clients by e-mail."""
        records = self.records.items()
        found = {email: r.client for email, r in records if inbound.id in r.inbound_ids}
        return found | {str(client.get("email", "")): client for client in inbound.clients}

    def clients_of(self, email: str) -> Iterator[tuple[Inbound | None, Json]]:
        """Every place where the client of ``email`` is written, to be changed there."""
        if email in self.records:
            yield None, self.records[email].client
        for inbound in self.inbounds.values():
            for client in inbound.clients:
                if client.get("email") == email:
                    yield inbound, client


def _new_token() -> str:
    return secrets.token_hex(TOKEN_CHARS // 2)


@dataclass(kw_only=True)
class ApiToken:
    """A Bearer token as the table of 3.1.0 and later keeps it: its SHA-256 only."""

    id: int
    name: str
    digest: str
    created_at: int
    enabled: bool = True


@dataclass(kw_only=True)
class Panel:
    """One panel; ``username`` and ``password`` open it, ``epoch`` rises when they change.

    ``token`` is the one that every guarded panel is made with; ``tokens`` is the table, ``None``
    until somebody looks into it. ``powered`` is the machine's switch.

    ``bytes_waiting`` is what Xray has counted and the panel not yet asked for: ``[up, down]`` by
    e-mail. The clock is ``clock_ahead`` seconds ahead, or stands at ``frozen_at``.
    ``refuses_until`` is by the machine's clock.
    """

    name: str
    generation: str
    username: str
    password: str
    token: str = field(default_factory=_new_token)
    secret: str = field(default_factory=_new_token)
    guid: str = field(default_factory=_new_token)
    tokens: dict[int, ApiToken] | None = None
    powered: bool = True
    two_factor_secret: str | None = None
    epoch: int = 0
    database: Database = field(default_factory=Database)
    backup: Json = field(default_factory=dict)
    xray_running: bool = True
    bytes_waiting: dict[str, list[int]] = field(default_factory=dict)
    online: list[str] = field(default_factory=list)
    clock_ahead: float = 0.0
    frozen_at: float | None = None
    ticked_at: float = field(default_factory=time.time)
    started_at: float = field(default_factory=time.time)
    refuses_until: float = 0.0
    failures: dict[str, list[float]] = field(default_factory=dict)
    blocked_until: dict[str, float] = field(default_factory=dict)

    @property
    def facts(self) -> Generation:
        return GENERATIONS[self.generation]

    @property
    def lets_bytes_through(self) -> bool:
        return self.powered and self.xray_running

    @property
    def is_reachable(self) -> bool:
        return self.powered and self.refuses_until <= time.time()

    def now(self) -> float:
        """Seconds since the epoch by the panel's own clock."""
        now = time.time() if self.frozen_at is None else self.frozen_at
        return now + self.clock_ahead

    def now_ms(self) -> int:
        return int(self.now() * 1000)


@dataclass(kw_only=True)
class XuiState:
    panels: dict[str, Panel] = field(default_factory=dict)
