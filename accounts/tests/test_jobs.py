"""Jobs: counted by many workers at once, watched and stopped by their owner only."""

import uuid

import pytest

from accounts.models import Job
from accounts.selectors.jobs import get_job_for
from accounts.services.jobs import LOG_CHARACTERS, JobHandle, cancel_job, start_job
from accounts.tests.races import at_once
from config.lib.correlation import correlated
from config.lib.errors import NotFoundError


@pytest.fixture
def job(owner, organization) -> JobHandle:
    return start_job(kind="dialogs.broadcast", owner=owner, total=4, organization=organization)


@pytest.mark.django_db
def test_progress_is_seen(owner, organization, job):
    job.advance(ok=1, line="first")
    job.advance(ok=1, failed=1, line="second\n")
    job.advance()

    row = get_job_for(owner, job.job_id)
    assert (row.ok_count, row.failed_count, row.percent) == (2, 1, 75)
    assert row.log == "first\nsecond\n"
    assert row.organization == organization
    assert row.state == Job.State.RUNNING


@pytest.mark.django_db
def test_job_carries_its_cause(owner):
    with correlated("cause-0001"):
        handle = start_job(kind="x", owner=owner, total=0)

    assert Job.objects.get(pk=handle.job_id).correlation_id == "cause-0001"


@pytest.mark.django_db
def test_finish(owner, job):
    job.advance(ok=4)
    job.finish()

    row = get_job_for(owner, job.job_id)
    assert row.state == Job.State.DONE
    assert row.percent == 100
    assert row.finished_at is not None


@pytest.mark.django_db
def test_fail_says_why(owner, job):
    job.advance(ok=1, line="went well")
    job.fail("The other side is gone.")

    row = get_job_for(owner, job.job_id)
    assert row.state == Job.State.FAILED
    assert row.log == "went well\nThe other side is gone.\n"


@pytest.mark.django_db
def test_cancelled_job_stops_and_says_so(owner, job):
    assert not job.cancelled
    cancel_job(actor=owner, job_id=job.job_id)
    assert job.cancelled
    job.finish()

    assert get_job_for(owner, job.job_id).state == Job.State.CANCELLED


@pytest.mark.django_db
@pytest.mark.parametrize("end", ["finish", "fail"])
def test_ended_job_takes_no_further_steps(owner, job, end):
    job.finish() if end == "finish" else job.fail("why")
    before = Job.objects.values().get()

    job.advance(ok=1, line="late")
    job.finish()
    job.fail("later")
    cancel_job(actor=owner, job_id=job.job_id)

    assert Job.objects.values().get() == before
    assert job.cancelled


@pytest.mark.django_db
def test_log_keeps_its_end(owner, job):
    for number in range(30):
        job.advance(line=f"{number:02} " + "x" * 1000)

    log = get_job_for(owner, job.job_id).log
    assert len(log) == LOG_CHARACTERS
    assert log.endswith("29 " + "x" * 1000 + "\n")


@pytest.mark.django_db
def test_any_line_can_be_logged(owner, job):
    job.advance(line="nul \x00 and %s and Ёж")
    job.advance(line="y" * (LOG_CHARACTERS * 2))

    assert len(get_job_for(owner, job.job_id).log) == LOG_CHARACTERS


@pytest.mark.django_db
@pytest.mark.parametrize("job_id", [uuid.UUID(int=5), "rubbish", ""])
def test_absent_job_is_not_found(owner, job_id):
    with pytest.raises(NotFoundError):
        get_job_for(owner, job_id)


@pytest.mark.django_db
def test_job_is_its_owners_alone(owner, colleague, stranger, staff, job):
    for other in (colleague, stranger, staff):
        with pytest.raises(NotFoundError):
            get_job_for(other, job.job_id)
        with pytest.raises(NotFoundError):
            cancel_job(actor=other, job_id=job.job_id)
    assert not job.cancelled


@pytest.mark.django_db(transaction=True)
def test_no_step_of_many_workers_is_lost(owner):
    job = start_job(kind="x", owner=owner, total=200)

    def work(number: int) -> None:
        for _ in range(10):
            job.advance(ok=1, failed=1, line=str(number))

    at_once(8, work)

    row = get_job_for(owner, job.job_id)
    assert (row.ok_count, row.failed_count) == (80, 80)
    assert len(row.log.splitlines()) == 80


@pytest.mark.django_db(transaction=True)
def test_control_counting_in_python_loses_steps(owner):
    import threading

    job = start_job(kind="x", owner=owner, total=8)
    looked = threading.Barrier(8)

    def work(_: int) -> None:
        row = Job.objects.get(pk=job.job_id)
        looked.wait(20)
        row.ok_count += 1
        row.save(update_fields=["ok_count"])

    at_once(8, work)

    assert get_job_for(owner, job.job_id).ok_count == 1
