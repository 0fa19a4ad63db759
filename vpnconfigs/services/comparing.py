"""A panel held against our configs, field by field."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.utils import timezone

from integrations.xui.types import FoundClient
from vpnconfigs.models import Config, Inbound, Removal
from vpnconfigs.services.listing import Listing
from vpnconfigs.services.wanted import difference, shown, wanted_client

Place = tuple[int, str]


@dataclass(kw_only=True)
class Finding:
    """One difference.

    :param kind: ``missing``, ``differs``, ``left_over``, ``misplaced`` or ``stranger``.
    :param number: the inbound's, as the panel counts.
    :param fields: ``[wanted, found]`` by field, of a secret a hint only.
    :param leaving: what shall be taken away, where that is not wanted yet.
    """

    kind: str
    number: int
    email: str
    config: Config | None = None
    fields: dict[str, list[Any]] = field(default_factory=dict)
    leaving: FoundClient | None = None
    is_done: bool = False

    def document(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "inbound": self.number,
            "email": self.email,
            "config": str(self.config.pk) if self.config else None,
            "fields": self.fields,
            "done": self.is_done,
        }


class Comparison:
    """What a panel holds and should hold; ``findings`` is the outcome.

    :param rows: our inbounds by the panel's numbers.
    """

    def __init__(self, rows: Mapping[int, Inbound], found: Listing) -> None:
        self.rows = rows
        self.found = found
        self._numbers = {row.pk: number for number, row in rows.items()}
        on_panel = Config.objects.filter(inbound__in=list(self._numbers))
        self._placed = self._by_place(on_panel.filter(state__in=Config.PLACED))
        self._by_email = {email: config for (_number, email), config in self._placed.items()}
        self._removals = {
            (self._numbers[row.inbound_id], row.email.lower()): row
            for row in self._open_removals().select_related("config")
        }
        self._deleted = self._find_deleted(on_panel)
        self.findings = [*self._compare_ours(), *self._compare_others()]

    @property
    def ours(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.kind != "stranger"]

    @property
    def strangers(self) -> Counter[int]:
        """How many clients are not ours, by the inbound's number."""
        return Counter(f.number for f in self.findings if f.kind == "stranger")

    def mark_repaired(self) -> None:
        """Mark what has been put right since, by what the sync has proven."""
        ids = {finding.config.pk for finding in self.ours if finding.config}
        configs = Config.objects.filter(pk__in=ids).only("revision", "synced_revision")
        synced = {config.pk for config in configs if config.is_synced}
        waiting = {(r.inbound_id, r.email.lower()) for r in self._open_removals()}
        for finding in self.ours:
            if finding.kind in ("missing", "differs"):
                finding.is_done = finding.config is not None and finding.config.pk in synced
            else:
                place = (self.rows[finding.number].pk, finding.email.lower())
                finding.is_done = place not in waiting

    def _open_removals(self) -> QuerySet[Removal]:
        return Removal.objects.filter(inbound__in=list(self._numbers), done_at=None)

    def _compare_ours(self) -> Iterator[Finding]:
        now = timezone.now()
        for (number, email), config in self._placed.items():
            standing = self.found.find(number, email)
            if standing is None:
                yield Finding(kind="missing", number=number, email=config.email, config=config)
                continue
            traffic = self.found.traffic(email)
            wanted = wanted_client(config, self.rows[number], traffic=traffic, now=now)
            fields = shown(difference(wanted, standing, traffic=traffic))
            if fields:
                yield Finding(
                    kind="differs", number=number, email=config.email, config=config, fields=fields
                )

    def _compare_others(self) -> Iterator[Finding]:
        for number, email, client in self.found.clients():
            if (number, email) not in self._placed:
                finding = self._judge(number, email, client)
                if finding is not None:
                    yield finding

    def _judge(self, number: int, email: str, client: FoundClient) -> Finding | None:
        """Say whose a client is that should not be there; only by its secret is it ours."""
        removal = self._removals.get((number, email))
        if removal is not None:
            if removal.is_disabled and not client.enabled:
                # The last one of its inbound, which the panel keeps.
                return None
            return Finding(
                kind="left_over", number=number, email=client.email, config=removal.config
            )
        placed, deleted = self._by_email.get(email), self._deleted.get(email)
        for kind, config in (("misplaced", placed), ("left_over", deleted)):
            if config is not None and config.secret == client.secret:
                return Finding(
                    kind=kind, number=number, email=client.email, config=config, leaving=client
                )
        return Finding(kind="stranger", number=number, email=client.email)

    def _by_place(self, configs: QuerySet[Config]) -> dict[Place, Config]:
        return {
            (self._numbers[config.inbound_id], config.email.lower()): config
            for config in configs
            if config.inbound_id is not None
        }

    def _find_deleted(self, on_panel: QuerySet[Config]) -> dict[str, Config]:
        """Return deleted configs whose e-mail stands on the panel all the same."""
        known = {email for _number, email in self._placed}
        emails = {email for _number, email, _client in self.found.clients()} - known
        deleted = on_panel.filter(state=Config.State.DELETED).annotate(lower_email=Lower("email"))
        return {c.email.lower(): c for c in deleted.filter(lower_email__in=emails)}
