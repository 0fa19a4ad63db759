"""Sign-in data as Telegram signs it: a Mini App's initData and the Login Widget's fields."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sandbox.core import Sandbox
from sandbox.telegram.state import Bot, User

from .bodies import Body
from .lookups import find_bot, obtain_user

Json = dict[str, Any]

# Stands for Telegram's own key, so that a site knows it before the sandbox runs. It is no secret:
# only a site that is told of the sandbox trusts it.
_TELEGRAM = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"sandbox: Telegram").digest())
PUBLIC_KEY = _TELEGRAM.public_key().public_bytes_raw().hex()


def init_data(sandbox: Sandbox, body: Body) -> Json:
    """``{init_data}``: a query string signed with the bot's token, ``auth_date`` now by default."""
    bot, user, auth_date = _signed_for(sandbox, body)
    start_param = body.text("start_param", None)
    body.done()
    person = {**user.as_user(), "allows_write_to_pm": True}
    del person["is_bot"]
    fields = {
        "query_id": f"AA{secrets.token_urlsafe(16)}",
        # The original escapes slashes; whoever rebuilds the JSON gets another text.
        "user": json.dumps(person, ensure_ascii=False, separators=(",", ":")).replace("/", "\\/"),
        "auth_date": str(auth_date),
    }
    if start_param is not None:
        fields["start_param"] = start_param
    # The HMAC covers this field too.
    fields["signature"] = _sign_for_third_parties(bot.id, fields)
    secret = hmac.digest(b"WebAppData", bot.token.encode(), "sha256")
    fields["hash"] = _sign(secret, fields)
    return {"init_data": urlencode(fields)}


def widget(sandbox: Sandbox, body: Body) -> Json:
    """``{widget, query}``: the widget's signed fields, as an object and as a query string."""
    bot, user, auth_date = _signed_for(sandbox, body)
    body.done()
    known = user.as_user()
    names = ("id", "first_name", "last_name", "username")
    fields: Json = {name: known[name] for name in names if name in known}
    fields["auth_date"] = auth_date
    fields["hash"] = _sign(hashlib.sha256(bot.token.encode()).digest(), fields)
    return {"widget": fields, "query": urlencode(fields)}


def third_party_key(_sandbox: Sandbox, _request: web.Request) -> Json:
    """``{public_key}``: the key that checks ``signature``, in hex."""
    return {"public_key": PUBLIC_KEY}


def _signed_for(sandbox: Sandbox, body: Body) -> tuple[Bot, User, int]:
    bot = find_bot(sandbox, body.raw("bot"))
    user = obtain_user(sandbox, body.raw("user"))
    return bot, user, body.integer("auth_date", int(time.time()), least=0)


def _sign_for_third_parties(bot_id: int, fields: Json) -> str:
    signature = _TELEGRAM.sign(f"{bot_id}:WebAppData\n{_lines(fields)}".encode())
    return base64.urlsafe_b64encode(signature).decode().rstrip("=")


def _lines(fields: Json) -> str:
    return "\n".join(f"{name}={fields[name]}" for name in sorted(fields))


def _sign(secret: bytes, fields: Json) -> str:
    return hmac.new(secret, _lines(fields).encode(), hashlib.sha256).hexdigest()
