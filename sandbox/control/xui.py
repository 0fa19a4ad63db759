"""Panels: made, looked at, and what happens to them."""

import re
from collections.abc import Callable
from typing import Any

from aiohttp import web

from sandbox.core import Sandbox
from sandbox.xui import counting, lifecycle, records, tokens
from sandbox.xui.inbounds import inbound_json
from sandbox.xui.state import GENERATIONS, Panel
from sandbox.xui.wire import XuiError

from .bodies import Body, ControlError

Json = dict[str, Any]

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
MONTH_SECONDS = 31 * 86_400
# Base32 of twenty bytes, as the panel makes them; opens nothing but the sandbox.
TWO_FACTOR_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105


def find_panel(sandbox: Sandbox, name: str) -> Panel:
    """:raises ControlError: there is none."""
    panel = sandbox.world.xui.panels.get(name)
    if panel is None:
        raise ControlError("unknown panel", status=404)
    return panel


def add_panel(sandbox: Sandbox, body: Body) -> Json:
    """A panel; one of a known name stays as it is, so that a demo may be loaded twice."""
    name, generation = body.text("name"), body.one_of("generation", GENERATIONS)
    inbounds = body.items("inbounds", None)
    body.done()
    if NAME.fullmatch(name) is None:
        raise ControlError("name must be of a-z, 0-9 and hyphens")
    panels = sandbox.world.xui.panels
    if name not in panels:
        try:
            panels[name] = lifecycle.make_panel(name=name, generation=generation, inbounds=inbounds)
        except (XuiError, AttributeError) as error:
            raise ControlError(f"inbounds: {error}") from None
        sandbox.changed()
    return _credentials(sandbox, panels[name])


def show_panel(sandbox: Sandbox, request: web.Request) -> Json:
    """The panel with its credentials, inbounds and clients, whatever its generation shows."""
    panel = find_panel(sandbox, request.match_info["name"])
    counting.run_due_tick(panel)
    return {
        **_credentials(sandbox, panel),
        **_condition(panel),
        "now_ms": panel.now_ms(),
        "online": list(panel.online),
        "inbounds": [inbound_json(panel, i) for i in panel.database.inbounds.values()],
        "clients": _clients(panel),
    }


def _condition(panel: Panel) -> Json:
    return {
        "powered": panel.powered,
        "reachable": panel.is_reachable,
        "xray_running": panel.xray_running,
    }


def _clients(panel: Panel) -> list[Json]:
    """Each client once for each inbound that it is on, its counters beside its fields."""
    return [
        {
            "inbound_id": inbound.id,
            **client,
            "stats": _stats(panel, client),
        }
        for inbound in panel.database.inbounds.values()
        for client in (
            records.clients_in(panel.database, inbound) if panel.facts.by_email else inbound.clients
        )
    ]


def _stats(panel: Panel, client: Json) -> Json | None:
    row = panel.database.traffic.get(client.get("email", ""))
    return counting.row_json(panel, row, client=client) if row is not None else None


def _credentials(sandbox: Sandbox, panel: Panel) -> Json:
    url = f"{sandbox.base_url}/xui/{panel.name}/"
    shown: Json = {
        "name": panel.name,
        "generation": panel.generation,
        "version": panel.facts.version,
        "url": url,
        "sub_url": f"{url}sub/",
        "username": panel.username,
        "password": panel.password,
        "two_factor_secret": panel.two_factor_secret,
    }
    return shown | ({"token": panel.token} if panel.facts.guarded else {})


def tick(sandbox: Sandbox, panel: Panel, body: Body) -> None:
    """The clock goes on by ``seconds`` (else by one period) and the job runs once."""
    seconds = body.number("seconds", panel.facts.tick_seconds, most=12 * MONTH_SECONDS)
    body.done()
    panel.clock_ahead += seconds
    counting.tick(panel)


def set_clock(sandbox: Sandbox, panel: Panel, body: Body) -> None:
    """``seconds`` forward, without the job; ``frozen`` stops the clock or lets it go on."""
    seconds = body.number("seconds", 0, most=12 * MONTH_SECONDS)
    frozen = body.flag("frozen", panel.frozen_at is not None)
    body.done()
    panel.clock_ahead += seconds
    if frozen != (panel.frozen_at is not None):
        now = panel.now()
        panel.frozen_at = now - panel.clock_ahead if frozen else None
        panel.clock_ahead += now - panel.now()


def add_traffic(sandbox: Sandbox, panel: Panel, body: Body) -> None:
    """Bytes through Xray; the next tick counts them.

    :raises ControlError: Xray stands, or lets nobody of this e-mail in.
    """
    email = body.text("email")
    up, down = body.integer("up", 0, least=0), body.integer("down", 0, least=0)
    body.done()
    row = panel.database.traffic.get(email)
    if row is None:
        raise ControlError("unknown email", status=404)
    if not (panel.lets_bytes_through and row.enable):
        raise ControlError("Xray does not let this client in", status=409)
    waiting = panel.bytes_waiting.setdefault(email, [0, 0])
    waiting[0] += up
    waiting[1] += down


def restart(sandbox: Sandbox, panel: Panel, body: Body) -> None:
    seconds = body.number("seconds", 1.0)
    body.done()
    lifecycle.restart(panel, seconds=seconds)


def set_settings(sandbox: Sandbox, panel: Panel, body: Body) -> None:
    """New credentials, two-factor on or off; ``reset`` ends every session with the secret."""
    username = body.text("username", panel.username)
    password = body.text("password", panel.password)
    token = body.text("token", panel.token)
    two_factor = body.flag("two_factor", panel.two_factor_secret is not None)
    is_reset = body.flag("reset", False)
    body.done()
    if is_reset:
        lifecycle.reset_settings(panel)
    if (username, password) != (panel.username, panel.password):
        panel.epoch += 1
    panel.username, panel.password = username, password
    tokens.replace_default(panel, token)
    panel.two_factor_secret = TWO_FACTOR_SECRET if two_factor else None


def upgrade(sandbox: Sandbox, panel: Panel, body: Body) -> None:
    """A later generation in place, the latest where none is named."""
    order = list(GENERATIONS)
    generation = body.one_of("generation", order, order[-1])
    body.done()
    if order.index(generation) < order.index(panel.generation):
        raise ControlError("a panel does not go back")
    lifecycle.upgrade(panel, generation=generation)


def set_xray(sandbox: Sandbox, panel: Panel, body: Body) -> None:
    panel.xray_running = body.flag("running")
    body.done()
    if not panel.xray_running:
        panel.bytes_waiting.clear()


def set_power(sandbox: Sandbox, panel: Panel, body: Body) -> None:
    powered = body.flag("on")
    body.done()
    lifecycle.set_power(panel, powered=powered)


def _plain(act: Callable[[Panel], None]) -> "PanelAction":
    def action(sandbox: Sandbox, panel: Panel, body: Body) -> None:
        body.done()
        act(panel)

    return action


def on_panel(
    action: "PanelAction",
) -> Callable[[Sandbox, web.Request, Body], Json]:
    """``action`` on the panel in the path; the panel's credentials come back."""

    def act(sandbox: Sandbox, request: web.Request, body: Body) -> Json:
        panel = find_panel(sandbox, request.match_info["name"])
        action(sandbox, panel, body)
        sandbox.changed()
        return _credentials(sandbox, panel)

    return act


def state(sandbox: Sandbox) -> Json:
    panels = sandbox.world.xui.panels.values()
    return {"panels": [_summary(sandbox, panel) for panel in panels]}


def _summary(sandbox: Sandbox, panel: Panel) -> Json:
    return {
        **_credentials(sandbox, panel),
        **_condition(panel),
        "inbounds": len(panel.database.inbounds),
        "clients": len(panel.database.traffic),
        "online": len(panel.online),
    }


PanelAction = Callable[[Sandbox, Panel, Body], None]
ACTIONS = {"xui/panels": add_panel}
VIEWS: dict[str, Callable[[Sandbox, web.Request], Any]] = {"xui/panels/{name}": show_panel}
_ON_PANEL: dict[str, PanelAction] = {
    "tick": tick,
    "clock": set_clock,
    "traffic": add_traffic,
    "restart": restart,
    "power": set_power,
    "settings": set_settings,
    "xray": set_xray,
    "upgrade": upgrade,
    "backup": _plain(lifecycle.back_up),
    "restore": _plain(lifecycle.restore),
}
PLACED_ACTIONS = {f"xui/panels/{{name}}/{n}": on_panel(a) for n, a in _ON_PANEL.items()}
