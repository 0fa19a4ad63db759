"""``/control/…`` on the wire: JSON in, JSON out, 400 for what makes no sense."""

from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any

from aiohttp import web

from sandbox.core import SANDBOX, Sandbox

from . import avito, faults, telegram, vpn, world, xui
from .bodies import Body, ControlError, read_body

Json = dict[str, Any]
Action = Callable[[Sandbox, Body], Any]
PlacedAction = Callable[[Sandbox, web.Request, Body], Any]
View = Callable[[Sandbox, web.Request], Any]

# A later stand-in joins with a module of its own beside these.
_ACTIONS: dict[str, Action] = {
    **world.ACTIONS,
    **faults.ACTIONS,
    **telegram.ACTIONS,
    **avito.ACTIONS,
    **xui.ACTIONS,
    **vpn.ACTIONS,
}
# Actions on what their path names.
_PLACED_ACTIONS: dict[str, PlacedAction] = {**xui.PLACED_ACTIONS}
_VIEWS: dict[str, View] = {
    **world.VIEWS,
    **faults.VIEWS,
    **telegram.VIEWS,
    **avito.VIEWS,
    **xui.VIEWS,
}


def add_routes(app: web.Application) -> None:
    for path, action in _ACTIONS.items():
        app.router.add_post(f"/control/{path}", _posted(_anywhere(action)))
    for path, placed in _PLACED_ACTIONS.items():
        app.router.add_post(f"/control/{path}", _posted(placed))
    for path, view in _VIEWS.items():
        app.router.add_get(f"/control/{path}", _viewed(view))
    app.router.add_delete("/control/faults", _viewed(faults.clear))
    app.router.add_route("*", "/control/{path:.*}", _unknown)


def _anywhere(action: Action) -> PlacedAction:
    return lambda sandbox, request, body: action(sandbox, body)


def _posted(action: PlacedAction) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        try:
            body = await read_body(request)
            result = action(request.app[SANDBOX], request, body)
            if isawaitable(result):
                result = await result
        except ControlError as error:
            return _refused(error)
        return web.json_response(result)

    return handle


def _viewed(view: View) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        try:
            result = view(request.app[SANDBOX], request)
        except ControlError as error:
            return _refused(error)
        return result if isinstance(result, web.Response) else web.json_response(result)

    return handle


def _refused(error: ControlError) -> web.Response:
    return web.json_response({"error": str(error)}, status=error.status)


async def _unknown(request: web.Request) -> web.Response:
    return web.json_response({"error": f"there is no {request.path}"}, status=404)
