"""The inbounds of a new panel: one of each kind that is sold, with keys of its own."""

import base64
import secrets
import uuid
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

Json = dict[str, Any]

SNIFFING = {
    "enabled": True,
    "destOverride": ["http", "tls", "quic", "fakedns"],
    "metadataOnly": False,
    "routeOnly": False,
}


def default_inbounds() -> list[Json]:
    """Inbounds as ``inbounds/add`` takes them, each with one client so that none is empty."""
    return [
        _inbound("VLESS Reality", 443, "vless", _tcp(), _reality()),
        _inbound("VLESS WS", 8443, "vless", _path("ws", "/ws"), _tls("h2", "http/1.1")),
        _inbound("VLESS gRPC", 2083, "vless", _grpc(), _tls("h2")),
        _inbound("VLESS XHTTP", 2087, "vless", _xhttp(), {"security": "none"}),
        _inbound("VLESS HTTPUpgrade", 2052, "vless", _path("httpupgrade", "/up"), _plain()),
        _inbound("TROJAN", 9443, "trojan", _tcp(), _tls("h2", "http/1.1")),
    ]


def _inbound(remark: str, port: int, protocol: str, transport: Json, security: Json) -> Json:
    settings: Json = {"clients": [_anchor(port, protocol)], "fallbacks": []}
    if protocol == "vless":
        settings |= {"decryption": "none", "encryption": "none"}
    return {
        "remark": remark,
        "port": port,
        "protocol": protocol,
        "settings": settings,
        "streamSettings": {**transport, **security, "externalProxy": []},
        "sniffing": dict(SNIFFING),
    }


def _anchor(port: int, protocol: str) -> Json:
    secret = {"password": secrets.token_urlsafe(12)}
    if protocol == "vless":
        secret = {"id": str(uuid.uuid4()), "flow": "", "security": ""}
    return {
        **secret,
        "email": f"anchor-{port}",
        "limitIp": 0,
        "totalGB": 0,
        "expiryTime": 0,
        "enable": True,
        "tgId": 0,
        "subId": secrets.token_hex(8),
        "comment": "",
        "reset": 0,
    }


def _tcp() -> Json:
    return {
        "network": "tcp",
        "tcpSettings": {"acceptProxyProtocol": False, "header": {"type": "none"}},
    }


def _path(network: str, path: str) -> Json:
    options = {"acceptProxyProtocol": False, "path": path, "host": "", "headers": {}}
    if network == "ws":
        options["heartbeatPeriod"] = 0
    return {"network": network, f"{network}Settings": options}


def _grpc() -> Json:
    return {
        "network": "grpc",
        "grpcSettings": {"serviceName": "tunnel", "authority": "", "multiMode": False},
    }


def _xhttp() -> Json:
    return {
        "network": "xhttp",
        "xhttpSettings": {
            "path": "/x",
            "host": "",
            "headers": {},
            "mode": "auto",
            "noSSEHeader": False,
            "scMaxBufferedPosts": 30,
            "scMaxEachPostBytes": "1000000",
            "scStreamUpServerSecs": "20-80",
            "xPaddingBytes": "100-1000",
        },
    }


def _plain() -> Json:
    return {"security": "none"}


def _tls(*alpn: str) -> Json:
    certificate = {
        "certificateFile": "/root/cert/vpn.example/fullchain.pem",
        "keyFile": "/root/cert/vpn.example/privkey.pem",
        "ocspStapling": 3600,
        "oneTimeLoading": False,
        "usage": "encipherment",
        "buildChain": False,
    }
    return {
        "security": "tls",
        "tlsSettings": {
            "serverName": "vpn.example",
            "minVersion": "1.2",
            "maxVersion": "1.3",
            "cipherSuites": "",
            "rejectUnknownSni": False,
            "alpn": list(alpn),
            "certificates": [certificate],
            "settings": {"fingerprint": "chrome", "echConfigList": ""},
        },
    }


def _reality() -> Json:
    private, public = _key_pair()
    return {
        "security": "reality",
        "realitySettings": {
            "show": False,
            "xver": 0,
            "target": "www.example.com:443",
            "serverNames": ["www.example.com", "example.com"],
            "privateKey": private,
            "minClientVer": "",
            "maxClientVer": "",
            "maxTimediff": 0,
            "shortIds": [secrets.token_hex(size) for size in (8, 4, 2)],
            "mldsa65Seed": "",
            "settings": {
                "publicKey": public,
                "fingerprint": "chrome",
                "serverName": "",
                "spiderX": "/",
                "mldsa65Verify": "",
            },
        },
    }


def _key_pair() -> tuple[str, str]:
    key = X25519PrivateKey.generate()
    private = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return _text(private), _text(public)


def _text(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).decode().rstrip("=")
