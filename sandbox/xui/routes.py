"""``/xui/<panel>/…`` on the wire."""

import gzip
import http
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from sandbox.core import SANDBOX, Sandbox
from sandbox.faults import Fault, answer
from sandbox.journal import Entry

from . import counting, openapi, sessions, subscription
from .calls import Call
from .operations import find_operation
from .state import Panel
from .wire import (
    BAD_GATEWAY,
    EmptyAnswer,
    XuiError,
    envelope,
    language_of,
    refused,
    say,
    succeeded,
)

Json = dict[str, Any]
Apply = Callable[[], Awaitable[web.Response]]

API = "panel/api/"
# Errors that spoil the answer of a call that has been applied.
SPOILING = ("empty", "truncated", "broken_gzip", "bad_gateway")
GATEWAY_STATUSES = (502, 503, 504)


def add_routes(app: web.Application) -> None:
    app.router.add_route("*", "/xui/{panel}/{path:.*}", handle)


async def handle(request: web.Request) -> web.StreamResponse:
    """Whatever is asked of a panel; while it restarts or is off nobody answers."""
    sandbox = request.app[SANDBOX]
    panel = sandbox.world.xui.panels.get(request.match_info["panel"])
    if panel is None:
        return web.Response(status=404)
    if not panel.is_reachable:
        if request.transport is not None:
            request.transport.abort()
        return web.Response()
    counting.run_due_tick(panel)
    path = unquote(request.rel_url.raw_path).removeprefix(f"/xui/{panel.name}/")
    form, _, sub_id = path.partition("/")
    if form in subscription.FORMATS and sub_id:
        found = _subscription(panel, request, form=form, sub_id=sub_id)
        return await _journaled(sandbox, panel, request, *found)
    if path.startswith(API):
        return await _call_api(sandbox, panel, request, path.removeprefix(API))
    return await _call_door(sandbox, panel, request, path)


def _subscription(
    panel: Panel, request: web.Request, *, form: str, sub_id: str
) -> tuple[str, Json, Apply]:
    async def apply() -> web.Response:
        return subscription.answer(panel, request, form=form, sub_id=sub_id)

    return "subscription", {"subId": sub_id, "format": form}, apply


async def _call_door(
    sandbox: Sandbox, panel: Panel, request: web.Request, path: str
) -> web.Response:
    """Signing in and out: the routes that strangers may call."""
    form = await _read_body(request)
    signs_out = "POST" if panel.facts.guarded else "GET"
    doors: dict[tuple[str, str], tuple[str, Callable[[], web.Response]]] = {
        ("GET", ""): ("page", _show_page),
        ("POST", "login"): ("login", lambda: sessions.sign_in(panel, request, form)),
        (signs_out, "logout"): ("logout", lambda: sessions.sign_out(panel, request)),
        ("POST", "getTwoFactorEnable"): (
            "getTwoFactorEnable",
            lambda: _show_two_factor(panel, request),
        ),
    }
    if panel.facts.guarded:
        give = ("csrfToken", lambda: sessions.give_csrf(panel, request))
        doors["GET", "csrf-token"] = give
    name, open_door = doors.get((request.method, path), ("unknown", _no_route))

    async def apply() -> web.Response:
        return open_door()

    params = {k: v for k, v in form.items() if k == "username"}
    return await _journaled(sandbox, panel, request, name, params, apply)


def _show_two_factor(panel: Panel, request: web.Request) -> web.Response:
    sessions.check_csrf(panel, request, sessions.read_session(panel, request))
    return succeeded(panel.two_factor_secret is not None)


def _show_page() -> web.Response:
    return web.Response(text="<!doctype html><title>3X-UI</title>", content_type="text/html")


def _no_route() -> web.Response:
    raise EmptyAnswer(404)


async def _call_api(
    sandbox: Sandbox, panel: Panel, request: web.Request, path: str
) -> web.Response:
    if path == "openapi.json" and panel.facts.by_email and request.method == "GET":
        return await _journaled(sandbox, panel, request, *_openapi(panel, request))
    found = find_operation(generation=panel.generation, method=request.method, path=path)
    body, items = await _read_body(request), await _read_items(request)
    operation, names = found if found is not None else (None, {})
    name = operation.name if operation is not None else "unknown"
    query = dict(request.query)

    async def apply() -> web.Response:
        if operation is None:
            raise EmptyAnswer(404)
        sessions.authorize(panel, request, form=body)
        call = Call(
            panel=panel,
            host=request.url.host or "",
            path=names,
            query=query,
            body=body,
            items=items,
        )
        result = await operation.handler(call)
        if request.method != "GET":
            sandbox.changed()
        return succeeded(result, message=operation.message, language=language_of(request))

    params = {**body, **query, **names}
    params.setdefault("email", _email_in(body))
    return await _journaled(sandbox, panel, request, name, params, apply)


def _openapi(panel: Panel, request: web.Request) -> tuple[str, Json, Apply]:
    async def apply() -> web.Response:
        sessions.authorize(panel, request, form={})
        return web.json_response(openapi.describe(panel))

    return "openapi", {}, apply


def _email_in(body: Json) -> str | None:
    """The e-mail of the client that a body is about, for faults and journals."""
    client = body.get("client")
    if isinstance(client, dict):
        return client.get("email")
    try:
        settings = json.loads(body.get("settings", ""))
        email: str | None = settings["clients"][0]["email"]
    except (ValueError, KeyError, TypeError, IndexError):
        return None
    return email


async def _journaled(
    sandbox: Sandbox, panel: Panel, request: web.Request, name: str, params: Json, apply: Apply
) -> web.Response:
    """The call in the journal, refused or spoilt by a fault, or answered."""
    names = (f"xui.{name}",)
    shown = {"panel": panel.name, **{k: v for k, v in params.items() if v is not None}}
    entry = sandbox.journal.open(names, account=panel.name, params=shown)
    entry.wire = await _wire(request, panel, secret=name == "login")
    fault = sandbox.faults.strike(names, entry.params)
    language = language_of(request)

    async def settle() -> web.Response:
        try:
            return _packed(await apply(), request)
        except XuiError as error:
            return refused(error, language=language)
        except EmptyAnswer as error:
            return web.Response(status=error.status)

    if fault is not None and fault.error in SPOILING:
        return _spoilt(await settle(), entry=entry, how=fault.error)
    return await answer(
        request,
        entry=entry,
        fault=fault,
        apply=settle,
        refuse=lambda fault: _bent(fault, language=language),
    )


def _packed(response: web.Response, request: web.Request) -> web.Response:
    if response.body and "gzip" in request.headers.get("Accept-Encoding", ""):
        response.enable_compression(web.ContentCoding.gzip)
    return response


async def _wire(request: web.Request, panel: Panel, *, secret: bool) -> Json:
    is_text = request.content_type == "application/json" and not secret
    bearer, cookie = "Authorization" in request.headers, sessions.COOKIE in request.cookies
    return {
        "method": request.method,
        "path": request.rel_url.raw_path.removeprefix(f"/xui/{panel.name}"),
        "query": {name: request.query.getall(name) for name in request.query},
        "content_type": request.headers.get("Content-Type", ""),
        "body": (await request.read()).decode(errors="replace") if is_text else None,
        "signed_in_by": "bearer" if bearer else "cookie" if cookie else None,
    }


async def _read_body(request: web.Request) -> Json:
    """The fields of a JSON object or a form; empty where there are none."""
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.read() or b"{}")
        except (ValueError, RecursionError):
            return {}
        return body if isinstance(body, dict) else {}
    return dict(await request.post())


async def _read_items(request: web.Request) -> list[Any]:
    """The list that a JSON body is; empty where it is none."""
    if request.content_type != "application/json":
        return []
    try:
        body = json.loads(await request.read() or b"[]")
    except (ValueError, RecursionError):
        return []
    return body if isinstance(body, list) else []


def _spoilt(response: web.Response, *, entry: Entry, how: str) -> web.Response:
    entry.status = response.status
    if how == "empty":
        return web.Response()
    if how == "bad_gateway":
        return _gateway(502)
    text = response.text or ""
    if how == "broken_gzip":
        packed = gzip.compress(text.encode())
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        return web.Response(body=packed[: len(packed) // 2], headers=headers)
    return web.Response(text=text[: len(text) // 2], content_type="application/json")


def _bent(fault: Fault, *, language: str) -> web.Response:
    """A refusal by fault: a status, or an error's text in the envelope."""
    if fault.status is not None:
        if fault.status in GATEWAY_STATUSES:
            return _gateway(fault.status)
        return web.Response(status=fault.status)
    if fault.error == "no_cookie":
        text = say(sessions.WELCOME, language=language)
        return envelope(success=True, msg=text, obj=None)
    return refused(XuiError(fault.error or "injected"), language=language)


def _gateway(status: int) -> web.Response:
    phrase = http.HTTPStatus(status).phrase
    text = BAD_GATEWAY.format(status=status, phrase=phrase)
    return web.Response(status=status, text=text, content_type="text/html")
