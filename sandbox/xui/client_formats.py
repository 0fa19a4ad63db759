"""Subscriptions as whole configurations: Xray's JSON, and YAML for Clash."""

import json
from typing import Any

from .links import clients_of, make_name
from .state import Inbound, Panel

Json = dict[str, Any]

LOCAL_SOCKS_PORT, LOCAL_HTTP_PORT = 10808, 10809
# Transports that Clash cannot speak are left out of its document.
_CLASH_NETWORKS = frozenset({"tcp", "ws", "grpc"})


def json_document(panel: Panel, *, sub_id: str, host: str) -> str:
    """One configuration of Xray, or a list of them where there are several places."""
    found = [
        _xray(panel, inbound, client, host=host)
        for inbound, client in _members(panel, sub_id=sub_id)
    ]
    return json.dumps(found[0] if len(found) == 1 else found, indent=2, ensure_ascii=False)


def clash_document(panel: Panel, *, sub_id: str, host: str) -> str:
    """Proxies, one group and one rule; JSON is YAML."""
    proxies = [
        _clash(inbound, client, host=host)
        for inbound, client in _members(panel, sub_id=sub_id)
        if inbound.stream_settings.get("network", "tcp") in _CLASH_NETWORKS
    ]
    names = [proxy["name"] for proxy in proxies]
    document = {
        "proxies": proxies,
        "proxy-groups": [{"name": "PROXY", "type": "select", "proxies": names}],
        "rules": ["MATCH,PROXY"],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _members(panel: Panel, *, sub_id: str) -> list[tuple[Inbound, Json]]:
    return [
        (inbound, client)
        for inbound in panel.database.inbounds.values()
        if inbound.enable
        for client in clients_of(panel, inbound)
        if client.get("subId") == sub_id
    ]


def _xray(panel: Panel, inbound: Inbound, client: Json, *, host: str) -> Json:
    local = [
        {"tag": "socks", "listen": "127.0.0.1", "port": LOCAL_SOCKS_PORT, "protocol": "socks"},
        {"tag": "http", "listen": "127.0.0.1", "port": LOCAL_HTTP_PORT, "protocol": "http"},
    ]
    return {
        "remarks": make_name(inbound, client),
        "log": {"loglevel": "warning"},
        "inbounds": local,
        "outbounds": [
            {
                "tag": "proxy",
                "protocol": inbound.protocol,
                "settings": _outbound(inbound, client, host=host),
                "streamSettings": _client_side(inbound.stream_settings),
            },
            {"tag": "direct", "protocol": "freedom"},
            {"tag": "block", "protocol": "blackhole"},
        ],
        "routing": {"domainStrategy": "AsIs", "rules": []},
    }


def _outbound(inbound: Inbound, client: Json, *, host: str) -> Json:
    if inbound.protocol == "trojan":
        server = {"address": host, "port": inbound.port, "password": client.get("password", "")}
        return {"servers": [server]}
    user = {
        "id": client.get("id", ""),
        "encryption": inbound.settings.get("encryption") or "none",
        "flow": client.get("flow", ""),
    }
    return {"vnext": [{"address": host, "port": inbound.port, "users": [user]}]}


def _client_side(stream: Json) -> Json:
    """The stream as a client needs it: without keys and certificates of the server."""
    own = {k: v for k, v in stream.items() if k not in ("externalProxy", "sockopt")}
    if "tlsSettings" in own:
        tls = own["tlsSettings"]
        own["tlsSettings"] = {
            "serverName": tls.get("serverName", ""),
            "alpn": tls.get("alpn", []),
            "fingerprint": (tls.get("settings") or {}).get("fingerprint", ""),
        }
    if "realitySettings" in own:
        reality = own["realitySettings"]
        inner = reality.get("settings") or {}
        own["realitySettings"] = {
            "serverName": reality["serverNames"][0],
            "shortId": reality["shortIds"][0],
            "publicKey": inner.get("publicKey", ""),
            "fingerprint": inner.get("fingerprint", "chrome"),
            "spiderX": inner.get("spiderX", "/"),
        }
    return own


def _clash(inbound: Inbound, client: Json, *, host: str) -> Json:
    stream = inbound.stream_settings
    network, security = stream.get("network", "tcp"), stream.get("security", "none")
    proxy: Json = {
        "name": make_name(inbound, client),
        "type": inbound.protocol,
        "server": host,
        "port": inbound.port,
        "udp": True,
        "network": network,
        "tls": security != "none",
    }
    if inbound.protocol == "trojan":
        proxy["password"] = client.get("password", "")
    else:
        proxy |= {"uuid": client.get("id", ""), "flow": client.get("flow", "")}
    seen = _client_side(stream)
    if security == "tls":
        proxy |= {"servername": seen["tlsSettings"]["serverName"]}
    elif security == "reality":
        reality = seen["realitySettings"]
        options = {"public-key": reality["publicKey"], "short-id": reality["shortId"]}
        proxy |= {"servername": reality["serverName"], "reality-opts": options}
    if network == "ws":
        proxy["ws-opts"] = {"path": stream["wsSettings"]["path"]}
    elif network == "grpc":
        proxy["grpc-opts"] = {"grpc-service-name": stream["grpcSettings"]["serviceName"]}
    return proxy
