"""Share links as the panel makes them: of clients, of subscriptions."""

import hashlib
import random
from typing import Any
from urllib.parse import quote, urlencode

from .calls import Call
from .records import clients_in
from .state import Inbound, Panel
from .wire import not_found

Json = dict[str, Any]


async def sub_links(call: Call) -> list[str]:
    return links_of(call.panel, sub_id=call.path["subId"], host=call.host)


async def client_links(call: Call) -> list[str]:
    """:raises XuiError: nobody has this e-mail."""
    email = call.path["email"]
    panel = call.panel
    if not any(panel.database.clients_of(email)):
        raise not_found()
    return [
        link
        for inbound in panel.database.inbounds.values()
        for client in clients_of(panel, inbound)
        if client.get("email") == email
        for link in make_links(panel, inbound, client, host=call.host)
    ]


def clients_of(panel: Panel, inbound: Inbound) -> list[Json]:
    return clients_in(panel.database, inbound) if panel.facts.by_email else inbound.clients


def links_of(panel: Panel, *, sub_id: str, host: str) -> list[str]:
    """The links of all clients with this subId on enabled inbounds, disabled clients too."""
    return [
        link
        for inbound in panel.database.inbounds.values()
        if inbound.enable
        for client in clients_of(panel, inbound)
        if client.get("subId") == sub_id
        for link in make_links(panel, inbound, client, host=host)
    ]


def make_links(panel: Panel, inbound: Inbound, client: Json, *, host: str) -> list[str]:
    """One link, or one for each ``externalProxy`` of the inbound."""
    stream = inbound.stream_settings
    params = _params(panel, inbound, client)
    proxies = stream.get("externalProxy") or [{"dest": host, "port": inbound.port}]
    made = []
    for proxy in proxies:
        own = dict(params)
        force = proxy.get("forceTls", "same")
        if force != "same":
            own["security"] = force
        if own["security"] == "none":
            own = {k: v for k, v in own.items() if k not in ("alpn", "fp", "sni", "flow")}
        name = make_name(inbound, client, proxy.get("remark"))
        address = f"{_bracketed(panel, proxy['dest'])}:{proxy['port']}"
        query = urlencode(own, quote_via=quote, safe="")
        user = _user(panel, inbound, client)
        made.append(f"{inbound.protocol}://{user}@{address}?{query}#{quote(name, safe='')}")
    return made


def make_name(inbound: Inbound, client: Json, remark: str | None = None) -> str:
    """What a VPN app shows: the inbound, whose it is, and of several proxies which."""
    return "-".join(filter(None, (inbound.remark, client["email"], remark)))


def _user(panel: Panel, inbound: Inbound, client: Json) -> str:
    if inbound.protocol != "trojan":
        return str(client.get("id", ""))
    password = str(client.get("password", ""))
    # 2.x writes the password as it is.
    return quote(password, safe="") if panel.facts.guarded else password


def _bracketed(panel: Panel, host: str) -> str:
    return f"[{host}]" if ":" in host and panel.facts.guarded else host


def _params(panel: Panel, inbound: Inbound, client: Json) -> dict[str, str]:
    stream = inbound.stream_settings
    security = stream.get("security", "none")
    params = {"type": stream.get("network", "tcp")}
    if inbound.protocol == "vless":
        params["encryption"] = inbound.settings.get("encryption") or "none"
    params |= _transport(stream)
    params["security"] = security
    if security == "tls":
        params |= _tls(stream["tlsSettings"])
    elif security == "reality":
        params |= _reality(panel, stream["realitySettings"], client)
    if params["type"] == "tcp" and security != "none" and client.get("flow"):
        params["flow"] = client["flow"]
    return params


def _transport(stream: Json) -> dict[str, str]:
    network = stream.get("network", "tcp")
    options = stream.get(f"{network}Settings") or {}
    if network in ("ws", "httpupgrade", "xhttp"):
        headers = options.get("headers") or {}
        params = {"path": options.get("path", "/"), "host": options.get("host") or ""}
        params["host"] = params["host"] or headers.get("Host", "")
        return params | ({"mode": options.get("mode", "auto")} if network == "xhttp" else {})
    if network == "grpc":
        params = {"serviceName": options["serviceName"], "authority": options["authority"]}
        return params | ({"mode": "multi"} if options.get("multiMode") else {})
    header = options.get("header") or {}
    if header.get("type") != "http":
        return {}
    asked = header.get("request") or {}
    hosts = (asked.get("headers") or {}).get("Host") or [""]
    return {"headerType": "http", "path": (asked.get("path") or ["/"])[0], "host": hosts[0]}


def _tls(options: Json) -> dict[str, str]:
    params = {
        "alpn": ",".join(options.get("alpn") or []),
        "fp": (options.get("settings") or {}).get("fingerprint", ""),
        "sni": options.get("serverName", ""),
    }
    return {name: value for name, value in params.items() if value}


def _reality(panel: Panel, options: Json, client: Json) -> dict[str, str]:
    """``sni`` and ``sid`` are drawn anew each time, ``spx`` on 2.x too."""
    inner = options.get("settings") or {}
    return {
        "pbk": inner.get("publicKey", ""),
        "fp": inner.get("fingerprint", "chrome"),
        "sni": random.choice(options["serverNames"]),  # noqa: S311 - no secret hangs on it
        "sid": random.choice(options["shortIds"]),  # noqa: S311
        "spx": _spider_x(panel, client),
    }


def _spider_x(panel: Panel, client: Json) -> str:
    if not panel.facts.guarded:
        return f"/{random.randbytes(8).hex()[:15]}"  # noqa: S311
    seed = f"{panel.guid}|{client.get('subId', '')}"
    return f"/{hashlib.sha256(seed.encode()).hexdigest()[:15]}"


def usage_header(panel: Panel, *, sub_id: str) -> str:
    """``Subscription-Userinfo``: bytes, and the end in seconds (0 where there is none)."""
    emails = {
        client["email"]
        for inbound in panel.database.inbounds.values()
        for client in clients_of(panel, inbound)
        if client.get("subId") == sub_id
    }
    rows = [row for email, row in panel.database.traffic.items() if email in emails]
    total = 0 if any(row.total == 0 for row in rows) else sum(row.total for row in rows)
    ends = {_end(panel, row.expiry_time) for row in rows}
    expire = ends.pop() if len(ends) == 1 else 0
    up, down = sum(row.up for row in rows), sum(row.down for row in rows)
    return f"upload={up}; download={down}; total={total}; expire={expire}"


def _end(panel: Panel, expiry_ms: int) -> int:
    if expiry_ms >= 0:
        return expiry_ms // 1000
    return (panel.now_ms() - expiry_ms) // 1000 if panel.facts.guarded else 0
