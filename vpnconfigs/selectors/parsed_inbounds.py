"""Inbounds as links need them, kept by each process until they are mirrored anew."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from vpnconfigs.links import share
from vpnconfigs.models import Inbound

MOST_KEPT = 4096
_FIELDS = ("protocol", "listen", "port", "settings", "stream", "share_address", "mirrored_at")


@dataclass(frozen=True, slots=True)
class ParsedInbound:
    """``digest`` changes with whatever changes the links, and is the same in all processes."""

    inbound: share.Inbound
    digest: str


# By the row's id: when the row was mirrored, and what became of it.
_kept: dict[int, tuple[datetime, ParsedInbound]] = {}


def parse_inbound(row: Inbound) -> ParsedInbound:
    """Return a row as links need it."""
    kept = _kept.get(row.pk)
    if kept is not None and kept[0] == row.mirrored_at:
        return kept[1]
    made = share.Inbound(
        protocol=row.protocol,
        port=row.port,
        settings=row.settings,
        stream=row.stream,
        listen=row.listen,
        address=row.share_address,
    )
    facts = [made.protocol, made.port, made.settings, made.stream, made.listen, made.address]
    text = json.dumps(facts, sort_keys=True, default=str)
    parsed = ParsedInbound(made, hashlib.blake2b(text.encode(), digest_size=12).hexdigest())
    _keep(row, parsed)
    return parsed


def find_parsed(wanted: Mapping[int, datetime]) -> dict[int, ParsedInbound]:
    """Return inbounds by id; those that are not kept are read in one query.

    :param wanted: when each was mirrored, by id.
    """
    found, missing = {}, []
    for inbound_id, mirrored_at in wanted.items():
        kept = _kept.get(inbound_id)
        if kept is not None and kept[0] == mirrored_at:
            found[inbound_id] = kept[1]
        else:
            missing.append(inbound_id)
    return found | _read(missing) if missing else found


def _read(inbound_ids: Iterable[int]) -> dict[int, ParsedInbound]:
    rows = Inbound.objects.filter(pk__in=inbound_ids).only(*_FIELDS)
    return {row.pk: parse_inbound(row) for row in rows}


def _keep(row: Inbound, parsed: ParsedInbound) -> None:
    if len(_kept) >= MOST_KEPT:
        for inbound_id in list(islice(_kept, MOST_KEPT // 2)):
            _kept.pop(inbound_id, None)
    _kept[row.pk] = (row.mirrored_at, parsed)
