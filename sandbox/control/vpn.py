"""A person's VPN app: it reads subscriptions and connects by the links that it finds there."""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import aiohttp

from sandbox.core import Sandbox
from sandbox.xui import counting
from sandbox.xui.calls import credential_field
from sandbox.xui.links import clients_of
from sandbox.xui.state import Inbound, Panel

from .bodies import Body, ControlError

Json = dict[str, Any]

SCHEMES = ("vless", "trojan")
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
READ_SECONDS, READ_BYTES = 10, 1_000_000
APP = "Happ/3.4.0"
# What an app moves by opening one page.
FIRST_UP, FIRST_DOWN = 2_000, 48_000


@dataclass(frozen=True, kw_only=True)
class Server:
    """One place to connect to, as its link says it."""

    link: str
    url: SplitResult

    def as_json(self) -> Json:
        query = parse_qs(self.url.query)
        return {
            "link": self.link,
            "name": unquote(self.url.fragment),
            "protocol": self.url.scheme,
            "host": self.url.hostname,
            "port": self.url.port,
            "network": query.get("type", ["tcp"])[0],
            "security": query.get("security", ["none"])[0],
        }

    @property
    def secret(self) -> str:
        return unquote(self.url.username or "")


def _parse_link(text: str) -> Server | None:
    try:
        url = urlsplit(text.strip())
        if url.scheme in SCHEMES and url.username and url.hostname and url.port:
            return Server(link=text.strip(), url=url)
    except ValueError:
        pass
    return None


async def read_subscription(sandbox: Sandbox, body: Body) -> Json:
    """What an app makes of ``url``: a subscription, a link to import one, or a server's own link.

    :raises ControlError: it is none of them, it leads off this machine, or nobody answers.
    """
    text, hwid = body.text("url").strip(), body.text("hwid", "sandbox-phone")
    body.done()
    server = _parse_link(text)
    if server is not None:
        return {"status": 200, "servers": [server.as_json()], "usage": None, "title": ""}
    url = _address_in(text)
    _check_address(sandbox, url)
    return await _fetch(sandbox, url, hwid=hwid)


def _address_in(text: str) -> str:
    """The web address, be it inside a link by which apps import it (``happ://add/https://…``)."""
    found = re.search(r"https?(?::|%3A)(?:/|%2F){2}\S+", text, re.IGNORECASE)
    if found is None:
        raise ControlError("neither a subscription nor a server's link")
    address = found.group()
    return address if "://" in address else unquote(address)


def _check_address(sandbox: Sandbox, url: str) -> None:
    """:raises ControlError: the address is neither on this machine nor the site's."""
    try:
        host = urlsplit(url).hostname
    except ValueError:
        raise ControlError("the address cannot be read") from None
    if host not in LOOPBACK and host != urlsplit(sandbox.settings.site_url).hostname:
        raise ControlError("the sandbox reads only this machine and the site")


async def _fetch(sandbox: Sandbox, url: str, *, hwid: str) -> Json:
    headers = {
        "User-Agent": APP,
        "X-HWID": hwid,
        "X-Device-OS": "Android",
        "X-Ver-OS": "15",
        "X-Device-Model": "Sandbox phone",
    }
    try:
        async with sandbox.client.get(
            url,
            headers=headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=READ_SECONDS),
        ) as answer:
            content = await answer.content.read(READ_BYTES)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise ControlError(f"nobody answers: {type(error).__name__}", status=502) from None
    lines = _decode(content).splitlines() if answer.status == 200 else []
    servers = [server for line in lines if (server := _parse_link(line)) is not None]
    return {
        "status": answer.status,
        "servers": [server.as_json() for server in servers],
        "usage": _usage(answer.headers.get("Subscription-Userinfo", "")),
        "title": _text_of(answer.headers.get("Profile-Title", "")),
        "announce": _text_of(answer.headers.get("Announce", "")),
        "update_hours": answer.headers.get("Profile-Update-Interval"),
    }


def _decode(content: bytes) -> str:
    """The lines, in base64 or as they are."""
    text = content.decode(errors="replace")
    return text if "://" in text else _unpacked(text)


def _text_of(header: str) -> str:
    name, _, packed = header.partition(":")
    return _unpacked(packed) if name == "base64" else header


def _unpacked(text: str) -> str:
    packed = "".join(text.split())
    try:
        content = base64.b64decode(packed + "=" * (-len(packed) % 4), altchars=b"-_")
    except (binascii.Error, ValueError):
        return ""
    return content.decode(errors="replace")


def _usage(header: str) -> dict[str, int] | None:
    found = re.findall(r"(upload|download|total|expire)=(\d+)", header)
    return {name: int(number) for name, number in found} or None


def connect(sandbox: Sandbox, body: Body) -> Json:
    """Go through the server of ``link``: the panel counts ``up`` and ``down`` bytes at once.

    ``{connected, reason}``: ``reason`` is why Xray does not let the app in.

    :raises ControlError: the link is none.
    """
    server = _parse_link(body.text("link"))
    up = body.integer("up", FIRST_UP, least=0)
    down = body.integer("down", FIRST_DOWN, least=0)
    body.done()
    if server is None:
        raise ControlError("not a server's link")
    found = _find(sandbox, server)
    if found is None:
        return {"connected": False, "reason": "unknown"}
    panel, inbound, email = found
    counting.run_due_tick(panel)
    reason = _obstacle(panel, inbound, email)
    if reason is None:
        panel.bytes_waiting[email] = [up, down]
        counting.tick(panel)
        sandbox.changed()
    return {"connected": reason is None, "reason": reason, "panel": panel.name, "email": email}


def _find(sandbox: Sandbox, server: Server) -> tuple[Panel, Inbound, str] | None:
    """Whose secret the link holds; of several inbounds the one with its port."""
    found = [
        (panel, inbound, str(client.get("email", "")))
        for panel in sandbox.world.xui.panels.values()
        for inbound in panel.database.inbounds.values()
        if inbound.protocol == server.url.scheme
        for client in clients_of(panel, inbound)
        if client.get(credential_field(inbound.protocol)) == server.secret
    ]
    found.sort(key=lambda place: place[1].port != server.url.port)
    return found[0] if found else None


def _obstacle(panel: Panel, inbound: Inbound, email: str) -> str | None:
    if not panel.powered:
        return "off"
    if not panel.xray_running:
        return "no_xray"
    if not inbound.enable:
        return "inbound_off"
    row = panel.database.traffic.get(email)
    return None if row is not None and row.enable else "refused"


ACTIONS = {"vpn/subscription": read_subscription, "vpn/connect": connect}
