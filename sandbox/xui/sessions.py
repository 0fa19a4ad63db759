"""Who calls: cookies, CSRF tokens, Bearer tokens, and signing in."""

import base64
import hashlib
import hmac
import json
import secrets
import struct
from typing import Any

from aiohttp import web

from . import tokens
from .state import Panel
from .wire import EmptyAnswer, envelope, language_of, say, succeeded

Json = dict[str, Any]

COOKIE = "3x-ui"
SESSION_SECONDS = 360 * 60
FAILURES, WINDOW_SECONDS, BLOCK_SECONDS = 5, 300, 900
TOTP_SECONDS = 30
READING = frozenset({"GET", "HEAD", "OPTIONS"})

WRONG = "Invalid username or password or two-factor code."
WELCOME = "You have successfully logged into your account."


def read_session(panel: Panel, request: web.Request) -> Json:
    """What the request's cookie holds; empty where there is none that this panel signed."""
    content, _, signature = request.cookies.get(COOKIE, "").rpartition(".")
    if not hmac.compare_digest(signature.encode(), _sign(panel, content).encode()):
        return {}
    session: Json = json.loads(base64.urlsafe_b64decode(content + "=" * (-len(content) % 4)))
    return session


def write_session(panel: Panel, response: web.Response, session: Json) -> None:
    """Put the session into the client's hands; the panel itself keeps none."""
    content = base64.urlsafe_b64encode(json.dumps(session).encode()).decode().rstrip("=")
    response.set_cookie(
        COOKIE,
        f"{content}.{_sign(panel, content)}",
        path=f"/xui/{panel.name}/",
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="Lax",
    )


def _sign(panel: Panel, content: str) -> str:
    return hmac.new(panel.secret.encode(), content.encode(), hashlib.sha256).hexdigest()


def is_signed_in(panel: Panel, session: Json) -> bool:
    """Whether the session was opened, by its fixed end and, from 3.0.2, by these credentials.

    Panels may honour the signature for longer than the cookie lives; the stricter reading is
    the one to be ready for.
    """
    if "user" not in session or panel.now() >= session["until"]:
        return False
    return not panel.facts.guarded or session["epoch"] == panel.epoch


def has_bearer(panel: Panel, request: web.Request) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return panel.facts.guarded and scheme == "Bearer" and tokens.opens(panel, token)


def authorize(panel: Panel, request: web.Request, *, form: Json) -> None:
    """Let the call through to the API.

    :raises EmptyAnswer: 404 or 401 for a stranger, a wrong token included; 403 for a cookie
        without its CSRF token.
    """
    if has_bearer(panel, request):
        return
    session = read_session(panel, request)
    if not is_signed_in(panel, session):
        is_ajax = request.headers.get("X-Requested-With") == "XMLHttpRequest"
        raise EmptyAnswer(401 if is_ajax and panel.facts.guarded else 404)
    check_csrf(panel, request, session, form=form)


def check_csrf(
    panel: Panel, request: web.Request, session: Json, *, form: Json | None = None
) -> None:
    """:raises EmptyAnswer: 403, the token of the session is not in the header or the form."""
    if not panel.facts.guarded or request.method in READING:
        return
    given = request.headers.get("X-CSRF-Token") or str((form or {}).get("_csrf", ""))
    if not session.get("csrf") or not hmac.compare_digest(given.encode(), session["csrf"].encode()):
        raise EmptyAnswer(403)


def give_csrf(panel: Panel, request: web.Request) -> web.Response:
    """The session's CSRF token, in a session made for it where there was none."""
    session = read_session(panel, request)
    session.setdefault("csrf", secrets.token_urlsafe(32))
    response = succeeded(session["csrf"])
    write_session(panel, response, session)
    return response


def sign_in(panel: Panel, request: web.Request, form: Json) -> web.Response:
    """A session for the right name, password and code; one and the same refusal for the rest.

    :raises EmptyAnswer: 403, the CSRF token of 3.x is missing.
    """
    session = read_session(panel, request)
    check_csrf(panel, request, session, form=form)
    language = language_of(request)
    key = f"{request.remote} {form.get('username', '')}"
    if _is_blocked(panel, key) or not _is_right(panel, form):
        _count_failure(panel, key)
        return envelope(success=False, msg=say(WRONG, language=language), obj=None)
    panel.failures.pop(key, None)
    session |= {
        "user": panel.username,
        "epoch": panel.epoch,
        "until": panel.now() + SESSION_SECONDS,
    }
    response = succeeded(None, message=WELCOME, language=language)
    write_session(panel, response, session)
    return response


def sign_out(panel: Panel, request: web.Request) -> web.Response:
    """A redirect to the sign-in page, with the session ended (2.x by GET, 3.x by POST).

    :raises EmptyAnswer: 403, the CSRF token of 3.x is missing.
    """
    check_csrf(panel, request, read_session(panel, request))
    response = web.Response(status=307, headers={"Location": f"/xui/{panel.name}/"})
    if panel.facts.guarded:
        response = succeeded(None)
    response.del_cookie(COOKIE, path=f"/xui/{panel.name}/")
    return response


def totp(secret: str, *, at: float) -> str:
    """The six digits that ``secret`` (base32) gives in the 30 seconds around ``at``."""
    counter = struct.pack(">Q", int(at // TOTP_SECONDS))
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def _is_right(panel: Panel, form: Json) -> bool:
    if (form.get("username"), form.get("password")) != (panel.username, panel.password):
        return False
    if panel.two_factor_secret is None:
        return True
    return form.get("twoFactorCode") == totp(panel.two_factor_secret, at=panel.now())


def _is_blocked(panel: Panel, key: str) -> bool:
    return panel.blocked_until.get(key, 0) > panel.now()


def _count_failure(panel: Panel, key: str) -> None:
    if not panel.facts.guarded or _is_blocked(panel, key):
        return
    now = panel.now()
    recent = [at for at in panel.failures.get(key, []) if at > now - WINDOW_SECONDS]
    panel.failures[key] = [*recent, now]
    if len(panel.failures[key]) >= FAILURES:
        panel.blocked_until[key] = now + BLOCK_SECONDS
        del panel.failures[key]
