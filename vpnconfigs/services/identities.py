"""Who a client is on a panel. Made and stored before any panel hears of it."""

import secrets
import uuid

from vpnconfigs.models import Config, Inbound

VISION = "xtls-rprx-vision"


def new_email() -> str:
    """Return a name that nobody else has on any panel; the first letter tells ours apart."""
    return f"d{secrets.token_hex(8)}"


def new_sub_id() -> str:
    return secrets.token_hex(8)


def new_secret(protocol: str) -> str:
    """Return a UUID for VLESS, a password for TROJAN that fits into the path of an address."""
    return str(uuid.uuid4()) if protocol == Config.Protocol.VLESS else secrets.token_urlsafe(24)


def flow_on(inbound: Inbound) -> str:
    """Return the flow that a client of an inbound has: only plain TCP under TLS knows one."""
    is_plain = inbound.network in ("tcp", "raw") and inbound.security in ("tls", "reality")
    return VISION if inbound.protocol == Config.Protocol.VLESS and is_plain else ""
