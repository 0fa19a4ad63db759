"""What a panel shall hold of a config, and in what it differs from what it holds."""

from datetime import datetime
from typing import Any, cast

from integrations.xui.types import Client, FoundClient, Protocol, Traffic
from vpnconfigs.models import Config, Inbound
from vpnconfigs.selectors.inbounds import flow_for

# As long as our client writes something else under the panel's name.
FIELDS = ("secret", "sub_id", "enabled", "total_bytes", "expiry_ms", "ip_limit", "flow")
HINT_TAIL = 4


def wanted_client(
    config: Config, inbound: Inbound, *, traffic: Traffic | None, now: datetime
) -> Client:
    """Return the client as it shall stand in an inbound.

    :param traffic: the panel's counters as they are when this is written; ``None``: they begin.
    """
    is_in_time = config.valid_to is None or config.valid_to > now
    return Client(
        protocol=cast("Protocol", config.protocol),
        email=config.email,
        sub_id=config.sub_id,
        secret=config.secret,
        enabled=config.state in Config.LIVE and is_in_time,
        total_bytes=_total_bytes(config, traffic),
        expiry_ms=round(config.valid_to.timestamp() * 1000) if config.valid_to else 0,
        ip_limit=config.ip_limit,
        flow=wanted_flow(config, inbound),
    )


def wanted_flow(config: Config, inbound: Inbound) -> str:
    """Return the usual flow of an inbound; who was on the panel before us keeps his own.

    The app of such a customer has been told of it once, and does not read our links.
    """
    return config.flow if config.is_adopted else flow_for(inbound, protocol=config.protocol)


def difference(
    client: Client, found: FoundClient, *, traffic: Traffic | None
) -> dict[str, tuple[Any, Any]]:
    """Return ``(wanted, found)`` of the fields of ours that differ, secrets as they are."""
    differing = {
        name: (getattr(client, name), getattr(found, name))
        for name in FIELDS
        if getattr(client, name) != getattr(found, name)
    }
    if not client.sub_id:
        # The panel has made one up.
        differing.pop("sub_id", None)
    if client.enabled and traffic is not None and not traffic.enabled:
        # Up to 2.9.3 who was cut off is so in the counters' row alone.
        differing["enabled"] = (True, False)
    return differing


def shown(differing: dict[str, tuple[Any, Any]]) -> dict[str, list[Any]]:
    """Return the differences as they may be kept and shown: of a secret no more than its end."""
    return {
        name: [_hint(value) for value in pair] if name == "secret" else list(pair)
        for name, pair in differing.items()
    }


def _total_bytes(config: Config, traffic: Traffic | None) -> int:
    """The panel compares with its own counters, which may have begun again since ours.

    0 would be without limit, so nothing left is one byte.
    """
    if not config.traffic_limit_bytes:
        return 0
    counted = traffic.up_bytes + traffic.down_bytes if traffic is not None else 0
    return max(1, config.traffic_limit_bytes - config.used_bytes + counted)


def _hint(secret: str) -> str:
    return f"…{secret[-HINT_TAIL:]}" if len(secret) > 2 * HINT_TAIL else "…"
