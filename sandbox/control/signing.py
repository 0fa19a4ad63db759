"""Sign-in data as Telegram signs it: a Mini App's initData and the Login Widget's fields."""

import hashlib
import hmac
import json
import secrets
import time
from typing import Any
from urllib.parse import urlencode

from sandbox.core import Sandbox
from sandbox.telegram.state import User

from .bodies import Body
from .lookups import find_bot, obtain_user

Json = dict[str, Any]


def init_data(sandbox: Sandbox, body: Body) -> Json:
    """``{init_data}``: a query string signed with the bot's token, ``auth_date`` now by default."""
    token, user, auth_date = _signed_for(sandbox, body)
    start_param = body.text("start_param", None)
    body.done()
    person = {**user.as_user(), "allows_write_to_pm": True}
    del person["is_bot"]
    fields = {
        "query_id": f"AA{secrets.token_urlsafe(16)}",
        # The original escapes slashes; whoever rebuilds the JSON gets another text.
        "user": json.dumps(person, ensure_ascii=False, separators=(",", ":")).replace("/", "\\/"),
        "auth_date": str(auth_date),
        # Only Telegram's own key could sign for third parties; the HMAC covers this field too.
        "signature": secrets.token_urlsafe(64),
    }
    if start_param is not None:
        fields["start_param"] = start_param
    secret = hmac.digest(b"WebAppData", token.encode(), "sha256")
    fields["hash"] = _sign(secret, fields)
    return {"init_data": urlencode(fields)}


def widget(sandbox: Sandbox, body: Body) -> Json:
    """``{widget, query}``: the widget's signed fields, as an object and as a query string."""
    token, user, auth_date = _signed_for(sandbox, body)
    body.done()
    known = user.as_user()
    names = ("id", "first_name", "last_name", "username")
    fields: Json = {name: known[name] for name in names if name in known}
    fields["auth_date"] = auth_date
    fields["hash"] = _sign(hashlib.sha256(token.encode()).digest(), fields)
    return {"widget": fields, "query": urlencode(fields)}


def _signed_for(sandbox: Sandbox, body: Body) -> tuple[str, User, int]:
    bot = find_bot(sandbox, body.raw("bot"))
    user = obtain_user(sandbox, body.raw("user"))
    return bot.token, user, body.integer("auth_date", int(time.time()), least=0)


def _sign(secret: bytes, fields: Json) -> str:
    lines = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
    return hmac.new(secret, lines.encode(), hashlib.sha256).hexdigest()
