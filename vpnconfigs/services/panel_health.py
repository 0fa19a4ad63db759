"""How the panels are: looked at side by side, and told of where a change is real."""

import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from config.lib.advisory import try_advisory_lock
from config.lib.errors import NotFoundError
from config.lib.http import OutsideError
from config.lib.logs import redact
from config.lib.queue import ring_on_commit
from integrations.services.secrets import SecretsUnavailableError
from integrations.xui.errors import AddressError, NotSignedInError, RefusedError
from integrations.xui.types import Inbound, Status
from vpnconfigs.models import Panel
from vpnconfigs.selectors.locks import lock_panel
from vpnconfigs.services.desired import SYNC
from vpnconfigs.services.mirroring import mirror_inbounds
from vpnconfigs.services.panel_clients import code_of, open_client
from vpnconfigs.services.turns import PANELS_AT_ONCE
from vpnconfigs.signals import panel_state_changed

logger = logging.getLogger(__name__)

LOOK = "vpnconfigs.look_at_panels"
ERROR_LENGTH = 300
State = Panel.State


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look at a panel has found.

    :param state: empty where it could not be asked for a reason of our own.
    :param inbounds: ``None`` where they were not asked for.
    """

    state: str
    latency_ms: int
    status: Status | None = None
    inbounds: Sequence[Inbound] | None = None
    error_code: str = ""
    error: str = ""


def look_at_panels() -> int:
    """Look at every panel that is looked after; return how many are in another state than before.

    Two that look at the same time would take one failure for two, so only one does.
    """
    with try_advisory_lock("vpn-look") as is_mine:
        panels = list(Panel.objects.filter(is_enabled=True)) if is_mine else []
        if not panels:
            return 0
        with ThreadPoolExecutor(PANELS_AT_ONCE, thread_name_prefix="look") as pool:
            looks = {pool.submit(ask, panel): panel for panel in panels}
            return sum(record_look(looks[look], look.result()) for look in as_completed(looks))


def ask(panel: Panel, *, with_inbounds: bool = False) -> Look:
    """Ask a panel how it is. Never raises and never touches the database.

    :param with_inbounds: ask for them also of a panel that was up when last seen.
    """
    began = time.perf_counter()
    try:
        client = open_client(panel)
        status = client.status()
        is_news = with_inbounds or panel.state != State.UP
        inbounds = client.list_inbounds() if is_news else None
    except (OutsideError, SecretsUnavailableError) as error:
        return _failed(error, latency_ms=_since(began))
    return Look(
        state=State.UP if status.is_healthy else State.XRAY_DOWN,
        latency_ms=_since(began),
        status=status,
        inbounds=inbounds,
        error_code="" if status.is_healthy else "xray_down",
        error="" if status.is_healthy else f"Xray: {redact(status.xray_state)}",
    )


@transaction.atomic
def record_look(asked: Panel, look: Look) -> bool:
    """Keep what a look has found; say whether that is another state than before.

    Nothing is kept of a look at an address or with credentials that have changed meanwhile.

    :param asked: the panel as it was when it was asked.
    """
    try:
        panel = lock_panel(asked.pk)
    except NotFoundError:
        return False
    if (panel.url, panel.sealed_credentials) != (asked.url, asked.sealed_credentials):
        return False
    before, after = panel.state, _next_state(panel, look)
    _note(panel, look)
    if look.inbounds is not None:
        mirror_inbounds(panel.pk, look.inbounds)
    if after != before:
        panel.state, panel.state_since = after, timezone.now()
    panel.save()
    if after == before:
        return False
    logger.warning("panel changed", extra={"panel_id": str(panel.pk), "state": after})
    panel_state_changed.send(sender=Panel, panel=panel, before=before, after=after)
    if after == State.UP:
        ring_on_commit(SYNC)
    return True


def _next_state(panel: Panel, look: Look) -> str:
    """A panel or its Xray restarts in seconds: only the second bad look in a row counts."""
    if not look.state:
        return panel.state
    was_bad = bool(panel.last_error_code)
    is_sure = look.state in (State.UP, State.REFUSED) or panel.state == State.NEW
    return look.state if is_sure or was_bad else panel.state


def _note(panel: Panel, look: Look) -> None:
    """The code is the last look's; words and time of the last error stay to be read later."""
    now = timezone.now()
    if look.state:
        panel.last_error_code = look.error_code
    if look.error_code:
        panel.last_error, panel.last_error_at = look.error[:ERROR_LENGTH], now
    if look.status is not None:
        panel.last_seen_at, panel.last_latency_ms = now, look.latency_ms
        panel.generation = look.status.generation
        panel.version = look.status.version[:32]
        panel.xray_version = look.status.xray_version[:32]


def _failed(error: OutsideError | SecretsUnavailableError, *, latency_ms: int) -> Look:
    if isinstance(error, SecretsUnavailableError):
        return Look(state="", latency_ms=latency_ms, error_code=error.error_code, error=str(error))
    is_no = isinstance(error, NotSignedInError | RefusedError)
    is_no = is_no and not isinstance(error, AddressError)
    return Look(
        state=State.REFUSED if is_no else State.DOWN,
        latency_ms=latency_ms,
        error_code=code_of(error),
        error=str(error),
    )


def _since(began: float) -> int:
    return round((time.perf_counter() - began) * 1000)
