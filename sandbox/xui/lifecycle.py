"""What happens to a panel as a whole: made, restarted, upgraded, put back."""

import json
import secrets
import time
from typing import Any

from sandbox.snapshot import dump, revive

from .inbounds import create_inbound
from .presets import default_inbounds
from .records import adopt_clients
from .state import Database, Panel

Json = dict[str, Any]


def make_panel(*, name: str, generation: str, inbounds: list[Json] | None) -> Panel:
    """A panel with credentials of its own and these inbounds, else one of each kind.

    :raises XuiError: an inbound cannot be read, or two have one port.
    """
    panel = Panel(
        name=name,
        generation=generation,
        username="admin",
        password=secrets.token_urlsafe(12),
    )
    for body in default_inbounds() if inbounds is None else inbounds:
        create_inbound(panel, body)
    back_up(panel)
    return panel


def back_up(panel: Panel) -> None:
    """Keep the database as it is now for ``restore``."""
    panel.backup = json.loads(dump(panel.database))


def restore(panel: Panel) -> None:
    """The database as it was backed up last: whoever came since is gone."""
    panel.database = revive(Database, panel.backup)
    panel.bytes_waiting.clear()
    _merge(panel)


def restart(panel: Panel, *, seconds: float) -> None:
    """Nobody answers for ``seconds``; what Xray had counted is lost, sessions stay."""
    panel.refuses_until = time.time() + seconds
    panel.started_at = panel.refuses_until
    panel.bytes_waiting.clear()
    panel.online = []


def set_power(panel: Panel, *, powered: bool) -> None:
    """Off, the machine refuses every connection and counts nothing; on, it is as it was left."""
    if powered and not panel.powered:
        panel.started_at = time.time()
    panel.powered = powered
    if not powered:
        panel.bytes_waiting.clear()
        panel.online = []


def reset_settings(panel: Panel) -> None:
    """The panel's settings as after the install: no session survives."""
    panel.secret = secrets.token_hex(24)
    panel.two_factor_secret = None
    panel.epoch += 1


def upgrade(panel: Panel, *, generation: str) -> None:
    """Another generation in place: the same inbounds, clients merged by e-mail from 3.1.0."""
    panel.generation = generation
    panel.epoch += 1
    _merge(panel)


def _merge(panel: Panel) -> None:
    if panel.facts.by_email:
        adopt_clients(panel.database, panel.database.inbounds.values())
