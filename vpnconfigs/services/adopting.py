"""Moving in with a panel that is full already: its clients become configs, and stay as they are.

Nothing of this writes to a panel. What is adopted is at once what the panel holds of it, so that
the next comparison finds no difference.
"""

import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services.audit import record_audit
from config.lib.correlation import get_correlation_id
from config.lib.errors import ConflictError, ForbiddenError, NotFoundError, OutsideWorldError
from config.lib.http import OutsideError
from integrations.xui.types import Inbound as FoundInbound
from vpnconfigs.models import Config, Inbound, Panel, SubscriptionLink
from vpnconfigs.services.adoption_rules import Candidate, Skip, candidates_in
from vpnconfigs.services.mirroring import mirror_inbounds
from vpnconfigs.services.panel_clients import code_of, open_client
from vpnconfigs.services.subscriptions import new_token, subscription_of
from vpnconfigs.services.turns import panel_turn

WAIT_SECONDS = 20.0
BATCH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What was adopted, or in a preview would be; ``skipped`` counts the others by reason."""

    candidates: Sequence[Candidate]
    adopted: Sequence[Config]

    @property
    def skipped(self) -> Counter[Skip]:
        return Counter(each.skip for each in self.candidates if each.skip is not None)


def preview_adoption(
    *, actor: User, panel_id: uuid.UUID, inbound_numbers: Collection[int] | None = None
) -> Adoption:
    """Return what would be adopted. Stores nothing; ``adopted`` are configs without a row.

    :param inbound_numbers: of the panel's own; ``None`` for all.
    :raises ForbiddenError: the actor is not staff.
    :raises NotFoundError: there is no such panel.
    :raises OutsideWorldError: ``panel_away``: the panel does not answer, or not us.
    """
    panel = _panel(actor, panel_id)
    found = _read(panel)
    if inbound_numbers is not None:
        found = [inbound for inbound in found if inbound.id in inbound_numbers]
    rows = {row.external_id: row for row in panel.inbounds.all()}
    candidates = _candidates(found, rows=rows, now=timezone.now())
    return Adoption(
        candidates=candidates,
        adopted=[each.config for each in candidates if each.config is not None],
    )


def adopt(
    *,
    actor: User,
    panel_id: uuid.UUID,
    emails: Collection[str] | None = None,
    owner: User | None = None,
) -> Adoption:
    """Make configs of a panel's clients. Again, it takes only those that came since.

    Clients of one ``subId`` share a subscription link. Without an owner they wait there for
    whoever brings their link (``claiming.claim``).

    :param emails: which clients, whatever their case; ``None`` for all.
    :raises ForbiddenError: the actor is not staff.
    :raises NotFoundError: there is no such panel.
    :raises OutsideWorldError: ``panel_away``: the panel does not answer, or not us.
    :raises ConflictError: ``panel_busy``: something else is being done on it for long.
    """
    panel = _panel(actor, panel_id)
    wanted = None if emails is None else {email.lower() for email in emails}
    # In the panel's turn: a counter that is read later elsewhere must not be counted twice.
    with panel_turn(panel.pk, wait_seconds=WAIT_SECONDS) as is_mine:
        if not is_mine:
            text = _("This panel is being written to. Please try again in a minute.")
            raise ConflictError(text, code="panel_busy")
        found = _read(panel)
        with transaction.atomic():
            rows = mirror_inbounds(panel.pk, found)
            candidates = [
                each
                for each in _candidates(found, rows=rows, now=timezone.now())
                if wanted is None or each.email.lower() in wanted
            ]
            adopted = _store(candidates, rows=rows, panel=panel, owner=owner)
            record_audit(
                actor=actor,
                action="vpn_panel.adopted",
                target=f"panel:{panel.pk}",
                details={
                    "adopted": len(adopted),
                    "skipped": sum(each.skip is not None for each in candidates),
                    "owner": owner.pk if owner else None,
                },
            )
    return Adoption(candidates=candidates, adopted=adopted)


def _panel(actor: User, panel_id: uuid.UUID) -> Panel:
    if not actor.is_staff:
        raise ForbiddenError
    panel = Panel.objects.filter(pk=panel_id).first()
    if panel is None:
        raise NotFoundError
    return panel


def _read(panel: Panel) -> list[FoundInbound]:
    try:
        return open_client(panel).list_inbounds()
    except OutsideError as error:
        text = _("The panel does not answer, or does not let us in.")
        raise OutsideWorldError(text, code="panel_away", reason=code_of(error)) from error


def _candidates(
    found: Iterable[FoundInbound], *, rows: dict[int, Inbound], now: datetime
) -> list[Candidate]:
    inbounds = list(found)
    traffic = {
        email.lower(): counted for inbound in inbounds for email, counted in inbound.traffic.items()
    }
    ours = _ours(row.pk for row in rows.values())
    return [
        candidate
        for inbound in inbounds
        for candidate in candidates_in(
            inbound, traffic=traffic, ours=ours.get(_key(rows, inbound), set()), now=now
        )
    ]


def _key(rows: dict[int, Inbound], inbound: FoundInbound) -> int | None:
    row = rows.get(inbound.id)
    return row.pk if row is not None else None


def _ours(inbound_ids: Iterable[int]) -> dict[int | None, set[str]]:
    """The e-mails of our configs by inbound."""
    known: dict[int | None, set[str]] = {}
    placed = Config.objects.filter(inbound__in=list(inbound_ids)).exclude(state="deleted")
    for inbound_id, email in placed.values_list("inbound_id", Lower("email")):
        known.setdefault(inbound_id, set()).add(email)
    return known


def _store(
    candidates: Iterable[Candidate],
    *,
    rows: dict[int, Inbound],
    panel: Panel,
    owner: User | None,
) -> list[Config]:
    made = []
    for candidate in candidates:
        row = rows.get(candidate.inbound_number)
        if candidate.config is not None and row is not None:
            candidate.config.inbound = row
            candidate.config.user = owner
            candidate.config.correlation_id = get_correlation_id()
            made.append(candidate.config)
    if owner is not None:
        link = subscription_of(owner)
        for config in made:
            config.subscription = link
    else:
        _link(made, panel=panel)
    return Config.objects.bulk_create(made, batch_size=BATCH)


def _link(configs: Sequence[Config], *, panel: Panel) -> None:
    """Give configs their links: one for each ``subId``, one of its own to whom has none."""
    waiting = Config.objects.filter(
        inbound__panel=panel, is_adopted=True, user=None, subscription__user=None
    ).exclude(sub_id="")
    # Nobody may claim and remove a link meanwhile that is about to be used again.
    waiting = waiting.select_related("subscription").order_by("subscription_id")
    waiting = waiting.select_for_update(of=("subscription",), no_key=True)
    links = {config.sub_id: config.subscription for config in waiting}
    fresh = []
    for config in configs:
        link = links.get(config.sub_id)
        if link is None:
            link = SubscriptionLink(token=new_token())
            fresh.append(link)
            if config.sub_id:
                links[config.sub_id] = link
        config.subscription = link
    SubscriptionLink.objects.bulk_create(fresh, batch_size=BATCH)
