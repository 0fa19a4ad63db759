"""Who a client is on a panel. Made and stored before any panel hears of it."""

import secrets
import uuid

from vpnconfigs.models import Config


def new_email() -> str:
    """Return a name that nobody else has on any panel; the first letter tells ours apart."""
    return f"d{secrets.token_hex(8)}"


def new_sub_id() -> str:
    return secrets.token_hex(8)


def new_secret(protocol: str) -> str:
    """Return a UUID for VLESS, a password for TROJAN that fits into the path of an address."""
    return str(uuid.uuid4()) if protocol == Config.Protocol.VLESS else secrets.token_urlsafe(24)
