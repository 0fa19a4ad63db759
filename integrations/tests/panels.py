"""A 3X-UI panel of the sandbox, and our client of it."""

import uuid

from config.lib.redis import get_redis
from integrations.xui.client import XuiClient
from integrations.xui.types import Client, Credentials

GENERATIONS = ("g2", "g3a", "g3b")
WRITES = ("addClient", "updateClient", "deleteClient", "resetTraffic")
VLESS, TROJAN = "vless", "trojan"


class Panel:
    """``play`` does what happens to the panel, ``client`` is how we speak with it."""

    def __init__(self, sandbox, generation: str, *, by_token: bool = False) -> None:
        self.sandbox = sandbox
        self.name = f"main-{uuid.uuid4().hex[:8]}"
        made = sandbox.control("xui/panels", {"name": self.name, "generation": generation})
        self.url = made["url"]
        self.credentials = Credentials(made["username"], made["password"])
        if by_token:
            self.credentials = Credentials(token=made["token"])
        self.client = self.connect()
        # The first of each protocol; an anchor that is not ours is in each.
        self.inbounds = {inbound["protocol"]: inbound["id"] for inbound in self.show()["inbounds"]}
        get_redis().flushdb()

    def connect(self, credentials: Credentials | None = None) -> XuiClient:
        """Return a client such as another process would have."""
        return XuiClient(self.url, credentials or self.credentials)

    def play(self, what: str, **how):
        return self.sandbox.control(f"xui/panels/{self.name}/{what}", how)

    def show(self) -> dict:
        return self.sandbox.control(f"xui/panels/{self.name}")

    def stored(self, email: str) -> list[dict]:
        """Return what the panel holds of an e-mail, once for each inbound it is in."""
        return [client for client in self.show()["clients"] if client["email"] == email]

    def calls(self, operation: str) -> list[dict]:
        return [c for c in self.sandbox.calls(f"xui.{operation}") if c["account"] == self.name]


def new_client(protocol: str = VLESS, **fields) -> Client:
    """Return a client of ours that is on no panel yet."""
    known = uuid.uuid4().hex
    made = {
        "protocol": protocol,
        "email": f"d{known[:12]}",
        "sub_id": known[12:28],
        "secret": str(uuid.uuid4()) if protocol == VLESS else known,
        "total_bytes": 50 * 2**30,
        "expiry_ms": 1_900_000_000_000,
        "ip_limit": 2,
    }
    return Client(**made | fields)
