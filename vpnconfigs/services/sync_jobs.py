"""The single deeds of a sync: a client put where it belongs, a client taken away."""

import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from django.db.models import Case, F, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from config.lib.http import AmbiguousError, OutsideError
from config.lib.logs import redact
from integrations.xui.client import XuiClient
from integrations.xui.errors import (
    AddressError,
    BusyError,
    RefusedError,
    UnknownClientError,
    UnknownInboundError,
)
from integrations.xui.errors import LastClientError as PanelKeepsLastError
from integrations.xui.types import Client, FoundClient, Protocol
from vpnconfigs.models import Config, Inbound, Removal
from vpnconfigs.services.listing import Listing
from vpnconfigs.services.wanted import difference, wanted_client
from vpnconfigs.signals import configs_activated

ERROR_LENGTH = 300
QUICK = timedelta(seconds=2)
# So often something that passes by itself is tried again quickly.
QUICK_TRIES = 5
SLOW_SECONDS = 30
SLOWEST_SECONDS = 600
# How long the last client of an inbound waits for others, who also let it go at once.
LAST_WAITS = timedelta(minutes=10)
State = Config.State


class PanelAwayError(Exception):
    """It is the panel that cannot be spoken with; nothing is known of the single deed."""

    def __init__(self, cause: OutsideError) -> None:
        super().__init__(str(cause))
        self.cause = cause


class Job(ABC):
    """One deed: at first not tried, then written or refused, then proven or not."""

    def __init__(self, client: XuiClient, found: Listing, *, number: int) -> None:
        self.client = client
        self.found = found
        self.number = number
        self.is_tried = False
        self.has_written = False
        self.error_code = ""
        self.error = ""
        self.is_passing = False

    def write(self) -> None:
        """Do it, and note a refusal.

        :raises PanelAwayError: the panel cannot be spoken with.
        """
        try:
            self.do()
        except AmbiguousError as error:
            self._fail("unclear", str(error), is_passing=True)
            self.has_written = True
        except BusyError as error:
            self._fail("busy", str(error), is_passing=True)
        except UnknownClientError:
            # Somebody was quicker; the reading back says what is so now.
            self.has_written = True
        except UnknownInboundError:
            self._fail("inbound_gone", "")
        except AddressError as error:
            raise PanelAwayError(error) from None
        except RefusedError as error:
            self._fail(error.code, error.text)
            self.has_written = True
        except OutsideError as error:
            raise PanelAwayError(error) from None
        self.is_tried = True

    @abstractmethod
    def do(self) -> None:
        """Say it to the panel, if there is anything to say."""

    @abstractmethod
    def is_proven(self, back: Listing) -> bool:
        """Say whether it is done, by a reading of afterwards."""

    @abstractmethod
    def keep_failure(self) -> None:
        """Keep that it is not done, and when it is tried again."""

    def _fail(self, code: str, text: str, *, is_passing: bool = False) -> None:
        self.error_code, self.error, self.is_passing = code, redact(text), is_passing

    def _next_try(self, attempts: int) -> datetime:
        if self.is_passing and attempts < QUICK_TRIES:
            return timezone.now() + QUICK
        seconds = min(SLOW_SECONDS * 2 ** min(attempts, 10), SLOWEST_SECONDS)
        return timezone.now() + timedelta(seconds=seconds)


class Placing(Job):
    """A config whose client shall stand in its inbound as wanted."""

    def __init__(self, config: Config, client: XuiClient, found: Listing, *, now: datetime) -> None:
        self.config = config
        # What is placed has one, by a constraint.
        self.inbound = cast("Inbound", config.inbound)
        super().__init__(client, found, number=self.inbound.external_id)
        self.now = now
        self.wanted: Client | None = None
        # The reset that was wanted when the config was read; later ones are later work.
        self.reset = config.wanted_reset

    def do(self) -> None:
        place = self.found.inbounds.get(self.number)
        if place is None:
            self._fail("inbound_gone", "")
            return
        if place.protocol.lower() != self.config.protocol:
            self._fail("other_protocol", place.protocol)
            return
        standing = self.found.find(self.number, self.config.email)
        if standing is None:
            self.wanted = self._want(has_counters=False)
            self.has_written = True
            self.client.add_client(self.number, self.wanted)
            return
        is_reset = self._reset(standing)
        self.wanted = self._want(has_counters=not is_reset)
        traffic = None if is_reset else self.found.traffic(self.config.email)
        # After a reset the panel may have switched the client on.
        if is_reset or difference(self.wanted, standing, traffic=traffic):
            self.has_written = True
            self.client.update_client(self.number, self.wanted)

    def is_proven(self, back: Listing) -> bool:
        standing = back.find(self.number, self.config.email)
        if standing is None or self.wanted is None:
            return False
        traffic = back.traffic(self.config.email)
        if difference(self.wanted, standing, traffic=traffic):
            return False
        # A client that was not there began at 0.
        return self.config.done_reset >= self.reset or self._was_absent

    def keep_failure(self) -> None:
        if not self.error_code:
            self._fail("not_kept", "", is_passing=True)
        attempts = self.config.sync_attempts
        Config.objects.filter(pk=self.config.pk, revision=self.config.revision).update(
            sync_attempts=attempts + 1,
            sync_not_before=self._next_try(attempts),
            sync_error_code=self.error_code[:32],
            sync_error=self.error[:ERROR_LENGTH],
        )

    @staticmethod
    def keep_proven(jobs: Sequence["Placing"]) -> None:
        """Mark configs as synced up to the revision that was written, and new ones as working."""
        by_revision: dict[tuple[int, int], list[uuid.UUID]] = {}
        for job in jobs:
            key = (job.config.revision, job.reset)
            by_revision.setdefault(key, []).append(job.config.pk)
        activated: list[uuid.UUID] = []
        for (revision, reset), ids in sorted(by_revision.items()):
            locked = Config.objects.filter(pk__in=ids, revision=revision).order_by("pk")
            states = dict(locked.select_for_update(no_key=True).values_list("pk", "state"))
            activated += [pk for pk, state in states.items() if state == State.PROVISIONING]
            _mark_synced(list(states), reset=reset)
        _keep_flows(jobs)
        _let_last_ones_go({job.inbound.pk for job in jobs})
        if activated:
            configs_activated.send(sender=Config, config_ids=activated)

    @property
    def _was_absent(self) -> bool:
        return self.found.find(self.number, self.config.email) is None

    def _want(self, *, has_counters: bool) -> Client:
        traffic = self.found.traffic(self.config.email) if has_counters else None
        return wanted_client(self.config, self.inbound, traffic=traffic, now=self.now)

    def _reset(self, standing: FoundClient) -> bool:
        """Let the panel's counters begin anew where that is wanted; say whether they did.

        Before the update: a reset switches a client on, and under the old counters the panel
        could cut off a renewed one at once. Done but not noted, it is done again: that loses
        what was used in between.
        """
        if self.config.done_reset >= self.reset:
            return False
        self.has_written = True
        self.client.reset_traffic(self.number, standing.email)
        Config.objects.filter(pk=self.config.pk, done_reset__lt=self.reset).update(
            done_reset=self.reset, panel_up_bytes=0, panel_down_bytes=0
        )
        self.config.done_reset = self.reset
        return True


class Leaving(Job):
    """A client of ours that shall not stand in an inbound any more.

    :param has_come_back: a config of ours has moved back there under the same e-mail.
    """

    def __init__(
        self, removal: Removal, client: XuiClient, found: Listing, *, has_come_back: bool
    ) -> None:
        super().__init__(client, found, number=removal.inbound.external_id)
        self.removal = removal
        self.has_come_back = has_come_back
        self.is_kept = False

    def do(self) -> None:
        standing = self.found.find(self.number, self.removal.email)
        if standing is None or self.has_come_back:
            return
        is_last = len(self.found.inbounds[self.number].clients) == 1
        if self.removal.is_disabled and is_last and not standing.enabled:
            self.is_kept = True
            return
        self.has_written = True
        try:
            self.client.delete_client(self.number, self._client(standing))
        except PanelKeepsLastError:
            self.client.update_client(self.number, self._client(standing))
            self.is_kept = True

    def is_proven(self, back: Listing) -> bool:
        if self.is_kept:
            return False
        return back.find(self.number, self.removal.email) is None or self.has_come_back

    def keep_failure(self) -> None:
        removal = Removal.objects.filter(pk=self.removal.pk)
        if self.is_kept:
            removal.update(
                is_disabled=True,
                not_before=timezone.now() + LAST_WAITS,
                last_error_code="last_client",
            )
            return
        self.is_passing = self.is_passing or not self.error_code
        removal.update(
            attempts=F("attempts") + 1,
            not_before=self._next_try(self.removal.attempts),
            last_error_code=(self.error_code or "not_kept")[:32],
        )

    @staticmethod
    def keep_proven(jobs: Sequence["Leaving"]) -> None:
        """Close the removals of clients that are gone."""
        ids = [job.removal.pk for job in jobs]
        Removal.objects.filter(pk__in=ids, done_at=None).update(
            done_at=timezone.now(), last_error_code=""
        )

    def _client(self, standing: FoundClient) -> Client:
        return Client(
            protocol=cast("Protocol", self.removal.protocol),
            email=standing.email,
            sub_id=standing.sub_id,
            secret=standing.secret,
            enabled=False,
            total_bytes=standing.total_bytes,
            expiry_ms=standing.expiry_ms,
            ip_limit=standing.ip_limit,
            flow=standing.flow,
        )


def _keep_flows(jobs: Iterable[Placing]) -> None:
    """Links name the flow that the panel holds; most often the shop has known it."""
    for job in jobs:
        if job.wanted is not None and job.wanted.flow != job.config.flow:
            Config.objects.filter(pk=job.config.pk, inbound=job.inbound).update(
                flow=job.wanted.flow
            )


def _let_last_ones_go(inbound_ids: set[int]) -> None:
    """In these inbounds somebody stands now: who was kept as the last one may leave."""
    Removal.objects.filter(inbound__in=inbound_ids, done_at=None, is_disabled=True).update(
        not_before=None
    )


def _mark_synced(ids: list[uuid.UUID], *, reset: int) -> None:
    fields: dict[str, Any] = {
        "synced_revision": F("revision"),
        "synced_at": Coalesce("synced_at", timezone.now()),
        "state": Case(When(state=State.PROVISIONING, then=Value(State.ACTIVE)), default=F("state")),
        "done_reset": reset,
        "sync_not_before": None,
        "sync_attempts": 0,
        "sync_error_code": "",
        "sync_error": "",
    }
    Config.objects.filter(pk__in=ids).update(**fields)
