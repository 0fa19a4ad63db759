"""What we keep of a panel's inbounds: what links are made of, and nothing that opens anything."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone

from integrations.xui.types import Inbound as FoundInbound
from vpnconfigs.links.share import LinkError, public_key_of
from vpnconfigs.models import Inbound

# Private halves of keys, seeds and certificates (which may hold a key inline).
PRIVATE = frozenset(
    {"privateKey", "mldsa65Seed", "certificates", "echServerKeys", "masterKeyLog", "clients"}
)
# Of the settings a link needs no more; ``decryption`` beside it is the private half.
SETTINGS = ("encryption",)
MIRRORED = (
    "protocol",
    "network",
    "security",
    "listen",
    "port",
    "remark",
    "tag",
    "settings",
    "stream",
    "share_address",
    "is_enabled",
    "is_gone",
    "mirrored_at",
)
_MOST_NUMBER = 2**31 - 1


def mirror_inbounds(panel_id: uuid.UUID, found: Sequence[FoundInbound]) -> dict[int, Inbound]:
    """Bring our picture of a panel's inbounds up to date, and return it by the panel's numbers.

    What staff have set of them stays. Those that are gone are marked and kept, and returned too.
    """
    rows = [_row(panel_id, each) for each in found if 0 < each.id <= _MOST_NUMBER]
    Inbound.objects.bulk_create(
        sorted(rows, key=lambda row: row.external_id),
        update_conflicts=True,
        unique_fields=["panel", "external_id"],
        update_fields=MIRRORED,
    )
    known = Inbound.objects.filter(panel_id=panel_id)
    numbers = [row.external_id for row in rows]
    known.filter(is_gone=False).exclude(external_id__in=numbers).update(is_gone=True)
    return {row.external_id: row for row in known}


def _row(panel_id: uuid.UUID, found: FoundInbound) -> Inbound:
    stream = found.stream_settings
    is_custom = found.fields.get("shareAddrStrategy") == "custom"
    return Inbound(
        panel_id=panel_id,
        external_id=found.id,
        protocol=_text(found.protocol, 16).lower(),
        network=_text(stream.get("network") or "tcp", 16),
        security=_text(stream.get("security") or "none", 16),
        listen=_text(found.listen, 255),
        port=min(max(found.port, 0), _MOST_NUMBER),
        remark=_text(found.remark, 200),
        tag=_text(found.tag, 200),
        settings=_public({name: found.settings.get(name) for name in SETTINGS}),
        stream=_public(_with_public_key(stream)),
        share_address=_text(found.fields.get("shareAddr"), 253) if is_custom else "",
        is_enabled=found.enabled,
        is_gone=False,
        mirrored_at=timezone.now(),
    )


def _with_public_key(stream: Mapping[str, Any]) -> dict[str, Any]:
    """The stream settings with REALITY's public key, which is made of the private one for links."""
    reality = stream.get("realitySettings")
    if not isinstance(reality, dict):
        return dict(stream)
    ours = reality.get("settings")
    ours = dict(ours) if isinstance(ours, dict) else {}
    if not ours.get("publicKey"):
        try:
            ours["publicKey"] = public_key_of(str(reality.get("privateKey") or ""))
        except LinkError:
            ours["publicKey"] = ""
    return {**stream, "realitySettings": {**reality, "settings": ours}}


def _public(value: Any) -> Any:
    """The same without what is private, and without the one mark that PostgreSQL does not keep."""
    if isinstance(value, dict):
        kept = {name: inner for name, inner in value.items() if name not in PRIVATE}
        return {_clean(str(name)): _public(inner) for name, inner in kept.items()}
    if isinstance(value, list):
        return [_public(inner) for inner in value]
    return _clean(value) if isinstance(value, str) else value


def _text(value: object, most: int) -> str:
    return _clean(str(value or ""))[:most]


def _clean(text: str) -> str:
    return text.replace("\0", "")
