"""The comparison of panels with our configs, by beat and by hand, and the repair of what is ours.

Strangers are reported and never touched.
"""

import logging
import uuid
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services.audit import record_audit
from config.lib.correlation import get_correlation_id
from config.lib.errors import ConflictError, NotFoundError, OutsideWorldError
from config.lib.http import OutsideError
from integrations.services.secrets import SecretsUnavailableError
from vpnconfigs.models import Config, Inbound, Panel, PanelReport, Removal
from vpnconfigs.selectors.locks import lock_configs
from vpnconfigs.services import usage
from vpnconfigs.services.comparing import Comparison, Finding
from vpnconfigs.services.desired import mark_changed, mark_removed
from vpnconfigs.services.panel_clients import code_of, open_client
from vpnconfigs.services.syncing import PanelSync
from vpnconfigs.services.turns import for_each_panel, panel_turn

logger = logging.getLogger(__name__)

RECONCILE = "vpnconfigs.reconcile"
KEPT_REPORTS = 50
MOST_STRANGERS = 100
MOST_FINDINGS = 1000
HAND_WAITS_SECONDS = 10.0
_AWAY = (Panel.State.DOWN, Panel.State.REFUSED)


def reconcile_due() -> int:
    """Compare and repair every panel that answers; return how many differences there were.

    A comparison that finds nothing leaves no report: only the last fifty are kept.
    """
    panels = Panel.objects.filter(is_enabled=True).exclude(state__in=_AWAY)
    panel_ids = list(panels.values_list("pk", flat=True))
    return for_each_panel(panel_ids, _reconcile_by_beat) if panel_ids else 0


def reconcile_panel(
    panel_id: uuid.UUID, *, dry_run: bool = False, actor: User | None = None
) -> PanelReport:
    """Compare a panel with our configs now, repair what is ours, and return the report.

    Waits some seconds for a sync that is under way.

    :param dry_run: repair nothing; the panel is only read.
    :raises NotFoundError: there is no such panel.
    :raises ConflictError: ``panel_busy``: a sync goes on; nothing was done.
    :raises OutsideWorldError: ``panel_away``: the panel does not answer or does not let us in.
    :raises SecretsUnavailableError: its credentials cannot be opened.
    """
    panel = Panel.objects.filter(pk=panel_id).first()
    if panel is None:
        raise NotFoundError
    with panel_turn(panel_id, wait_seconds=HAND_WAITS_SECONDS) as is_mine:
        if not is_mine:
            text = _("This panel is being written to. Please try again in a minute.")
            raise ConflictError(text, code="panel_busy")
        try:
            report = _reconcile(panel, dry_run=dry_run)
        except OutsideError as error:
            text = _("The panel does not answer, or does not let us in.")
            raise OutsideWorldError(text, code="panel_away", reason=code_of(error)) from error
    _keep(report)
    if actor is not None:
        record_audit(
            actor=actor,
            action="panel.reconciled",
            target=f"panel:{panel_id}",
            details={"dry_run": dry_run, "differed": report.drift_count},
        )
    return report


def _reconcile_by_beat(panel_id: uuid.UUID) -> int:
    with panel_turn(panel_id) as is_mine:
        panel = Panel.objects.filter(pk=panel_id, is_enabled=True).first()
        if not is_mine or panel is None:
            return 0
        try:
            report = _reconcile(panel, dry_run=False)
        except (OutsideError, SecretsUnavailableError) as error:
            logger.warning(
                "panel not compared", extra={"panel_id": str(panel_id), "error": str(error)}
            )
            return 0
    if _is_news(report):
        _keep(report)
    return report.drift_count


def _reconcile(panel: Panel, *, dry_run: bool) -> PanelReport:
    """Read once, compare, repair, and let the sync read back what it wrote."""
    client = open_client(panel)
    sync = PanelSync(panel, client)
    found = sync.read()
    comparison = Comparison(sync.rows, found)
    _note_strangers(comparison)
    if not dry_run:
        _want_repairs(comparison)
        sync.run(found=found, at_once=True)
        comparison.mark_repaired()
        usage.read_presence(client, sync.rows, found)
    Panel.objects.filter(pk=panel.pk).update(reconciled_at=timezone.now())
    return _report(panel, comparison, dry_run=dry_run)


@transaction.atomic
def _want_repairs(comparison: Comparison) -> None:
    """Have the sync put right what differs; what waits for it already only waits no longer."""
    ids = [f.config.pk for f in comparison.ours if f.config and f.kind in ("missing", "differs")]
    synced = [config.pk for config in lock_configs(ids).values() if config.is_synced]
    if synced:
        mark_changed(Config.objects.filter(pk__in=synced, state__in=Config.PLACED))
    removals = list(_new_removals(comparison))
    if removals:
        Removal.objects.bulk_create(removals, ignore_conflicts=True)
        mark_removed()


def _new_removals(comparison: Comparison) -> Iterable[Removal]:
    for finding in comparison.ours:
        if finding.leaving is None or finding.config is None:
            continue
        yield Removal(
            inbound=comparison.rows[finding.number],
            config=finding.config,
            protocol=finding.config.protocol,
            email=finding.email,
            secret=finding.leaving.secret,
            sub_id=finding.leaving.sub_id,
        )


def _note_strangers(comparison: Comparison) -> None:
    strangers = comparison.strangers
    for number, row in comparison.rows.items():
        if row.strangers_count != strangers[number]:
            Inbound.objects.filter(pk=row.pk).update(strangers_count=strangers[number])


def _report(panel: Panel, comparison: Comparison, *, dry_run: bool) -> PanelReport:
    strangers = [f for f in comparison.findings if f.kind == "stranger"]
    shown: list[Finding] = [*comparison.ours, *strangers[:MOST_STRANGERS]]
    return PanelReport(
        panel=panel,
        is_dry_run=dry_run,
        findings=[finding.document() for finding in shown[:MOST_FINDINGS]],
        drift_count=len(comparison.ours),
        repaired_count=sum(finding.is_done for finding in comparison.ours),
        strangers_count=len(strangers),
        correlation_id=get_correlation_id(),
    )


def _is_news(report: PanelReport) -> bool:
    if report.drift_count:
        return True
    last = PanelReport.objects.filter(panel=report.panel_id).order_by("-id").first()
    if last is None or last.drift_count > last.repaired_count:
        return True
    return last.strangers_count != report.strangers_count


@transaction.atomic
def _keep(report: PanelReport) -> None:
    report.save()
    reports = PanelReport.objects.filter(panel=report.panel_id).order_by("-id")
    oldest = reports.values_list("pk", flat=True)[KEPT_REPORTS - 1 : KEPT_REPORTS].first()
    if oldest is not None:
        PanelReport.objects.filter(panel=report.panel_id, pk__lt=oldest).delete()
