"""``/avito/…`` on the wire."""

import http
import json
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from sandbox.allowances import Allowance
from sandbox.core import SANDBOX, Sandbox
from sandbox.faults import Fault, answer

from . import serving
from .calls import Call
from .errors import AvitoError, invalid, too_many_requests, unauthorized
from .operations import OPERATIONS, Operation
from .state import Account, Token

Json = dict[str, Any]

MESSENGER = "/avito/messenger/"
TOKEN_SECONDS = 86_400
TOKEN_NAMES = ("avito.token", "avito.getAccessToken")


def add_routes(app: web.Application) -> None:
    app.router.add_post("/avito/token", handle_token)
    for operation in OPERATIONS:
        app.router.add_route(operation.method, f"/avito{operation.path}", _handler(operation))
    serving.add_routes(app)
    app.router.add_route("*", "/avito/{path:.*}", handle_unknown)


def _handler(operation: Operation) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        return await handle_call(request, operation)

    return handle


async def handle_call(request: web.Request, operation: Operation) -> web.Response:
    """One call with a bearer, journaled, faulted and answered as Avito does."""
    sandbox = request.app[SANDBOX]
    path = {k: v for k, v in request.match_info.items() if k != "slash"}
    query = {name: request.query.getall(name) for name in request.query}
    params: Json = {**{k: _plain(v) for k, v in query.items()}, **path}
    if path.get("user_id", "").isdecimal():
        params["user_id"] = int(path["user_id"])
    entry = sandbox.journal.open(operation.names, params=params)
    token = sandbox.world.avito.tokens.get(_bearer(request))
    entry.account = token.user_id if token is not None else None

    async def apply() -> web.Response:
        try:
            account = _authorize(request, path)
            left = _spend(sandbox, account)
            call = Call(sandbox=sandbox, account=account, path=path, query=query, body=body)
            if problem is not None:
                raise problem
            result = await operation.handler(call)
        except AvitoError as error:
            return _refused(error)
        headers = {"X-RateLimit-Remaining": str(left)}
        if result is None:
            return web.Response(headers=headers)
        return web.json_response(result, headers=headers)

    body, problem = await _read_body(request, operation.body)
    entry.wire = await _wire(request, operation.body)
    entry.params = params | {name: _described(value) for name, value in body.items()}
    fault = sandbox.faults.strike(operation.names, entry.params)
    if fault is not None and fault.error == "token_expired":
        sandbox.world.avito.tokens.pop(_bearer(request), None)
    return await answer(request, entry=entry, fault=fault, apply=apply, refuse=_bent)


async def _wire(request: web.Request, kind: str) -> Json:
    is_text = kind == "json" and request.content_length is not None
    return {
        "method": request.method,
        "path": request.rel_url.raw_path.removeprefix("/avito"),
        "query": {name: request.query.getall(name) for name in request.query},
        "content_type": request.headers.get("Content-Type", ""),
        "body": (await request.read()).decode(errors="replace") if is_text else None,
    }


def _plain(values: list[str]) -> Any:
    return values[0] if len(values) == 1 else values


def _described(value: Any) -> Any:
    return {"size": len(value)} if isinstance(value, bytes) else value


def _bearer(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _authorize(request: web.Request, path: dict[str, str]) -> Account:
    state = request.app[SANDBOX].world.avito
    token = state.tokens.get(_bearer(request))
    if token is None or token.expires_at <= time.time():
        raise unauthorized("invalid access token")
    if path.get("user_id", str(token.user_id)) != str(token.user_id):
        raise AvitoError(403, "Forbidden")
    account = state.accounts[token.user_id]
    if account.refuse is not None and request.path.startswith(MESSENGER):
        raise AvitoError(account.refuse, http.HTTPStatus(account.refuse).phrase)
    return account


def _spend(sandbox: Sandbox, account: Account) -> int:
    rate = sandbox.settings.avito_per_second
    allowance = Allowance(key=("avito", account.user_id), per_second=rate, capacity=max(1.0, rate))
    retry_after = sandbox.allowances.spend(allowance)
    if retry_after:
        raise too_many_requests(retry_after)
    return sandbox.allowances.left(allowance)


async def _read_body(request: web.Request, kind: str) -> tuple[Json, AvitoError | None]:
    try:
        if kind == "json":
            return _json_body(await request.read()), None
        if kind == "form":
            return await _form_body(request), None
    except AvitoError as error:
        return {}, error
    return {}, None


def _json_body(content: bytes) -> Json:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        raise invalid(body="must be a JSON object") from None
    if not isinstance(body, dict):
        raise invalid(body="must be a JSON object")
    return body


async def _form_body(request: web.Request) -> Json:
    if request.content_type != "multipart/form-data":
        raise invalid(body="must be multipart/form-data")
    body: Json = {}
    for name, value in (await request.post()).items():
        if name in body:
            raise invalid(**{name: "must be given once"})
        body[name] = value.file.read() if isinstance(value, web.FileField) else value
    return body


def _refused(error: AvitoError) -> web.Response:
    return web.json_response(error.as_json(), status=error.code, headers=error.headers)


def _bent(fault: Fault) -> web.Response:
    if fault.error == "token_expired":
        return _refused(unauthorized("access token expired"))
    if fault.status == 429:
        return _refused(too_many_requests(fault.retry_after or 1))
    status = fault.status or (400 if fault.do == "error" else 500)
    try:
        phrase = http.HTTPStatus(status).phrase
    except ValueError:
        phrase = "Error"
    return _refused(AvitoError(status, fault.error or phrase, flat=status >= 502))


async def handle_token(request: web.Request) -> web.Response:
    """A bearer for a client's id and secret; earlier ones go on working."""
    sandbox = request.app[SANDBOX]
    form = request.content_type == "application/x-www-form-urlencoded"
    params: Json = dict(await request.post()) if form else {}
    account = sandbox.world.avito.account_of_client(str(params.get("client_id", "")))
    shown = {name: value for name, value in params.items() if name != "client_secret"}
    user_id = account.user_id if account is not None else None
    entry = sandbox.journal.open(TOKEN_NAMES, account=user_id, params=shown)

    async def apply() -> web.Response:
        try:
            return web.json_response(_issue_token(sandbox, account, params))
        except AvitoError as error:
            return _refused(error)

    fault = sandbox.faults.strike(TOKEN_NAMES, entry.params)
    return await answer(request, entry=entry, fault=fault, apply=apply, refuse=_bent)


def _issue_token(sandbox: Sandbox, account: Account | None, params: Json) -> Json:
    if set(params) - {"grant_type", "client_id", "client_secret"}:
        raise AvitoError(400, "unknown parameter", flat=True)
    if params.get("grant_type") != "client_credentials":
        raise AvitoError(400, "unsupported grant_type", flat=True)
    if account is None or params.get("client_secret") != account.client_secret:
        raise AvitoError(401, "invalid client_id or client_secret", flat=True)
    tokens = sandbox.world.avito.tokens
    now = time.time()
    for name in [name for name, token in tokens.items() if token.expires_at <= now]:
        del tokens[name]
    name = secrets.token_urlsafe(24)
    tokens[name] = Token(user_id=account.user_id, expires_at=now + TOKEN_SECONDS)
    account.tokens_issued += 1
    sandbox.changed()
    return {"access_token": name, "expires_in": TOKEN_SECONDS, "token_type": "Bearer"}


async def handle_unknown(request: web.Request) -> web.Response:
    """The refusal of an address that Avito does not have."""
    entry = request.app[SANDBOX].journal.open((f"avito.{request.match_info['path']}",))
    entry.status = 404
    return _refused(AvitoError(404, "Not found"))
