"""Doing it again after a deadlock or a lock time-out."""

import random
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection

P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS = 4
PAUSE_SECONDS = 0.02
# deadlock_detected, lock_not_available, serialization_failure
_SQLSTATES = {"40P01", "55P03", "40001"}


def retry_lock_conflicts(work: Callable[P, R]) -> Callable[P, R]:
    """Run ``work`` up to four times while it loses a deadlock or waits too long for a lock.

    ``work`` must be one transaction that does nothing outside of it. Inside somebody else's
    transaction it runs once: only who began that one can begin it again.
    """

    @wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if connection.in_atomic_block:
            return work(*args, **kwargs)
        for attempt in range(1, ATTEMPTS):
            try:
                return work(*args, **kwargs)
            except OperationalError as error:
                if getattr(error.__cause__, "sqlstate", None) not in _SQLSTATES:
                    raise
            # Apart from each other, or the same two would meet again.
            time.sleep(PAUSE_SECONDS * attempt * (1 + random.random()))  # noqa: S311
        return work(*args, **kwargs)

    return run
