"""Telegram's side of a sign-in: data signed by the sandbox, and by hand where it must be wrong."""

import base64
import hashlib
import hmac
import json
import time
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

TELEGRAM_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC_KEY = TELEGRAM_KEY.public_key().public_bytes_raw().hex()
USER = {"id": 500, "first_name": "Ivan", "username": "ivan", "language_code": "en"}


def lines(fields: dict) -> str:
    return "\n".join(f"{name}={fields[name]}" for name in sorted(fields))


def init_data(token: str, *, secret: bytes | None = None, user: object = USER, **fields) -> str:
    """Return initData as the owner of ``token`` can make it, whatever stands in it."""
    text = user if isinstance(user, str) else json.dumps(user, separators=(",", ":"))
    signed = {"auth_date": str(int(time.time())), "query_id": "AA1", "user": text, **fields}
    signed = {name: value for name, value in signed.items() if value is not None}
    secret = secret or hmac.digest(b"WebAppData", token.encode(), "sha256")
    signed["hash"] = hmac.new(secret, lines(signed).encode(), hashlib.sha256).hexdigest()
    return urlencode(signed)


def signed_init_data(bot_id: int, *, key=TELEGRAM_KEY, user: object = USER, **fields) -> str:
    """Return initData as Telegram signs it for third parties; its hash fits no token."""
    signed = {"auth_date": str(int(time.time())), "user": json.dumps(user), **fields}
    signature = key.sign(f"{bot_id}:WebAppData\n{lines(signed)}".encode())
    signed["signature"] = base64.urlsafe_b64encode(signature).decode().rstrip("=")
    return urlencode({**signed, "hash": "0" * 64})


def widget_data(token: str, **fields) -> dict:
    """Return the widget's fields, as JSON holds them."""
    signed = {"id": 500, "first_name": "Ivan", "auth_date": int(time.time()), **fields}
    secret = hashlib.sha256(token.encode()).digest()
    signed["hash"] = hmac.new(secret, lines(signed).encode(), hashlib.sha256).hexdigest()
    return signed
