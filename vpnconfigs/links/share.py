"""Share links for VLESS and TROJAN, as XTLS/Xray-core issue 91 proposes and 3X-UI writes them.

A link is a value first and a string last, so that bodies for other clients are made of the value.
"""

import base64
import hashlib
import ipaddress
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeGuard
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from vpnconfigs.links.transports import transport_params

PROTOCOLS = ("vless", "trojan")
UNRESERVED = re.compile(r"[A-Za-z0-9_.~-]*")
# A server's title differs by the days that are left, and is the same for all of its customers.
TITLES_KEPT = 4096
HOSTS_KEPT = 1024
# A name in any alphabet, or an IPv4 address.
HOST_NAME = re.compile(r"[\w.-]+")
# Xray refuses to start with REALITY over anything else.
REALITY_NETWORKS = ("tcp", "grpc", "xhttp")
NETWORKS = ("tcp", "ws", "grpc", "xhttp", "httpupgrade")
NETWORK_ALIASES = {"raw": "tcp", "splithttp": "xhttp"}
TLS_ONLY = ("sni", "fp", "alpn", "ech", "pcs", "vcn")
REALITY_ONLY = ("pbk", "sid", "spx", "pqv")

Tree = Mapping[str, Any]


class LinkError(ValueError):
    """No share link can be made or read; the text says why, in English, without the secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """What a link needs of a mirrored inbound. ``listen`` may be empty, ``address`` too."""

    protocol: str
    port: int
    settings: Tree
    stream: Tree
    listen: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Whom a link lets in: ``uuid`` for VLESS, ``password`` for TROJAN.

    ``seed`` (the subId) settles what the panel leaves open: name, short id and spider path.
    """

    uuid: str = ""
    password: str = ""
    flow: str = ""
    seed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareLink:
    """One link. ``host`` is without brackets; ``params`` has no empty values, its order is free."""

    protocol: str
    secret: str
    host: str
    port: int
    params: Mapping[str, str]
    title: str = ""

    @property
    def network(self) -> str:
        return self.params.get("type", "tcp")

    @property
    def security(self) -> str:
        return self.params.get("security", "none")

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        query = "&".join(f"{name}={_quoted(value)}" for name, value in self.params.items())
        fragment = f"#{_quoted_title(self.title)}" if self.title else ""
        return f"{self.protocol}://{_quoted(self.secret)}@{host}:{self.port}?{query}{fragment}"


def read_inbound(row: Tree) -> Inbound:
    """Return the inbound of a row of ``inbounds/list``, of any generation of the panel.

    :raises LinkError: its settings are not JSON objects, or its port is no port.
    """
    port = row.get("port")
    if not _is_port(port):
        raise LinkError("the inbound has no port")
    custom = row.get("shareAddrStrategy") == "custom"
    return Inbound(
        protocol=str(row.get("protocol", "")).lower(),
        port=port,
        settings=_tree(row.get("settings")),
        stream=_tree(row.get("streamSettings")),
        listen=str(row.get("listen") or ""),
        address=str(row.get("shareAddr") or "") if custom else "",
    )


def make_links(
    inbound: Inbound, *, client: Client, host: str, title: str = ""
) -> tuple[ShareLink, ...]:
    """Return every link of a client: one, or one for each entry of ``externalProxy``.

    The same arguments give the same links: the panel draws ``sni``, ``sid`` and ``spx`` by lot,
    here the client's seed chooses.

    :param host: the panel's own address, used unless the inbound names a better one.
    :raises LinkError: the inbound's protocol, network or security has no link, or the client
        lacks the secret that this protocol asks for.
    """
    link = ShareLink(
        protocol=inbound.protocol,
        secret=_secret(inbound, client=client),
        host=_address(inbound, host=host),
        port=inbound.port,
        params=_params(inbound, client=client),
        title=title,
    )
    proxies = inbound.stream.get("externalProxy")
    if not isinstance(proxies, list) or not proxies:
        return (link,)
    return tuple(_through(link, proxy=_tree(proxy)) for proxy in proxies)


def drawn_by_lot(inbound: Inbound) -> dict[str, frozenset[str]]:
    """Return the values among which the panel draws, by parameter: for comparing with its links."""
    if inbound.stream.get("security") != "reality":
        return {}
    reality = _tree(inbound.stream.get("realitySettings"))
    return {
        "sni": frozenset(_texts(reality.get("serverNames"))),
        "sid": frozenset(_texts(reality.get("shortIds"))),
    }


def public_key_of(private_key: str) -> str:
    """Return the public half of a REALITY key.

    An inbound made through the API may lack it: only the panel's pages add it.

    :raises LinkError: this is no such key.
    """
    try:
        raw = base64.urlsafe_b64decode(private_key + "=" * (-len(private_key) % 4))
        public = X25519PrivateKey.from_private_bytes(raw).public_key().public_bytes_raw()
    except ValueError as error:
        raise LinkError("the inbound has no REALITY key") from error
    return base64.urlsafe_b64encode(public).decode().rstrip("=")


def _quoted(text: str) -> str:
    """Most parts of a link need no quoting, and to see that costs a tenth of it."""
    return text if UNRESERVED.fullmatch(text) else quote(text, safe="")


@lru_cache(maxsize=TITLES_KEPT)
def _quoted_title(title: str) -> str:
    return quote(title, safe="")


def _secret(inbound: Inbound, *, client: Client) -> str:
    if inbound.protocol not in PROTOCOLS:
        raise LinkError(f"no links for the protocol {inbound.protocol!r}")
    secret = client.uuid if inbound.protocol == "vless" else client.password
    if not secret:
        raise LinkError("the client has no secret for this protocol")
    return secret


def _address(inbound: Inbound, *, host: str) -> str:
    """A listening address is a client's address only if it can be reached from outside."""
    listen = _host(inbound.listen)
    chosen = _host(inbound.address) or (listen if _is_reachable(listen) else _host(host))
    if not chosen:
        raise LinkError("the inbound has no address")
    return chosen


@lru_cache(maxsize=HOSTS_KEPT)
def _host(written: str) -> str:
    """The host without brackets, or nothing for what is none, such as a socket's path."""
    host = written.strip().removeprefix("[").removesuffix("]")
    return host if HOST_NAME.fullmatch(host) or _is_ipv6(host) else ""


def _is_ipv6(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).version == 6 and "%" not in host
    except ValueError:
        return False


def _is_port(value: object) -> TypeGuard[int]:
    # JSON's true is an int to Python.
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65536


def _is_reachable(listen: str) -> bool:
    if listen in ("", "localhost"):
        return False
    try:
        address = ipaddress.ip_address(listen)
    except ValueError:
        return True
    return not (address.is_unspecified or address.is_loopback)


def _params(inbound: Inbound, *, client: Client) -> dict[str, str]:
    stream = inbound.stream
    written = str(stream.get("network") or "tcp")
    network = NETWORK_ALIASES.get(written, written)
    security = str(stream.get("security") or "none")
    if network not in NETWORKS:
        raise LinkError(f"no links for the network {network!r}")
    params = {"type": network}
    if inbound.protocol == "vless":
        params["encryption"] = _text(inbound.settings.get("encryption")) or "none"
    params |= {"security": security, **_security(stream, network=network, client=client)}
    if inbound.protocol == "vless" and _may_flow(params):
        params["flow"] = client.flow
    params |= transport_params(stream, network=network, written=written)
    return {name: value for name, value in params.items() if value}


def _security(stream: Tree, *, network: str, client: Client) -> dict[str, str]:
    match stream.get("security") or "none":
        case "none":
            return {}
        case "tls":
            return _tls(_tree(stream.get("tlsSettings")))
        case "reality" if network in REALITY_NETWORKS:
            return _reality(_tree(stream.get("realitySettings")), seed=client.seed)
        case "reality":
            raise LinkError(f"REALITY does not run over {network}")
        case other:
            raise LinkError(f"no links for the security {other!r}")


def _tls(tls: Tree) -> dict[str, str]:
    ours = _tree(tls.get("settings"))
    return {
        "sni": _text(tls.get("serverName")),
        "fp": _text(ours.get("fingerprint")),
        "alpn": ",".join(_texts(tls.get("alpn"))),
        "ech": _text(ours.get("echConfigList")),
        "pcs": ",".join(_texts(ours.get("pinnedPeerCertSha256"))),
        "vcn": _text(ours.get("verifyPeerCertByName")),
    }


def _reality(reality: Tree, *, seed: str) -> dict[str, str]:
    ours = _tree(reality.get("settings"))
    key = _text(ours.get("publicKey")) or public_key_of(_text(reality.get("privateKey")))
    names = _texts(reality.get("serverNames")) or _texts(ours.get("serverName"))
    return {
        "sni": _choose(names, seed=f"sni|{seed}"),
        "fp": _text(ours.get("fingerprint")) or "chrome",
        "pbk": key,
        "sid": _choose(_texts(reality.get("shortIds")), seed=f"sid|{seed}"),
        "spx": "/" + hashlib.sha256(f"{key}|{seed}".encode()).hexdigest()[:15],
        "pqv": _text(ours.get("mldsa65Verify")),
    }


def _may_flow(params: Mapping[str, str]) -> bool:
    """Vision reads the inner TLS: straight from TCP under TLS or REALITY, or in VLESS's cipher."""
    if params["type"] == "tcp":
        return params["security"] in ("tls", "reality")
    return params["type"] == "xhttp" and params["encryption"] != "none"


def _through(link: ShareLink, *, proxy: Tree) -> ShareLink:
    """The link by way of one entry of ``externalProxy``: its address, its title, maybe its TLS."""
    forced = proxy.get("forceTls")
    params = dict(link.params)
    if forced in ("none", "tls") and forced != link.security:
        # Vision does not survive a stranger ending the TLS on the way.
        dropped = (*REALITY_ONLY, "flow", *(TLS_ONLY if forced == "none" else ()))
        params = {name: value for name, value in params.items() if name not in dropped}
        params["security"] = str(forced)
    if params["security"] != "none":
        own = {
            "sni": _text(proxy.get("sni")),
            "fp": _text(proxy.get("fingerprint")),
            "alpn": ",".join(_texts(proxy.get("alpn"))),
        }
        params |= {name: value for name, value in own.items() if value}
    port = proxy.get("port")
    return replace(
        link,
        host=_host(_text(proxy.get("dest"))) or link.host,
        port=port if _is_port(port) else link.port,
        params=params,
        title=" ".join(filter(None, (link.title, _text(proxy.get("remark"))))),
    )


def _choose(values: Sequence[str], *, seed: str) -> str:
    if not values:
        return ""
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big")
    return values[number % len(values)]


def _tree(value: object) -> Tree:
    """Up to 3.0.2 the panel gives these objects as strings of JSON, and nothing as ``""``."""
    if isinstance(value, str) and value.strip():
        try:
            value = json.loads(value)
        except ValueError as error:
            raise LinkError("the inbound's settings are not JSON") from error
    if value is None or value == "":
        return {}
    if not isinstance(value, Mapping):
        raise LinkError("the inbound's settings are not a JSON object")
    return value


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        value = value.split(",")
    items = value if isinstance(value, list) else []
    return [item for item in map(_text, items) if item]
