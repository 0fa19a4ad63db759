"""Bells: each looks for whatever is due and may be rung any number of times."""

from config.lib.queue import bell_task
from vpnconfigs.services import panel_health, reconciling, syncing
from vpnconfigs.services.desired import SYNC


@bell_task(SYNC)
def sync() -> None:
    syncing.sync_due()


@bell_task(panel_health.LOOK)
def look_at_panels() -> None:
    panel_health.look_at_panels()


@bell_task(reconciling.RECONCILE)
def reconcile() -> None:
    reconciling.reconcile_due()
