"""The world as a whole: reset, journal, state."""

from typing import Any

from aiohttp import web

from sandbox.core import Sandbox

from . import avito, telegram, xui, yandex
from .bodies import Body
from .queries import whole_number

Json = dict[str, Any]


def reset(sandbox: Sandbox, body: Body) -> Json:
    body.done()
    sandbox.reset()
    return {"ok": True}


def calls(sandbox: Sandbox, request: web.Request) -> list[Json]:
    """The journal: ``on`` (may end in ``*``), ``after`` a seq, at most ``limit`` latest ones."""
    return sandbox.journal.select(
        on=request.query.get("on") or "*",
        after=whole_number(request, "after", 0) or 0,
        limit=whole_number(request, "limit"),
    )


def state(sandbox: Sandbox, request: web.Request) -> Json:
    """Everything; with ``after`` = the revision seen last only that, while nothing has changed."""
    head: Json = {"revision": sandbox.world.revision, "last_seq": sandbox.journal.last_seq}
    if whole_number(request, "after") == sandbox.world.revision:
        return head
    return {
        **head,
        "telegram": telegram.state(sandbox),
        "avito": avito.state(sandbox),
        "xui": xui.state(sandbox),
        "yandex": yandex.state(sandbox),
        "yookassa": {},
        "mail": sandbox.world.mail,
        "faults": [fault.as_json() for fault in sandbox.faults.active],
    }


ACTIONS = {"reset": reset}
VIEWS = {"calls": calls, "state": state}
