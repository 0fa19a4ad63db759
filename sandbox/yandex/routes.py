"""``/yandex/…`` on the wire."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from sandbox.core import SANDBOX
from sandbox.faults import Fault, answer

from .calls import METHODS, Method, check
from .errors import YandexError, invalid
from .state import Bot

Json = dict[str, Any]

DESCRIPTIONS = {429: "Too many requests", 403: "Forbidden", 500: "Internal error"}


def add_routes(app: web.Application) -> None:
    for method in METHODS:
        for verb in method.verbs:
            app.router.add_route(verb, f"/yandex{method.path}", _handler(method))
    app.router.add_route("*", "/yandex/{path:.*}", handle_unknown)


def _handler(method: Method) -> Callable[[web.Request], Awaitable[web.Response]]:
    names = (f"yandex.{method.name}",)

    async def handle(request: web.Request) -> web.Response:
        sandbox = request.app[SANDBOX]
        bot = _find_bot(request)
        entry = sandbox.journal.open(names, account=bot.login if bot else None)
        body, problem = await _read_body(request)
        entry.params = body

        async def apply() -> web.Response:
            try:
                if bot is None:
                    raise YandexError(401, "Unauthorized")
                if problem is not None:
                    raise problem
                check(method, body)
                return web.json_response(method.handler(sandbox, bot, body))
            except YandexError as error:
                return _refused(error)

        fault = sandbox.faults.strike(names, body)
        return await answer(request, entry=entry, fault=fault, apply=apply, refuse=_bent)

    return handle


def _find_bot(request: web.Request) -> Bot | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    bots = request.app[SANDBOX].world.yandex.bots
    return bots.get(token.strip()) if scheme == "OAuth" else None


async def _read_body(request: web.Request) -> tuple[Json, YandexError | None]:
    if request.method == "GET":
        return {name: _number(value) for name, value in request.query.items()}, None
    if request.content_type != "application/json":
        return {}, YandexError(400, "Content-Type must be application/json")
    try:
        body = json.loads(await request.read() or b"{}")
    except (ValueError, RecursionError):
        return {}, invalid("body", "is not JSON")
    return (body, None) if isinstance(body, dict) else ({}, invalid("body", "is not an object"))


def _number(text: str) -> Any:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else text


def _refused(error: YandexError) -> web.Response:
    return web.json_response(error.as_json(), status=error.status, headers=error.headers)


def _bent(fault: Fault) -> web.Response:
    status = fault.status or 400
    headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else {}
    description = fault.error or DESCRIPTIONS.get(status, "Error")
    return _refused(YandexError(status, description, headers=headers))


async def handle_unknown(request: web.Request) -> web.Response:
    """The refusal of an address that the Bot API does not have."""
    entry = request.app[SANDBOX].journal.open((f"yandex.{request.match_info['path']}",))
    entry.status = 404
    return _refused(YandexError(404, "Invalid route"))
