"""sing-box: a whole configuration, as its own apps read it from a subscription (1.12 and later)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from vpnconfigs.links.share import ShareLink
from vpnconfigs.links.transports import EARLY_DATA_HEADER, split_early_data

UTLS = frozenset(
    {"chrome", "firefox", "edge", "safari", "360", "qq", "ios", "android", "random", "randomized"}
)
SELECTOR = "select"
FASTEST = "auto"

Tree = dict[str, Any]


def render_singbox(links: Mapping[str, ShareLink]) -> str:
    """Return the configuration as JSON: a choice among the links, the fastest by default.

    Leaves out what sing-box cannot speak (``outbound``). Without any link it lets nothing
    through: an app that went on without its tunnel would show the person's own address.

    :param links: by name, each name once.
    """
    outbounds = [made for name, link in links.items() if (made := outbound(link, tag=name))]
    tags = [str(made["tag"]) for made in outbounds]
    config: Tree = {
        "log": {"level": "warn"},
        "dns": {
            "servers": [
                {"type": "local", "tag": "local"},
                {"type": "https", "tag": "remote", "server": "1.1.1.1", **_by_way_of(tags)},
            ],
            "final": "remote",
        },
        "inbounds": [
            {
                "type": "tun",
                "tag": "tun",
                "address": ["172.19.0.1/30", "fdfe:dcba:9876::1/126"],
                "auto_route": True,
                "strict_route": True,
            }
        ],
        "outbounds": [*_choices(tags), *outbounds, {"type": "direct", "tag": "direct"}],
        "route": _route(tags),
    }
    return json.dumps(config, ensure_ascii=False, indent=2)


def outbound(link: ShareLink, *, tag: str) -> Tree | None:
    """Return sing-box's outbound for a link, or nothing where it has no such transport.

    It knows neither XHTTP, nor VLESS's own encryption, nor an HTTP header inside TLS.
    """
    transport = _transport(link)
    if transport is None or link.params.get("encryption", "none") != "none":
        return None
    made: Tree = {"type": link.protocol, "tag": tag, "server": link.host, "server_port": link.port}
    made["uuid" if link.protocol == "vless" else "password"] = link.secret
    if flow := link.params.get("flow"):
        made["flow"] = flow
    if link.security != "none":
        made["tls"] = _tls(link)
    if transport:
        made["transport"] = transport
    return made


def _tls(link: ShareLink) -> Tree:
    params = link.params
    tls: Tree = {"enabled": True, "server_name": params.get("sni") or link.host}
    if alpn := params.get("alpn"):
        tls["alpn"] = alpn.split(",")
    fingerprint = params.get("fp", "")
    # REALITY cannot do without one: it hides its proof in a browser's greeting.
    if fingerprint in UTLS or link.security == "reality":
        known = fingerprint if fingerprint in UTLS else "chrome"
        tls["utls"] = {"enabled": True, "fingerprint": known}
    if link.security == "reality":
        tls["reality"] = {
            "enabled": True,
            "public_key": params.get("pbk", ""),
            "short_id": params.get("sid", ""),
        }
    return tls


def _transport(link: ShareLink) -> Tree | None:
    params = link.params
    host = params.get("host", "")
    match link.network:
        case "tcp" if params.get("headerType") != "http":
            return {}
        case "tcp" if link.security == "none":
            return {
                "type": "http",
                "method": "GET",
                "path": params.get("path", "/"),
                **({"host": [host]} if host else {}),
            }
        case "ws":
            return _websocket(path=params.get("path", "/"), host=host)
        case "grpc":
            return {"type": "grpc", "service_name": params.get("serviceName", "")}
        case "httpupgrade":
            path = params.get("path", "/")
            return {"type": "httpupgrade", "path": path, **({"host": host} if host else {})}
        case _:
            return None


def _websocket(*, path: str, host: str) -> Tree:
    path, early = split_early_data(path)
    made: Tree = {"type": "ws", "path": path}
    if host:
        made["headers"] = {"Host": host}
    if early:
        made["max_early_data"] = early
        made["early_data_header_name"] = EARLY_DATA_HEADER
    return made


def _by_way_of(tags: Sequence[str]) -> Tree:
    return {"detour": SELECTOR} if tags else {}


def _choices(tags: Sequence[str]) -> list[Tree]:
    if not tags:
        return []
    return [
        {"type": "selector", "tag": SELECTOR, "outbounds": [FASTEST, *tags], "default": FASTEST},
        {"type": "urltest", "tag": FASTEST, "outbounds": [*tags]},
    ]


def _route(tags: Sequence[str]) -> Tree:
    rules: list[Tree] = [
        {"action": "sniff"},
        {"protocol": "dns", "action": "hijack-dns"},
        {"ip_is_private": True, "outbound": "direct"},
    ]
    return {
        "rules": rules if tags else [{"action": "reject"}],
        "final": SELECTOR if tags else "direct",
        "auto_detect_interface": True,
        "default_domain_resolver": "local",
    }
