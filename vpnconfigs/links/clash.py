"""Clash (Mihomo): a whole configuration in YAML.

Written as JSON, which is YAML's flow style. The YAML library in the lock follows YAML 1.1 and
leaves ``1e5`` or ``0o17`` without quotes, and Mihomo's, which follows 1.2, then reads a number:
passwords and REALITY's short ids do look like that. JSON quotes every text, and costs nothing.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from vpnconfigs.links.share import ShareLink
from vpnconfigs.links.transports import EARLY_DATA_HEADER, split_early_data

PRIVATE = (
    "IP-CIDR,10.0.0.0/8,DIRECT,no-resolve",
    "IP-CIDR,127.0.0.0/8,DIRECT,no-resolve",
    "IP-CIDR,172.16.0.0/12,DIRECT,no-resolve",
    "IP-CIDR,192.168.0.0/16,DIRECT,no-resolve",
    "IP-CIDR6,fc00::/7,DIRECT,no-resolve",
)
GROUP = "VPN"
FASTEST = "Auto"
# JSON leaves these as they are; to YAML some are line breaks and the others no characters.
NOT_IN_YAML = re.compile("[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]")
XHTTP_EXTRA = {
    "headers": "headers",
    "xPaddingBytes": "x-padding-bytes",
    "noGRPCHeader": "no-grpc-header",
}
# The sender's own pace and pooling: a client without them still gets through.
XHTTP_IDLE = frozenset({"xmux", "scMinPostsIntervalMs"})

Tree = dict[str, Any]


def render_clash(links: Mapping[str, ShareLink]) -> str:
    """Return the configuration as YAML: a choice among the links, the fastest by default.

    Leaves out what Mihomo cannot speak (``proxy``); without any link everything is rejected.

    :param links: by name, each name once.
    """
    proxies = [made for name, link in links.items() if (made := proxy(link, name=name))]
    names = [str(made["name"]) for made in proxies]
    groups: list[Tree] = [
        {"name": GROUP, "type": "select", "proxies": [FASTEST, *names] if names else ["REJECT"]}
    ]
    if names:
        groups.append(
            {
                "name": FASTEST,
                "type": "url-test",
                "proxies": names,
                "url": "https://www.gstatic.com/generate_204",
                "interval": 300,
            }
        )
    config: Tree = {
        "mixed-port": 7890,
        "allow-lan": False,
        "mode": "rule",
        "log-level": "warning",
        "ipv6": True,
        "proxies": proxies,
        "proxy-groups": groups,
        "rules": [*PRIVATE, f"MATCH,{GROUP}"],
    }
    text = json.dumps(config, ensure_ascii=False, indent=2)
    return NOT_IN_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def proxy(link: ShareLink, *, name: str) -> Tree | None:
    """Return Mihomo's proxy for a link, or nothing where it has no such transport.

    Its TROJAN is always inside TLS and knows neither XHTTP nor an HTTP header.
    """
    transport = _transport(link)
    if transport is None or (link.protocol == "trojan" and link.security == "none"):
        return None
    made: Tree = {"name": name, "type": link.protocol, "server": link.host, "port": link.port}
    if link.protocol == "vless":
        made |= {"uuid": link.secret, "tls": link.security != "none"}
        if (encryption := link.params.get("encryption", "none")) != "none":
            made["encryption"] = encryption
        if flow := link.params.get("flow"):
            made["flow"] = flow
    else:
        made["password"] = link.secret
    if link.security != "none":
        made |= _tls(link)
    return made | {"udp": True, **transport}


def _tls(link: ShareLink) -> Tree:
    params = link.params
    name = "servername" if link.protocol == "vless" else "sni"
    made: Tree = {
        name: params.get("sni") or link.host,
        "client-fingerprint": params.get("fp") or "chrome",
    }
    if alpn := params.get("alpn"):
        made["alpn"] = alpn.split(",")
    if link.security == "reality":
        options = {"public-key": params.get("pbk", ""), "short-id": params.get("sid", "")}
        made["reality-opts"] = options
    return made


def _transport(link: ShareLink) -> Tree | None:
    params = link.params
    path, host = params.get("path", "/"), params.get("host", "")
    match link.network:
        case "tcp" if params.get("headerType") != "http":
            return {"network": "tcp"}
        case "tcp" if link.protocol == "vless":
            options: Tree = {"method": "GET", "path": [path], **_host_header([host])}
            return {"network": "http", "http-opts": options}
        case "ws":
            return {"network": "ws", "ws-opts": _websocket(path=path, host=host)}
        case "httpupgrade":
            options = {"path": path, **_host_header(host), "v2ray-http-upgrade": True}
            return {"network": "ws", "ws-opts": options}
        case "grpc":
            options = {"grpc-service-name": params.get("serviceName", "")}
            return {"network": "grpc", "grpc-opts": options}
        case "xhttp" if link.protocol == "vless":
            return _xhttp(params)
        case _:
            return None


def _websocket(*, path: str, host: str) -> Tree:
    path, early = split_early_data(path)
    made: Tree = {"path": path, **_host_header(host)}
    if early:
        made |= {"max-early-data": early, "early-data-header-name": EARLY_DATA_HEADER}
    return made


def _xhttp(params: Mapping[str, str]) -> Tree | None:
    options: Tree = {"path": params.get("path", "/")}
    if host := params.get("host"):
        options["host"] = host
    if (mode := params.get("mode", "auto")) != "auto":
        options["mode"] = mode
    try:
        extra = json.loads(params.get("extra") or "{}")
    except ValueError:
        return None
    if not isinstance(extra, dict) or extra.keys() - XHTTP_EXTRA.keys() - XHTTP_IDLE:
        return None
    for name, value in extra.items():
        if name in XHTTP_EXTRA:
            options[XHTTP_EXTRA[name]] = value
    return {"network": "xhttp", "xhttp-opts": options}


def _host_header(host: str | list[str]) -> Tree:
    return {"headers": {"Host": host}} if host and host != [""] else {}
