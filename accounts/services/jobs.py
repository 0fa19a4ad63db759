"""Long work whose progress can be watched, and which can be asked to stop."""

import uuid

from django.db.models import F, QuerySet, TextField, Value
from django.db.models.functions import Concat, Now, Right

from accounts.models import Job, Organization, User
from accounts.selectors.jobs import get_job_for
from accounts.services.audit import record_audit
from config.lib.correlation import get_correlation_id

# The log keeps its end.
LOG_CHARACTERS = 20_000
_KIND_LENGTH = 64


class JobHandle:
    """One running job, advanced by any number of workers at once.

    Every step is one UPDATE of its own, so it shows at once unless the caller holds a transaction.
    A job that has ended takes no further steps.
    """

    def __init__(self, job_id: uuid.UUID) -> None:
        self.job_id = job_id

    @property
    def cancelled(self) -> bool:
        """Whether the owner has asked to stop, or the job has ended. One query."""
        return not self._running().filter(cancel_requested=False).exists()

    def advance(self, ok: int = 0, failed: int = 0, line: str = "") -> None:
        """Add to the counters and append a line to the log."""
        changes: dict[str, object] = {
            "ok_count": F("ok_count") + ok,
            "failed_count": F("failed_count") + failed,
            "updated_at": Now(),
        }
        if line:
            changes["log"] = _log_with(line)
        self._running().update(**changes)

    def finish(self) -> None:
        """End the job as done; as cancelled if its owner had asked for that."""
        stopped = self._running().filter(cancel_requested=True)
        if not self._end(stopped, Job.State.CANCELLED):
            self._end(self._running(), Job.State.DONE)

    def fail(self, text: str) -> None:
        """End the job as failed, with the reason as the last line of the log."""
        self.advance(line=text)
        self._end(self._running(), Job.State.FAILED)

    def _running(self) -> QuerySet[Job]:
        return Job.objects.filter(pk=self.job_id, state=Job.State.RUNNING)

    def _end(self, jobs: QuerySet[Job], state: Job.State) -> int:
        return jobs.update(state=state, finished_at=Now(), updated_at=Now())


def start_job(
    *, kind: str, owner: User, total: int, organization: Organization | None = None
) -> JobHandle:
    """Begin a job that its owner can watch.

    :param kind: ``app.noun``, such as ``dialogs.broadcast``.
    :param total: how many steps there will be; 0 if that is not known.
    """
    job = Job.objects.create(
        kind=kind[:_KIND_LENGTH],
        owner=owner,
        organization=organization,
        total=total,
        correlation_id=get_correlation_id(),
    )
    return JobHandle(job.pk)


def cancel_job(*, actor: User, job_id: uuid.UUID | str) -> None:
    """Ask a job to stop; it does so before its next step.

    :raises NotFoundError: there is no such job, or it is somebody else's.
    """
    job = get_job_for(actor, job_id)
    Job.objects.filter(pk=job.pk, state=Job.State.RUNNING).update(
        cancel_requested=True, updated_at=Now()
    )


def cancel_job_as_staff(*, actor: User, job_id: uuid.UUID) -> None:
    """Ask anybody's job to stop.

    :param actor: staff, which the admin has checked; audited.
    """
    asked = Job.objects.filter(pk=job_id, state=Job.State.RUNNING)
    if asked.update(cancel_requested=True, updated_at=Now()):
        record_audit(actor=actor, action="job.cancelled", target=f"job:{job_id}")


def _log_with(line: str) -> Right:
    clean = line.replace("\x00", "").rstrip("\n")[:LOG_CHARACTERS]
    longer = Concat(F("log"), Value(f"{clean}\n"), output_field=TextField())
    return Right(longer, LOG_CHARACTERS)
