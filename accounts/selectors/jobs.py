import uuid

from accounts.models import Job, User
from config.lib.errors import NotFoundError


def get_job_for(actor: User, job_id: uuid.UUID | str) -> Job:
    """Return a job that ``actor`` has started.

    :raises NotFoundError: there is no such job, or it is somebody else's.
    """
    try:
        job = Job.objects.filter(pk=uuid.UUID(str(job_id)), owner=actor).first()
    except ValueError:
        job = None
    if job is None:
        raise NotFoundError
    return job
