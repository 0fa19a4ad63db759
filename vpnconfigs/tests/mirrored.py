"""Panels as they were last mirrored, with configs on them: rows alone, no panel behind them."""

import uuid
from datetime import timedelta

from django.utils import timezone

from vpnconfigs.models import Config, Inbound, Panel
from vpnconfigs.services.subscriptions import subscription_of

REALITY = {
    "network": "tcp",
    "security": "reality",
    "tcpSettings": {"header": {"type": "none"}},
    "realitySettings": {
        "serverNames": ["front.example"],
        "shortIds": ["0123abcd"],
        "settings": {"publicKey": "p" * 43, "fingerprint": "chrome"},
    },
}
TLS = {
    "network": "ws",
    "security": "tls",
    "wsSettings": {"path": "/way", "host": "cdn.example"},
    "tlsSettings": {"serverName": "cdn.example", "settings": {"fingerprint": "chrome"}},
}


def make_inbound(name="de", *, panel=None, number=1, protocol="vless", stream=None, **fields):
    """An inbound on a panel of its own, or on the one given."""
    panel = panel or make_panel(name)
    made = REALITY if protocol == "vless" else TLS
    return Inbound.objects.create(
        panel=panel,
        external_id=number,
        protocol=protocol,
        network=(stream or made)["network"],
        security=(stream or made)["security"],
        port=440 + number,
        settings={"decryption": "none"} if protocol == "vless" else {},
        stream=made if stream is None else stream,
        remark=fields.pop("remark", f"{name} {number}"),
        mirrored_at=timezone.now(),
        **fields,
    )


def make_panel(name="de", **fields):
    values = {
        "url": f"https://{name}.example:2053/secret-path/",
        "public_host": f"{name}.vpn.example",
        "country": name.upper()[:2],
        "sealed_credentials": "sealed",
        "generation": Panel.Generation.G2,
    }
    return Panel.objects.create(name=name, **values | fields)


def make_config(user, inbound, *, days=30, **fields):
    """A config that works, on the panel as we want it, unless fields say otherwise."""
    secret = str(uuid.uuid4()) if inbound.protocol == "vless" else uuid.uuid4().hex
    values = {
        "name": "phone",
        "protocol": inbound.protocol,
        "email": f"d-{uuid.uuid4().hex[:12]}",
        "secret": secret,
        "sub_id": uuid.uuid4().hex[:16],
        "flow": "xtls-rprx-vision" if inbound.protocol == "vless" else "",
        "state": Config.State.ACTIVE,
        "valid_to": timezone.now() + timedelta(days=days) if days else None,
        "synced_revision": 1,
    }
    if "subscription" not in fields:
        values["subscription"] = subscription_of(user)
    return Config.objects.create(user=user, inbound=inbound, **values | fields)
