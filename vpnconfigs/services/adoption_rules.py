"""What becomes of a client that was on a panel before us: a config, or nothing, and why."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from integrations.xui.types import FoundClient, Traffic
from integrations.xui.types import Inbound as FoundInbound
from vpnconfigs.models import Config
from vpnconfigs.selectors.states import shown_state
from vpnconfigs.services.first_use import MOST_MS, end_of

State = Config.State

# What the columns hold, and what a moment of time can be.
_LENGTHS = {"email": 128, "secret": 128, "sub_id": 64, "flow": 32}
_MOST_BYTES = 2**62
_MOST_ADDRESSES = 2**15 - 1
NAME_LENGTH = 64


class Skip(StrEnum):
    """Why a client is left alone. The value is stable."""

    OURS = "ours"
    PROTOCOL = "protocol"
    NO_EMAIL = "no_email"
    NO_SECRET = "no_secret"  # noqa: S105
    UNFIT = "unfit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A client and what it would become: ``skip`` says why nothing, ``config`` is not stored."""

    inbound_number: int
    protocol: str
    email: str
    config: Config | None = None
    skip: Skip | None = None


def candidates_in(
    found: FoundInbound,
    *,
    traffic: Mapping[str, Traffic],
    ours: Container[str],
    now: datetime,
) -> Iterator[Candidate]:
    """Return what each client of an inbound would become.

    :param traffic: the panel's counters, by e-mail in lower case: 3.1 has one row for a client of
        several inbounds, and shows it at one of them.
    :param ours: the e-mails of our configs there, in lower case.
    """
    for client in found.clients:
        skip = _why_not(found, client, ours=ours)
        counted = traffic.get(client.email.lower())
        made = None if skip else _config(found.protocol, client, traffic=counted, now=now)
        yield Candidate(
            inbound_number=found.id,
            protocol=found.protocol,
            email=client.email,
            config=made,
            skip=skip,
        )


def _why_not(found: FoundInbound, client: FoundClient, *, ours: Container[str]) -> Skip | None:
    if found.protocol not in Config.Protocol.values:
        return Skip.PROTOCOL
    if not client.email:
        return Skip.NO_EMAIL
    if client.email.lower() in ours:
        return Skip.OURS
    if not client.secret:
        return Skip.NO_SECRET
    return None if _fits(client) else Skip.UNFIT


def _fits(client: FoundClient) -> bool:
    """Tell whether all of it can be kept as it is: half of it kept would be written back."""
    texts = {name: getattr(client, name) for name in _LENGTHS}
    return (
        all(len(text) <= _LENGTHS[name] and "\0" not in text for name, text in texts.items())
        and 0 <= client.total_bytes < _MOST_BYTES
        and -MOST_MS < client.expiry_ms < MOST_MS
        and 0 <= client.ip_limit <= _MOST_ADDRESSES
    )


def _config(
    protocol: str, client: FoundClient, *, traffic: Traffic | None, now: datetime
) -> Config:
    up = _count(traffic.up_bytes) if traffic is not None else 0
    down = _count(traffic.down_bytes) if traffic is not None else 0
    config = Config(
        name=client.email[:NAME_LENGTH],
        protocol=protocol,
        is_adopted=True,
        email=client.email,
        secret=client.secret,
        sub_id=client.sub_id,
        flow=client.flow,
        valid_to=end_of(client.expiry_ms),
        first_use_ms=max(0, -client.expiry_ms),
        traffic_limit_bytes=client.total_bytes,
        ip_limit=client.ip_limit,
        used_up_bytes=up,
        used_down_bytes=down,
        panel_up_bytes=up,
        panel_down_bytes=down,
        state=State.ACTIVE,
        revision=1,
        synced_revision=1,
        synced_at=now,
        usage_read_at=now,
    )
    config.state = shown_state(config, now)
    if config.state in Config.LIVE and not client.enabled:
        config.state = State.SUSPENDED
    return config


def _count(number: int) -> int:
    return min(max(number, 0), _MOST_BYTES)
