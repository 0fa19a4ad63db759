"""Panels brought up to what the shop wants: read, write what is due, read back.

Only a reading proves: whatever a panel answered to a write, a config is synced once it has been
seen on the panel as wanted, and only up to the revision that was written. So a lost answer, a
killed worker or a second beat cost one more reading, and never a second client.
"""

import logging
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.utils import timezone

from config.lib.http import OutsideError
from integrations.services.secrets import SecretsUnavailableError
from integrations.xui.client import XuiClient
from vpnconfigs.models import Config, Inbound, Panel, Removal
from vpnconfigs.services import usage
from vpnconfigs.services.desired import unsynced
from vpnconfigs.services.listing import Listing
from vpnconfigs.services.mirroring import mirror_inbounds
from vpnconfigs.services.panel_clients import open_client
from vpnconfigs.services.sync_jobs import Job, Leaving, PanelAwayError, Placing
from vpnconfigs.services.turns import for_each_panel, panel_turn

logger = logging.getLogger(__name__)

# Of configs in one go, between two readings of the panel.
BATCH = 200
# After so long the others have their turn; what is left is found by the next beat.
TURN_SECONDS = 240.0
# Answers without sense in one go, each of which may have cost the longest time-out.
MOST_UNCLEAR = 3
# The look at panels finds out when they are back, and rings.
_AWAY = (Panel.State.DOWN, Panel.State.REFUSED)


def sync_due() -> int:
    """Bring every panel up to date that has something due; return how many changes are proven.

    Any number of processes may do so at once: a panel is spoken with by one of them.
    """
    panel_ids = _due_panels()
    return for_each_panel(panel_ids, sync_panel) if panel_ids else 0


def sync_panel(panel_id: uuid.UUID) -> int:
    """Bring one panel up to date unless somebody else is at it; return the proven changes.

    A panel that is away is logged and never raised: its look tells people of it.
    """
    with panel_turn(panel_id) as is_mine:
        panel = Panel.objects.filter(pk=panel_id, is_enabled=True).first()
        if not is_mine or panel is None:
            return 0
        try:
            return PanelSync(panel, open_client(panel)).run()
        except (OutsideError, SecretsUnavailableError) as error:
            logger.warning(
                "panel not synced", extra={"panel_id": str(panel_id), "error": str(error)}
            )
            return 0


class PanelSync:
    """One turn at a panel. Whoever makes one holds the panel's turn."""

    def __init__(self, panel: Panel, client: XuiClient) -> None:
        self.panel = panel
        self.client = client
        self.rows: dict[int, Inbound] = {}

    def run(self, *, found: Listing | None = None, at_once: bool = False) -> int:
        """Write until nothing is due, or until nothing more succeeds; return the proven changes.

        :param found: what was read in this turn, and taken in, by the caller.
        :param at_once: do not wait for the next try of what has failed.
        :raises OutsideError: the panel is away; what was proven stays so.
        """
        deadline = time.monotonic() + TURN_SECONDS
        total = 0
        while time.monotonic() < deadline and self._has_work(at_once=at_once):
            proven = self._go_once(found or self.read(), at_once=at_once)
            total += proven
            if not proven:
                break
            found, at_once = None, False
        return total

    def read(self) -> Listing:
        """Read the panel, and take in what it says of inbounds and usage."""
        found = Listing(self.client.list_inbounds())
        self.rows = mirror_inbounds(self.panel.pk, list(found.inbounds.values()))
        usage.count_traffic(self.rows, found)
        return found

    def _has_work(self, *, at_once: bool) -> bool:
        now = timezone.now()
        configs = due_configs(now, at_once=at_once).filter(inbound__panel=self.panel)
        removals = due_removals(now, at_once=at_once).filter(inbound__panel=self.panel)
        return configs.exists() or removals.exists()

    def _go_once(self, found: Listing, *, at_once: bool) -> int:
        jobs = self._jobs(found, at_once=at_once)
        is_away: PanelAwayError | None = None
        try:
            _write(jobs)
        except PanelAwayError as error:
            is_away = error
        # What the panel could not be asked about stays as it was.
        tried = [job for job in jobs if job.is_tried]
        back = self.read() if any(job.has_written for job in tried) else found
        proven = _settle(tried, back)
        if is_away is not None:
            raise is_away.cause
        return proven

    def _jobs(self, found: Listing, *, at_once: bool) -> list[Job]:
        """Return what is due: who leaves first, for an e-mail that moves is free only then."""
        now = timezone.now()
        removals = due_removals(now, at_once=at_once) | _waiting_removals()
        configs = due_configs(now, at_once=at_once).filter(inbound__panel=self.panel)
        leaving = removals.filter(inbound__panel=self.panel).select_related("inbound")
        placing = configs.select_related("inbound").order_by("sync_attempts", "pk")[:BATCH]
        return [
            *self._leaving(list(leaving.order_by("pk")[:BATCH]), found),
            *(Placing(row, self.client, found, now=now) for row in placing),
        ]

    def _leaving(self, removals: Sequence[Removal], found: Listing) -> Iterator[Leaving]:
        emails = [removal.email.lower() for removal in removals]
        placed = Config.objects.filter(inbound__panel=self.panel, state__in=Config.PLACED)
        back = placed.annotate(lower_email=Lower("email")).filter(lower_email__in=emails)
        places = set(back.values_list("inbound_id", "lower_email")) if removals else set()
        for row in removals:
            has_come_back = (row.inbound_id, row.email.lower()) in places
            yield Leaving(row, self.client, found, has_come_back=has_come_back)


def due_configs(now: datetime, *, at_once: bool = False) -> QuerySet[Config]:
    """Return the configs whose panel does not hold what we want, and that may be tried now."""
    is_due = Q() if at_once else Q(sync_not_before=None) | Q(sync_not_before__lte=now)
    return Config.objects.filter(unsynced(), is_due)


def due_removals(now: datetime, *, at_once: bool = False) -> QuerySet[Removal]:
    """Return the clients that shall leave and may be tried now."""
    is_due = Q() if at_once else Q(not_before=None) | Q(not_before__lte=now)
    return Removal.objects.filter(is_due, done_at=None)


def _waiting_removals() -> QuerySet[Removal]:
    """Those that a panel kept as the last ones of their inbound: others may have come since."""
    return Removal.objects.filter(done_at=None, is_disabled=True)


def _write(jobs: Iterable[Job]) -> None:
    unclear = 0
    for job in jobs:
        job.write()
        unclear += job.error_code == "unclear"
        if unclear >= MOST_UNCLEAR:
            return


@transaction.atomic
def _settle(jobs: Iterable[Job], back: Listing) -> int:
    """Keep what the reading proves of each job, and what went wrong with the others."""
    proven = [job for job in jobs if job.is_proven(back)]
    Placing.keep_proven([job for job in proven if isinstance(job, Placing)])
    Leaving.keep_proven([job for job in proven if isinstance(job, Leaving)])
    for job in jobs:
        if job not in proven:
            job.keep_failure()
    return len(proven)


def _due_panels() -> list[uuid.UUID]:
    now = timezone.now()
    panels = Panel.objects.filter(is_enabled=True).exclude(state__in=_AWAY)
    configs = due_configs(now).values("inbound__panel")
    removals = due_removals(now).values("inbound__panel")
    due = panels.filter(Q(pk__in=configs) | Q(pk__in=removals))
    return list(due.values_list("pk", flat=True))
