"""The way to the task queue: after commit, by name, and never in the caller's way.

Services name tasks by string, so that tasks import services and never the reverse. A bell is a
task without ids that looks for whatever is due; the rows are the truth, so one waiting bell is
as good as a hundred, and a lost one is made good by the sweep of the beat.
"""

import logging
from collections.abc import Callable
from functools import wraps

from celery import Task, current_app, shared_task
from django.db import transaction
from kombu.exceptions import OperationalError

from config.lib.correlation import TASK_HEADER, get_correlation_id
from config.lib.redis import RedisError, get_redis

logger = logging.getLogger(__name__)

# Long enough for a busy worker to come round, short enough that a bell lost with it costs little.
BELL_SECONDS = 5


def enqueue_on_commit(task_name: str, /, **ids: object) -> None:
    """Send ``task_name`` to the broker once the open transaction commits.

    A broker that fails is logged and never raised: what must not be lost is a committed row,
    which a sweep finds.
    """
    correlation_id = get_correlation_id()
    transaction.on_commit(lambda: _send(task_name, ids, correlation_id))


def ring_on_commit(task_name: str, /) -> None:
    """Ring a bell (see ``bell_task``) once the open transaction commits.

    While one rung bell waits for its worker, further ones are not sent.
    """
    transaction.on_commit(lambda: ring(task_name))


def ring(task_name: str, /) -> None:
    """Ring a bell now. Failures are logged, never raised."""
    try:
        if not get_redis().set(_bell_key(task_name), 1, nx=True, ex=BELL_SECONDS):
            return
    except RedisError as error:
        logger.warning("bell not rung", extra={"task": task_name, "error": str(error)})
        return
    _send(task_name, {}, get_correlation_id())


def bell_task(name: str) -> Callable[[Callable[[], object]], "Task[[], None]"]:
    """Make a Celery task of a function without arguments that handles whatever is due.

    The bell's mark is taken away before the function looks, so whatever is committed after the
    look rings again.
    """

    def decorate(run: Callable[[], object]) -> "Task[[], None]":
        @wraps(run)
        def answer() -> None:
            try:
                get_redis().delete(_bell_key(name))
            except RedisError:
                logger.warning("bell mark not taken away", extra={"task": name})
            run()

        return shared_task(name=name, ignore_result=True)(answer)

    return decorate


def _bell_key(task_name: str) -> str:
    return f"bell:{task_name}"


def _send(task_name: str, ids: dict[str, object], correlation_id: str) -> None:
    try:
        current_app.send_task(
            task_name,
            kwargs=ids,
            headers={TASK_HEADER: correlation_id},
            retry=False,
            ignore_result=True,
        )
    except (OperationalError, RedisError, OSError) as error:
        logger.warning("task not sent", extra={"task": task_name, "error": str(error)})
