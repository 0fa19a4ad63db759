"""The seam between the shop and the panels: the shop writes what shall be, a sync makes it so.

Whoever changes what a panel shall hold of a config, or where, calls ``mark_changed`` in the same
transaction. Nothing else of the shop knows of panels, and no request ever waits for one.
"""

from django.db.models import F, Q, QuerySet

from config.lib.queue import ring_on_commit
from vpnconfigs.models import Config

SYNC = "vpnconfigs.sync"


def mark_changed(configs: QuerySet[Config]) -> int:
    """Have the panels brought up to date with these configs; return how many they are.

    The caller holds their locks, or changes them in one statement of its own.
    """
    count = configs.update(
        revision=F("revision") + 1, sync_not_before=None, sync_attempts=0, sync_error_code=""
    )
    ring_on_commit(SYNC)
    return count


def mark_removed() -> None:
    """Have clients that shall go taken away: their ``Removal`` rows have been written."""
    ring_on_commit(SYNC)


def unsynced() -> Q:
    """Return the condition of configs whose panel does not hold what we want of them."""
    return ~Q(revision=F("synced_revision")) & Q(state__in=Config.PLACED)
