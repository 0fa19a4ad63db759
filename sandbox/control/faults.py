"""Faults, switched on and off."""

from typing import Any

from aiohttp import web

from sandbox.core import Sandbox
from sandbox.faults import DELIVERY_ONLY, KINDS

from .bodies import Body, ControlError

Json = dict[str, Any]

AREAS = ("telegram", "avito", "xui", "yandex")
DELIVERIES = ("telegram.webhook", "avito.webhook", "yandex.webhook")


def switch_on(sandbox: Sandbox, body: Body) -> Json:
    on = body.text("on")
    _check_target(on)
    do = body.one_of("do", KINDS)
    if do in DELIVERY_ONLY and not on.endswith("*") and on not in DELIVERIES:
        raise ControlError(f"{do} strikes {' and '.join(DELIVERIES)} only")
    options: Json = {
        "times": body.integer("times", None, least=1),
        "rate": body.number("rate", 1.0, most=1),
        "where": body.mapping("where", {}),
        "status": body.integer("status", None),
        "retry_after": body.integer("retry_after", None, least=0),
        "seconds": body.number("seconds", None),
        "error": body.text("error", None),
    }
    body.done()
    if options["status"] is not None and not 400 <= options["status"] <= 599:
        raise ControlError("status must be from 400 to 599")
    if do == "status" and options["status"] is None:
        raise ControlError("status is required")
    fault = sandbox.faults.add(on=on, do=do, **options)
    sandbox.changed()
    return fault.as_json()


def _check_target(on: str) -> None:
    area = on.partition(".")[0]
    if area not in AREAS and not (on.endswith("*") and "." not in on):
        raise ControlError(f"on must begin with {' or '.join(f'{a}.' for a in AREAS)}, or be *")


def show(sandbox: Sandbox, request: web.Request) -> list[Json]:
    return [fault.as_json() for fault in sandbox.faults.active]


def clear(sandbox: Sandbox, request: web.Request) -> Json:
    """Switch off all, or with ``?on=`` those set for exactly that."""
    sandbox.faults.clear(on=request.query.get("on"))
    sandbox.changed()
    return {"ok": True}


ACTIONS = {"faults": switch_on}
VIEWS = {"faults": show}
