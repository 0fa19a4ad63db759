"""One deed for many configs, by staff: a job that can be watched and stopped.

Each config's row is committed together with what was done to it, so a killed worker repeats
nothing, and whoever comes next goes on.
"""

import time
import uuid
from collections.abc import Iterable

from django.db import OperationalError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Job, User
from accounts.services.audit import record_audit
from accounts.services.jobs import JobHandle, start_job
from config.lib.errors import AppError, FieldError, InputError
from config.lib.queue import ring_on_commit
from vpnconfigs.models import Config, Inbound, MassAction, MassActionRow
from vpnconfigs.selectors.states import MOST_DAYS
from vpnconfigs.services import upkeep
from vpnconfigs.services.configs import delete_config

RUN = "vpnconfigs.run_mass_actions"
KIND = "vpnconfigs.mass_action"
BATCH = 1_000
# A worker is free for other things after so long, and goes on at the next bell.
RUN_SECONDS = 240.0
Action = MassAction.Action
State = MassActionRow.State


@transaction.atomic
def start_mass_action(
    *,
    actor: User,
    action: str,
    config_ids: Iterable[uuid.UUID],
    days: int = 0,
    inbound: Inbound | None = None,
    reason: str = "",
) -> MassAction:
    """Begin a deed for many configs; it is done by a worker, one config after the other.

    :param actor: staff, which the caller has checked; audited, the owner of the job.
    :param days: of ``extend``.
    :param inbound: of ``move``; without one each goes wherever there is room.
    :param reason: of ``suspend``.
    :raises InputError: ``extend`` without a number of days, or there are no configs.
    """
    if action == Action.EXTEND and not 1 <= days <= MOST_DAYS:
        text = _("From 1 to %(most)s days.") % {"most": MOST_DAYS}
        raise InputError(fields=[FieldError("days", "invalid", text)])
    ids = sorted(set(Config.objects.filter(pk__in=set(config_ids)).values_list("pk", flat=True)))
    if not ids:
        raise InputError(fields=[FieldError("ids", "empty", _("There are no such configs."))])
    job = start_job(kind=KIND, owner=actor, total=len(ids))
    mass = MassAction.objects.create(
        job_id=job.job_id, action=action, days=days, inbound=inbound, reason=reason[:200]
    )
    rows = [MassActionRow(mass_action=mass, config_id=pk) for pk in ids]
    MassActionRow.objects.bulk_create(rows, batch_size=BATCH)
    details = {"action": action, "count": len(ids), "days": days}
    record_audit(
        actor=actor, action="vpn_config.mass_action", target=f"job:{job.job_id}", details=details
    )
    ring_on_commit(RUN)
    return mass


def run_mass_actions(*, seconds: float = RUN_SECONDS) -> int:
    """Go on with every mass action that is not at its end; return how many configs were done.

    Any number of workers may run at once: each row is taken by one of them.
    """
    until = time.monotonic() + seconds
    done = 0
    running = MassAction.objects.filter(job__state=Job.State.RUNNING).order_by("pk")
    for mass in running.select_related("job__owner", "inbound"):
        job = JobHandle(mass.job_id)
        while time.monotonic() < until and not job.cancelled and _take_next(mass, job):
            done += 1
        if job.cancelled or not mass.rows.filter(state=State.WAITING).exists():
            job.finish()
    return done


def _take_next(mass: MassAction, job: JobHandle) -> bool:
    """Do the deed for one more config; return whether there was one."""
    try:
        with transaction.atomic():
            rows = mass.rows.select_for_update(skip_locked=True, of=("self",))
            row = rows.select_related("config").filter(state=State.WAITING).order_by("pk").first()
            if row is None:
                return False
            _run_row(mass, row, job)
    except OperationalError:
        # Somebody holds this config for long: the next round comes back to it.
        return False
    return True


def _run_row(mass: MassAction, row: MassActionRow, job: JobHandle) -> None:
    try:
        with transaction.atomic():
            _apply(mass, row.config)
        row.state = State.DONE
        job.advance(ok=1)
    except AppError as error:
        row.state, row.error_code = State.FAILED, error.error_code
        job.advance(failed=1, line=f"{row.config_id}: {error.error_code}")
    row.save(update_fields=["state", "error_code"])


def _apply(mass: MassAction, config: Config) -> None:
    actor = mass.job.owner
    match mass.action:
        case Action.EXTEND:
            upkeep.extend_config(actor=actor, config=config, days=mass.days)
        case Action.SUSPEND:
            upkeep.suspend_config(actor=actor, config=config, reason=mass.reason)
        case Action.RESUME:
            upkeep.resume_config(actor=actor, config=config)
        case Action.RESET_TRAFFIC:
            upkeep.reset_traffic(actor=actor, config=config)
        case Action.MOVE:
            upkeep.move_config(actor=actor, config=config, inbound=mass.inbound)
        case Action.DELETE:
            delete_config(actor=actor, config=config)
