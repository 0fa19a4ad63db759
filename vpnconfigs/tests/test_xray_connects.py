"""Each link opens the way it names: a page is fetched through a real Xray on both ends."""

import base64
import contextlib
import importlib.util
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from django.utils import timezone

from vpnconfigs.links.parse import parse_link, parse_links
from vpnconfigs.links.share import Client, LinkError, make_links, read_inbound
from vpnconfigs.models import Inbound
from vpnconfigs.tests import xray
from vpnconfigs.tests.panels import make_config

# Looked for, not imported: it would bring Go's runtime into the tests' own process.
pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("xray") is None,
    reason="Xray-core is not installed: no link was tried",
)

NAME = "tunnel.example"
CLIENT = Client(
    uuid="0f2b8a0e-6f0e-4f0a-9d63-1a2b3c4d5e6f",
    password="a b/c@d:e?f#g%h+é",
    flow="xtls-rprx-vision",
    seed="s-1",
)
PRIVATE_KEY = X25519PrivateKey.generate()
NETWORKS = ("tcp", "ws", "grpc", "xhttp", "httpupgrade")
TRANSPORTS = {
    "tcp": {"tcpSettings": {"header": {"type": "none"}}},
    "ws": {"wsSettings": {"path": "/way", "host": NAME}},
    "grpc": {"grpcSettings": {"serviceName": "way", "multiMode": True}},
    "xhttp": {"xhttpSettings": {"path": "/way", "mode": "auto", "xPaddingBytes": "200-300"}},
    "httpupgrade": {"httpupgradeSettings": {"path": "/way", "host": NAME}},
}
HTTP_HEADER = {
    "tcpSettings": {
        "header": {"type": "http", "request": {"path": ["/news"], "headers": {"Host": [NAME]}}}
    }
}


def key_text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def security_settings(security: str, *, certificate, target_port: int) -> dict:
    if security in ("tls", "pinned"):
        file, key = map(str, certificate)
        pins = [xray.fingerprint(certificate[0])] if security == "pinned" else []
        return {
            "tlsSettings": {
                "serverName": NAME,
                "certificates": [{"certificateFile": file, "keyFile": key}],
                "settings": {"fingerprint": "chrome", "pinnedPeerCertSha256": pins},
            }
        }
    if security == "reality":
        return {
            "realitySettings": {
                "target": f"127.0.0.1:{target_port}",
                "serverNames": [NAME],
                "privateKey": key_text(PRIVATE_KEY.private_bytes_raw()),
                "shortIds": ["", "0123abcd", "6ba85179e30d4fc2"],
                "settings": {
                    "publicKey": key_text(PRIVATE_KEY.public_key().public_bytes_raw()),
                    "fingerprint": "chrome",
                },
            }
        }
    return {}


def panel_row(*, protocol: str, port: int, stream: dict, flow: str) -> dict:
    """A row of ``inbounds/list`` with our client in it."""
    secret = {"id": CLIENT.uuid} if protocol == "vless" else {"password": CLIENT.password}
    settings = {"clients": [{**secret, "email": "d1", "flow": flow}]}
    if protocol == "vless":
        settings["decryption"] = "none"
    return {"protocol": protocol, "port": port, "settings": settings, "streamSettings": stream}


def combinations() -> dict[str, tuple[str, str, str, dict]]:
    """By name: protocol, network, security, transport."""
    found = {}
    for protocol in ("vless", "trojan"):
        for network in NETWORKS:
            for security in ("none", "tls", "reality"):
                if security == "reality" and network in ("ws", "httpupgrade"):
                    continue
                name = f"{protocol}-{network}-{security}"
                found[name] = (protocol, network, security, TRANSPORTS[network])
        found[f"{protocol}-httpheader-none"] = (protocol, "tcp", "none", HTTP_HEADER)
        found[f"{protocol}-tcp-pinned"] = (protocol, "tcp", "pinned", TRANSPORTS["tcp"])
    return found


COMBINATIONS = combinations()


class Page(BaseHTTPRequestHandler):
    # Stays on the line after the answer: the reader ends the call.
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = f"page of {self.headers['Host']}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


@contextlib.contextmanager
def page_server() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def build_rows(certificate) -> dict[str, dict]:
    ports = dict(zip(COMBINATIONS, xray.free_ports(len(COMBINATIONS)), strict=True))
    rows = {}
    for name, (protocol, network, security, transport) in COMBINATIONS.items():
        stream = {
            "network": network,
            "security": "tls" if security == "pinned" else security,
            **transport,
            **security_settings(
                security, certificate=certificate, target_port=ports["vless-tcp-tls"]
            ),
        }
        vision = protocol == "vless" and network == "tcp" and security != "none"
        rows[name] = panel_row(
            protocol=protocol,
            port=ports[name],
            stream=stream,
            flow=CLIENT.flow if vision else "",
        )
    return rows


@pytest.fixture(scope="module")
def tunnels(tmp_path_factory):
    """Fetch a page by a combination's name; "stranger": the same way, a wrong secret."""
    folder = tmp_path_factory.mktemp("xray")
    certificate = xray.make_certificate(folder, name=NAME)
    rows = build_rows(certificate)
    links = {
        name: parse_link(str(make_links(read_inbound(row), client=CLIENT, host="127.0.0.1")[0]))
        for name, row in rows.items()
    }
    for name in ("vless-tcp-reality", "trojan-tcp-tls"):
        wrong = "11111111-1111-4111-8111-111111111111"
        links[f"stranger-{name}"] = replace(links[name], secret=wrong)
    ports = dict(zip(links, xray.free_ports(len(links)), strict=True))
    by_port = {ports[name]: link for name, link in links.items()}
    with (
        page_server() as page_port,
        xray.running(
            xray.server_config(list(rows.values()), page_port=page_port),
            log=folder / "server.log",
        ),
        xray.running(
            xray.client_config(by_port, certificate=certificate[0]), log=folder / "client.log"
        ),
    ):

        def fetch_through(name, *, host):
            status, text = xray.fetch(proxy_port=ports[name], host=host)
            if status:
                return status, text
            # A busy machine has stalled one tunnel of a client for good: try from a fresh client.
            [port] = xray.free_ports(1)
            alone = xray.client_config({port: links[name]}, certificate=certificate[0])
            with xray.running(alone, log=folder / f"{name}.log"):
                return xray.fetch(proxy_port=port, host=host)

        yield fetch_through


@pytest.mark.parametrize("name", COMBINATIONS)
def test_a_page_is_fetched_through_the_link(tunnels, name):
    host = f"{name}.invalid"

    assert tunnels(name, host=host) == (200, f"page of {host}")


@pytest.mark.parametrize("name", ["vless-tcp-reality", "trojan-tcp-tls"])
def test_a_wrong_secret_fetches_nothing(tunnels, name):
    status, text = tunnels(f"stranger-{name}", host="wrong.invalid")

    assert status != 200
    assert "page of" not in text


def reality_row(network: str, *, port: int) -> dict:
    stream = {
        "network": network,
        "security": "reality",
        **TRANSPORTS[network],
        **security_settings("reality", certificate=None, target_port=port),
    }
    return panel_row(protocol="vless", port=port, stream=stream, flow="")


@pytest.mark.parametrize("network", ["ws", "httpupgrade"])
def test_we_refuse_a_link_where_xray_refuses_reality(network, tmp_path):
    [port] = xray.free_ports(1)
    row = reality_row(network, port=port)

    with pytest.raises(LinkError, match="REALITY does not run"):
        make_links(read_inbound(row), client=CLIENT, host="127.0.0.1")
    with (
        pytest.raises(RuntimeError, match=r"did not start \(23\)"),
        xray.running(xray.server_config([row], page_port=port), log=tmp_path / "log"),
    ):
        pass


def test_the_same_inbound_starts_over_plain_tcp(tmp_path):
    [port] = xray.free_ports(1)
    row = reality_row("tcp", port=port)

    with xray.running(xray.server_config([row], page_port=port), log=tmp_path / "log") as process:
        assert process.poll() is None


def test_a_link_that_an_app_reads_from_us_opens_what_the_panel_runs(shop_panel, client, tmp_path):
    """From the shop's row to the panel, back as a mirrored inbound, out to the app, and through."""
    panel = shop_panel("g2")
    inbound = Inbound.objects.get(panel=panel.pk, network="xhttp")
    config = make_config(panel, inbound=inbound)
    panel.settle()
    [server_port, proxy_port] = xray.free_ports(2)
    [running] = [i for i in panel.connect().list_inbounds() if i.id == inbound.external_id]
    row = {
        "protocol": running.protocol,
        "port": server_port,
        "settings": running.settings,
        "streamSettings": running.stream_settings,
    }
    # The panel names a port that only one of all tests could listen on.
    Inbound.objects.filter(pk=inbound.pk).update(port=server_port, mirrored_at=timezone.now())

    answer = client.get(f"/sub/{config.subscription.token}")

    [link] = parse_links(answer.content.decode())
    assert (link.secret, link.host) == (config.secret, "127.0.0.1")
    with (
        page_server() as page_port,
        xray.running(xray.server_config([row], page_port=page_port), log=tmp_path / "server.log"),
        xray.running(xray.client_config({proxy_port: link}), log=tmp_path / "client.log"),
    ):
        assert xray.fetch(proxy_port=proxy_port, host="shop.invalid") == (
            200,
            "page of shop.invalid",
        )
