"""A real Xray on loopback: server and client configurations, processes, a certificate."""

import contextlib
import datetime
import http.client
import ipaddress
import json
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from vpnconfigs.links.share import ShareLink

START = "import sys, xray; xray.startFromJSON(sys.stdin.read())"
# Start-up takes one to four seconds alone, more on a busy machine.
START_SECONDS = 40
TRIES = 2


def free_ports(count: int) -> list[int]:
    """All at once, so that none is given twice, and from below the range that calls out take."""
    found: list[int] = []
    with contextlib.ExitStack() as stack:
        for port in random.sample(range(20_000, 32_000), 12_000):
            probe = stack.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                found.append(port)
            if len(found) == count:
                return found
    raise RuntimeError("no free ports")


def make_certificate(folder: Path, *, name: str) -> tuple[Path, Path]:
    """A certificate that vouches for itself, and its key, as absolute paths."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_path, key_path = folder / "certificate.pem", folder / "key.pem"
    certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate_path.resolve(), key_path.resolve()


def fingerprint(certificate: Path) -> str:
    return (
        x509.load_pem_x509_certificate(certificate.read_bytes()).fingerprint(hashes.SHA256()).hex()
    )


def server_config(rows: list[dict], *, page_port: int) -> dict:
    """The panel's rows as Xray gets them. Whatever page is asked for, ours answers."""
    return {
        "log": {"loglevel": "info"},
        "inbounds": [
            {
                "listen": "127.0.0.1",
                "port": row["port"],
                "protocol": row["protocol"],
                "settings": row["settings"],
                "streamSettings": row["streamSettings"],
            }
            for row in rows
        ],
        "outbounds": [
            {
                "protocol": "freedom",
                "settings": {
                    "redirect": f"127.0.0.1:{page_port}",
                    "finalRules": [{"action": "allow", "ip": ["127.0.0.0/8"]}],
                },
            }
        ],
    }


def client_config(links: dict[int, ShareLink], *, certificate: Path | None = None) -> dict:
    """One local HTTP proxy for each link, by port; ``certificate`` is trusted, nothing else is."""
    return {
        "log": {"loglevel": "info"},
        "inbounds": [
            {"tag": f"in-{port}", "listen": "127.0.0.1", "port": port, "protocol": "http"}
            for port in links
        ],
        "outbounds": [
            {"tag": f"out-{port}", **outbound(link, certificate=certificate)}
            for port, link in links.items()
        ],
        "routing": {
            "rules": [
                {"inboundTag": [f"in-{port}"], "outboundTag": f"out-{port}"} for port in links
            ]
        },
    }


def outbound(link: ShareLink, *, certificate: Path | None) -> dict:
    """What a client app makes of a link. Written from Xray's documentation, not from our maker."""
    if link.protocol == "vless":
        user = {"id": link.secret, "encryption": link.params["encryption"]}
        if "flow" in link.params:
            user["flow"] = link.params["flow"]
        settings = {"vnext": [{"address": link.host, "port": link.port, "users": [user]}]}
    else:
        settings = {"servers": [{"address": link.host, "port": link.port, "password": link.secret}]}
    stream = {"network": link.network, "security": link.security, **_transport(link)}
    params = link.params
    if link.security == "tls":
        stream["tlsSettings"] = {
            "serverName": params.get("sni", ""),
            "fingerprint": params.get("fp", ""),
            "alpn": params["alpn"].split(",") if "alpn" in params else [],
        }
        if "pcs" in params:
            stream["tlsSettings"]["pinnedPeerCertSha256"] = params["pcs"]
        else:
            stream["tlsSettings"] |= {
                "disableSystemRoot": True,
                "certificates": [{"usage": "verify", "certificateFile": str(certificate)}],
            }
    if link.security == "reality":
        stream["realitySettings"] = {
            "serverName": params["sni"],
            "fingerprint": params["fp"],
            "publicKey": params["pbk"],
            "shortId": params.get("sid", ""),
            "spiderX": params["spx"],
        }
    return {"protocol": link.protocol, "settings": settings, "streamSettings": stream}


def _transport(link: ShareLink) -> dict:
    params = link.params
    way = {"path": params.get("path", ""), "host": params.get("host", "")}
    match link.network:
        case "ws":
            return {"wsSettings": way}
        case "httpupgrade":
            return {"httpupgradeSettings": way}
        case "xhttp":
            extra = json.loads(params.get("extra", "{}"))
            return {"xhttpSettings": {**way, "mode": params["mode"], "extra": extra}}
        case "grpc":
            return {
                "grpcSettings": {
                    "serviceName": params.get("serviceName", ""),
                    "authority": params.get("authority", ""),
                    "multiMode": params.get("mode") == "multi",
                }
            }
        case "tcp" if params.get("headerType") == "http":
            request = {"path": [params["path"]], "headers": {"Host": [params["host"]]}}
            return {"tcpSettings": {"header": {"type": "http", "request": request}}}
        case _:
            return {}


@contextlib.contextmanager
def running(config: dict, *, log: Path) -> Iterator[subprocess.Popen]:
    """Xray with this configuration, once all its ports answer."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", START],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            process.stdin.write(json.dumps(config).encode())
            process.stdin.close()
            for inbound in config["inbounds"]:
                _wait_for(inbound["port"], process=process, log=log)
            yield process
        finally:
            process.kill()
            process.wait(10)


def _wait_for(port: int, *, process: subprocess.Popen, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(
        f"Xray did not start ({process.poll()}): {log.read_text(errors='replace')[-2000:]}"
    )


def fetch(*, proxy_port: int, host: str) -> tuple[int, str]:
    """Ask a proxy for a page of a host that has no address: only the far end can answer.

    Asks again as a browser does: on a busy machine Xray drops about one connection in 300 before
    the answer, over any transport.
    """
    for _ in range(TRIES):
        status, text = _fetch_once(proxy_port=proxy_port, host=host)
        if status:
            break
    return status, text


def _fetch_once(*, proxy_port: int, host: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", proxy_port, timeout=10)
    # As a plain proxy Xray tells the page to hang up, and WebSocket then loses the last bytes.
    connection.set_tunnel(host, 80)
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except (OSError, http.client.HTTPException) as error:
        return 0, repr(error)
    finally:
        connection.close()
