"""Where a panel may stand, and how its address is written."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.parse import quote, urlsplit

from django.conf import settings

from config.lib.http_guard import Address, is_public
from integrations.xui.errors import AddressError

DEFAULT_PORTS = {"http": 80, "https": 443}
_UNSAFE_IN_PATH = frozenset("/\\%?#")


def clean_url(url: str) -> str:
    """Return a panel's address as calls need it: scheme, host, port and base path, no more.

    :raises AddressError: it is not the ``http(s)`` address of a host, or it holds a name and
        password, a query or a fragment.
    """
    try:
        parts = urlsplit(url.strip())
        port, host = parts.port, parts.hostname
    except ValueError:
        raise AddressError from None
    if parts.scheme not in DEFAULT_PORTS or not host or port == 0:
        raise AddressError
    if parts.username is not None or parts.query or parts.fragment:
        raise AddressError
    path = "/".join(filter(None, parts.path.split("/")))
    if any(mark in path for mark in "\\ \t\n") or ".." in path.split("/"):
        raise AddressError
    place = f"[{host}]" if ":" in host else host
    netloc = place if port in (None, DEFAULT_PORTS[parts.scheme]) else f"{place}:{port}"
    return f"{parts.scheme}://{netloc}/{path}".rstrip("/")


def may_connect(host: str, port: int, address: Address) -> bool:
    """Say whether a panel may stand at an address, by ``XUI_ALLOWED_HOSTS``."""
    entries = settings.XUI_ALLOWED_HOSTS
    if not entries:
        return is_public(address)
    return any(_fits(entry.strip().lower(), host.lower(), port, address) for entry in entries)


def path_segment(text: str) -> str:
    """Return a text as one part of a path.

    :raises ValueError: it cannot be one: the panel's router takes some marks for ends of a part
        even where they are escaped.
    """
    is_plain = text.isprintable() and not _UNSAFE_IN_PATH.intersection(text)
    if not is_plain or text in ("", ".", ".."):
        raise ValueError("not a part of a path")
    return quote(text, safe="")


def _fits(entry: str, host: str, port: int, address: Address) -> bool:
    network = _network(entry)
    if network is not None:
        return address in network
    try:
        parts = urlsplit(f"//{entry}")
        wanted = parts.port
    except ValueError:
        return False
    if wanted is not None and wanted != port:
        return False
    network = _network(parts.hostname or "")
    return address in network if network is not None else parts.hostname == host


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text)
    except ValueError:
        return None
