"""Bearer tokens: one in the settings of 3.0, a table of them from 3.1.0."""

import hashlib
import hmac
import secrets
from typing import Any

from .calls import Call
from .state import TOKEN_CHARS, ApiToken, Panel
from .wire import not_found, own_error

Json = dict[str, Any]

NAME_CHARS = 64
DEFAULT_NAME = "default"


def opens(panel: Panel, token: str) -> bool:
    """Whether the token is the panel's, and switched on where it can be switched off."""
    if not panel.facts.by_email:
        return hmac.compare_digest(token.encode(), panel.token.encode())
    digest = _digest(token)
    known = [row for row in table(panel).values() if row.enabled]
    return any(hmac.compare_digest(row.digest, digest) for row in known)


def table(panel: Panel) -> dict[int, ApiToken]:
    """The panel's tokens by number: at first the one that it was made with."""
    if panel.tokens is None:
        panel.tokens = {}
        _add(panel, DEFAULT_NAME, panel.token)
    return panel.tokens


def replace_default(panel: Panel, token: str) -> None:
    """Give the panel another token than the one it was made with."""
    old, panel.token = _digest(panel.token), token
    for row in (panel.tokens or {}).values():
        if row.digest == old:
            row.digest = _digest(token)


def _add(panel: Panel, name: str, token: str) -> ApiToken:
    tokens = table(panel)
    number = max(tokens, default=0) + 1
    tokens[number] = ApiToken(
        id=number, name=name, digest=_digest(token), created_at=int(panel.now())
    )
    return tokens[number]


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _shown(row: ApiToken) -> Json:
    names = ("id", "name", "enabled")
    return {**{name: getattr(row, name) for name in names}, "createdAt": row.created_at}


async def list_tokens(call: Call) -> list[Json]:
    """Names and numbers; no token is ever shown again."""
    return [_shown(row) for row in table(call.panel).values()]


async def create_token(call: Call) -> Json:
    """:raises XuiError: the name is missing, too long or taken."""
    name = str(call.body.get("name") or "").strip()
    if not name:
        raise own_error("token name is required")
    if len(name) > NAME_CHARS:
        raise own_error("token name must be 64 characters or fewer")
    if any(row.name == name for row in table(call.panel).values()):
        raise own_error("a token with that name already exists")
    token = secrets.token_hex(TOKEN_CHARS // 2)
    return {**_shown(_add(call.panel, name, token)), "token": token}


async def delete_token(call: Call) -> None:
    """:raises XuiError: there is none of this number."""
    if table(call.panel).pop(call.number("id"), None) is None:
        raise not_found()


async def set_enabled(call: Call) -> None:
    """:raises XuiError: there is none of this number."""
    row = table(call.panel).get(call.number("id"))
    if row is None:
        raise not_found()
    row.enabled = call.body.get("enabled") in (True, "true", "1")
