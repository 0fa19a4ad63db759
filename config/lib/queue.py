"""The way to the task queue: after commit, by name, and never in the caller's way.

Services name tasks by string, so that tasks import services and never the reverse. A bell is a
task without ids that looks for whatever is due; the rows are the truth, so one waiting bell is
as good as a hundred, and a lost one is made good by the sweep of the beat.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from functools import cache, wraps

from celery import Task, current_app, shared_task
from django.db import transaction
from kombu.exceptions import OperationalError

from config.lib.correlation import TASK_HEADER, get_correlation_id
from config.lib.redis import RedisError, get_redis

logger = logging.getLogger(__name__)

# Long enough for a busy worker to come round, short enough that a bell lost with it costs little.
BELL_SECONDS = 5
RINGER_PAUSE_SECONDS = 0.005


def enqueue_on_commit(task_name: str, /, **ids: object) -> None:
    """Send ``task_name`` to the broker once the open transaction commits.

    A broker that fails is logged and never raised: what must not be lost is a committed row,
    which a sweep finds.
    """
    correlation_id = get_correlation_id()
    transaction.on_commit(lambda: _send_to_reachable(task_name, ids, correlation_id))


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


def ring_soon(task_name: str, /) -> None:
    """Ring a bell within a few milliseconds, from a thread of its own.

    For a caller that is asked thousands of times a second: whatever it was asked in that time
    costs one look at Redis together. A process that ends at once may not ring; the sweep will.
    """
    _ringer().ask(task_name)


class _Ringer:
    """The thread, and what it is to ring for."""

    def __init__(self) -> None:
        self._wanted: set[str] = set()
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="ringer", daemon=True).start()

    def ask(self, task_name: str) -> None:
        with self._changed:
            self._wanted.add(task_name)
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._wanted))
                names, self._wanted = self._wanted, set()
            for name in names:
                ring(name)
            time.sleep(RINGER_PAUSE_SECONDS)


@cache
def _ringer_of(process_id: int) -> _Ringer:
    return _Ringer()


def _ringer() -> _Ringer:
    # Threads do not survive a fork.
    return _ringer_of(os.getpid())


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


def _send_to_reachable(task_name: str, ids: dict[str, object], correlation_id: str) -> None:
    """Ask first whether Redis is there: our own client says no at once, the broker's waits."""
    try:
        get_redis().ping()
    except RedisError as error:
        logger.warning("task not sent", extra={"task": task_name, "error": str(error)})
        return
    _send(task_name, ids, correlation_id)


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
