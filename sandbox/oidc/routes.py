"""``/oidc``: "Log in with Telegram". One page, one button; any person of the world signs in."""

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass, field
from functools import cache
from html import escape
from typing import Any
from urllib.parse import urlencode

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from sandbox.core import SANDBOX, Sandbox
from sandbox.telegram.state import User

Json = dict[str, Any]

KEY_ID = "sandbox"
CODE_SECONDS = 60
TOKEN_SECONDS = 600
# Whatever BotFather would have said.
SECRET_PREFIX = "sandbox-secret-of-"  # noqa: S105  opens nothing but the sandbox
_NEEDED = ("client_id", "redirect_uri", "state", "code_challenge")


@dataclass(frozen=True)
class Grant:
    """What a code stands for."""

    user: User
    client_id: str
    redirect_uri: str
    challenge: str
    nonce: str
    until: float


@dataclass
class OidcState:
    """Codes that nobody has come for yet."""

    grants: dict[str, Grant] = field(default_factory=dict)


STATE: web.AppKey[OidcState] = web.AppKey("oidc", OidcState)


def add_routes(app: web.Application) -> None:
    app[STATE] = OidcState()
    app.router.add_get("/oidc/.well-known/openid-configuration", show_discovery)
    app.router.add_get("/oidc/auth", show_page)
    app.router.add_post("/oidc/auth", press_button)
    app.router.add_post("/oidc/token", give_token)
    app.router.add_get("/oidc/jwks", show_keys)


async def show_discovery(request: web.Request) -> web.Response:
    issuer = _issuer(request.app[SANDBOX])
    return web.json_response(
        {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/auth",
            "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/jwks",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "profile", "phone", "telegram:bot_access"],
        }
    )


async def show_page(request: web.Request) -> web.Response:
    """The page with the button, or 400 for a question that makes no sense."""
    query = request.query
    wrong = _find_fault(query)
    if wrong:
        return web.Response(status=400, text=wrong)
    hidden = "".join(
        f'<input type=hidden name="{escape(name)}" value="{escape(value)}">'
        for name, value in query.items()
    )
    people = request.app[SANDBOX].world.telegram.users.values()
    options = "".join(
        f"<option value={user.id}>{escape(user.first_name)} ({user.id})</option>" for user in people
    )
    page = (
        "<!doctype html><html lang=ru><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width'><title>Telegram</title>"
        "<link rel=icon href=/static/icon.svg>"
        "<link rel=stylesheet href=/static/mail.css><main><h1>Telegram</h1>"
        f"<form method=post action=/oidc/auth>{hidden}"
        f"<p><label>Кто входит / Who signs in <select name=user>{options}</select></label></p>"
        "<p><button data-testid=oidc-confirm>Войти / Log in</button></p></form></main></html>"
    )
    return web.Response(text=page, content_type="text/html")


async def press_button(request: web.Request) -> web.Response:
    """Send the browser back with a code for the chosen person."""
    form = {name: str(value) for name, value in (await request.post()).items()}
    wrong = _find_fault(form)
    user = request.app[SANDBOX].world.telegram.users.get(_number(form.get("user", "")))
    if wrong or user is None:
        return web.Response(status=400, text=wrong or "there is no such person")
    code = secrets.token_urlsafe(24)
    request.app[STATE].grants[code] = Grant(
        user=user,
        client_id=form["client_id"],
        redirect_uri=form["redirect_uri"],
        challenge=form["code_challenge"],
        nonce=form.get("nonce", ""),
        until=time.time() + CODE_SECONDS,
    )
    query = urlencode({"code": code, "state": form["state"]})
    raise web.HTTPFound(f"{form['redirect_uri']}?{query}")


async def give_token(request: web.Request) -> web.Response:
    """Swap a code for an id token: once, for who asked, with the verifier of its challenge."""
    form = await request.post()
    grant = request.app[STATE].grants.pop(str(form.get("code", "")), None)
    if grant is None or grant.until < time.time():
        return _refuse("invalid_grant")
    if request.headers.get("Authorization") != _basic(grant.client_id):
        return _refuse("invalid_client", status=401)
    digest = hashlib.sha256(str(form.get("code_verifier", "")).encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    if challenge != grant.challenge or form.get("redirect_uri") != grant.redirect_uri:
        return _refuse("invalid_grant")
    claims = _claims(request.app[SANDBOX], grant)
    token = jwt.encode(claims, _private_key(), algorithm="RS256", headers={"kid": KEY_ID})
    return web.json_response(
        {
            "access_token": secrets.token_urlsafe(24),
            "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS,
            "id_token": token,
        }
    )


async def show_keys(request: web.Request) -> web.Response:
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(_private_key().public_key()))
    return web.json_response({"keys": [{**public, "kid": KEY_ID, "use": "sig", "alg": "RS256"}]})


def _claims(sandbox: Sandbox, grant: Grant) -> Json:
    now = int(time.time())
    user = grant.user
    claims = {
        "iss": _issuer(sandbox),
        "aud": grant.client_id,
        # Another number than the id, as at the original.
        "sub": hashlib.sha256(f"{grant.client_id}:{user.id}".encode()).hexdigest()[:16],
        "id": user.id,
        "name": user.first_name,
        "given_name": user.first_name,
        "family_name": user.last_name,
        "preferred_username": user.username,
        "nonce": grant.nonce or None,
        "iat": now,
        "exp": now + TOKEN_SECONDS,
    }
    return {name: value for name, value in claims.items() if value is not None}


def _find_fault(fields: Any) -> str:
    missing = [name for name in _NEEDED if not fields.get(name)]
    if missing:
        return f"{missing[0]} is required"
    if fields.get("response_type") != "code" or fields.get("code_challenge_method") != "S256":
        return "only the code flow with S256 is known here"
    return ""


def _issuer(sandbox: Sandbox) -> str:
    return f"{sandbox.base_url}/oidc"


def _basic(client_id: str) -> str:
    credentials = f"{client_id}:{SECRET_PREFIX}{client_id}"
    return f"Basic {base64.b64encode(credentials.encode()).decode()}"


def _refuse(error: str, *, status: int = 400) -> web.Response:
    return web.json_response({"error": error}, status=status)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else 0


@cache
def _private_key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)
