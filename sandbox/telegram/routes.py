"""``/telegram/…`` on the wire."""

import http
import time
from typing import Any

from aiohttp import web

from sandbox.core import SANDBOX, Sandbox
from sandbox.faults import Fault, answer

from .dispatch import execute
from .errors import BotApiError, too_many_requests
from .params import Raw, journaled, parse, read_raw
from .table import CANONICAL


def add_routes(app: web.Application) -> None:
    app.router.add_route("*", "/telegram/bot{token:[^/]+}/{method:[^/]*}", handle_call)
    app.router.add_get("/telegram/file/bot{token:[^/]+}/{path:.+}", serve_file)


async def handle_call(request: web.Request) -> web.Response:
    """One call of a bot, journaled, faulted and answered as the Bot API does."""
    sandbox = request.app[SANDBOX]
    token = request.match_info["token"]
    given = request.match_info["method"]
    method = CANONICAL.get(given.lower())
    entry = sandbox.journal.open((f"telegram.{method or given}",), account=token)
    refusal: BotApiError | None = None
    params: Raw = {}
    try:
        raw = await read_raw(request)
        entry.params = journaled(raw)
        params = _checked(request, method, raw)
        entry.params = journaled(params)
    except BotApiError as error:
        refusal = error

    async def apply() -> web.Response:
        if refusal is not None or method is None:
            return _refused(refusal or BotApiError(404, "Not Found: method not found"))
        try:
            bot = sandbox.world.telegram.bots[token]
            return _json(200, await execute(sandbox, bot, method, params))
        except BotApiError as error:
            return _refused(error)

    fault = sandbox.faults.strike(entry.names, entry.params)
    return await answer(request, entry=entry, fault=fault, apply=apply, refuse=_bent)


def _checked(request: web.Request, method: str | None, raw: Raw) -> Raw:
    sandbox = request.app[SANDBOX]
    if request.method not in ("GET", "POST"):
        raise BotApiError(405, "Method Not Allowed")
    if request.match_info["token"] not in sandbox.world.telegram.bots:
        raise BotApiError(401, "Unauthorized")
    if method is None:
        raise BotApiError(404, "Not Found: method not found")
    return parse(method, raw)


def _json(status: int, body: dict[str, Any]) -> web.Response:
    return web.json_response(body, status=status)


def _refused(error: BotApiError) -> web.Response:
    headers = {}
    if error.parameters and "retry_after" in error.parameters:
        headers["Retry-After"] = str(error.parameters["retry_after"])
    return web.json_response(error.as_json(), status=error.code, headers=headers)


def _bent(fault: Fault) -> web.Response:
    if fault.status == 429:
        return _refused(too_many_requests(fault.retry_after or 1))
    if fault.do == "error":
        description = fault.error or "Bad Request"
        return _refused(BotApiError(fault.status or _code_of(description), description))
    status = fault.status or 500
    if status in (502, 503, 504):
        # These come from the balancer before the Bot API: a page, no JSON.
        phrase = http.HTTPStatus(status).phrase
        page = f"<html><head><title>{status} {phrase}</title></head></html>"
        return web.Response(status=status, text=page, content_type="text/html")
    return _refused(BotApiError(status, _phrase(status)))


_CODES = {
    "Unauthorized": 401,
    "Forbidden": 403,
    "Not Found": 404,
    "Conflict": 409,
    "Too Many Requests": 429,
    "Internal Server Error": 500,
}


def _code_of(description: str) -> int:
    return _CODES.get(description.partition(":")[0], 400)


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Error"


async def serve_file(request: web.Request) -> web.Response:
    """The content behind a ``file_path`` of getFile, for an hour after that call.

    Journaled and faulted as ``telegram.file``.
    """
    sandbox = request.app[SANDBOX]
    token, path = request.match_info["token"], request.match_info["path"]
    entry = sandbox.journal.open(("telegram.file",), account=token, params={"file_path": path})

    async def apply() -> web.Response:
        return _served(sandbox, token, path)

    fault = sandbox.faults.strike(entry.names, entry.params)
    return await answer(request, entry=entry, fault=fault, apply=apply, refuse=_bent)


def _served(sandbox: Sandbox, token: str, path: str) -> web.Response:
    state = sandbox.world.telegram
    if token not in state.bots:
        return _refused(BotApiError(401, "Unauthorized"))
    now = time.time()
    found = (f for f in state.files.values() if f.path == path and f.served_until > now)
    stored = next(found, None)
    content = sandbox.files.get(stored.unique_id) if stored is not None else None
    if content is None:
        return _refused(BotApiError(404, "Not Found"))
    # The original does not tell the type either.
    return web.Response(body=content, content_type="application/octet-stream")
