"""Whose request it is: the address that the outermost proxy of ours saw."""

from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

UNKNOWN = "0.0.0.0"  # noqa: S104 - a name for "not known", nothing listens on it


def client_address(request: HttpRequest) -> str:
    """Return the client's address, IPv4 or IPv6 in its shortest form.

    Each of ``TRUSTED_PROXIES`` appends the peer it saw to ``X-Forwarded-For``, so the client is
    that many places from the right; whatever stands further left, the client wrote himself. With
    no trusted proxy, with too few entries or rubbish among them, the peer's own address counts.
    """
    peer = _parse(request.META.get("REMOTE_ADDR", "")) or UNKNOWN
    proxies = settings.TRUSTED_PROXIES
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if not proxies or not forwarded:
        return peer
    entries = forwarded.rsplit(",", proxies)[-proxies:]
    return (_parse(entries[0]) if len(entries) == proxies else None) or peer


def address_block(address: str) -> str:
    """Return what one client can hold: the address itself, of IPv6 its /64 network."""
    if ":" not in address:
        return address
    return str(ip_network(f"{address}/64", strict=False).network_address)


def _parse(text: str) -> str | None:
    """Return an address without port and brackets, or ``None`` if it is not one."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or IPv6Address(address.packed))
    return str(address)
