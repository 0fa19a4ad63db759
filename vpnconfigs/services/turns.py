"""One at a time on each panel, over all processes and machines."""

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from django.db import connections

from config.lib.advisory import try_advisory_lock
from config.lib.correlation import correlated

PANELS_AT_ONCE = 8
_PAUSE_SECONDS = 0.1

Work = Callable[[uuid.UUID], int]


@contextmanager
def panel_turn(panel_id: uuid.UUID, *, wait_seconds: float = 0) -> Iterator[bool]:
    """Give ``True`` while nobody else of us speaks with a panel, ``False`` if somebody does.

    A panel of the second generation reads and writes an inbound's clients as one piece without a
    lock, and keeps all inbounds in one file that it locks against itself; so the turn is the whole
    panel's. Counters are read within a turn as well, or an older reading might follow a newer one.
    """
    deadline = time.monotonic() + wait_seconds
    while True:
        with try_advisory_lock(f"vpn-panel:{panel_id}") as is_mine:
            if is_mine or time.monotonic() >= deadline:
                yield is_mine
                return
        time.sleep(_PAUSE_SECONDS)


def for_each_panel(panel_ids: Sequence[uuid.UUID], work: Work) -> int:
    """Do some work for several panels side by side, so that a slow one holds up no other.

    :param work: returns how much it did; what it raises is raised once all are done.
    :returns: the sum.
    """
    if len(panel_ids) == 1:
        return _correlated(work, panel_ids[0])
    with ThreadPoolExecutor(PANELS_AT_ONCE, thread_name_prefix="panel") as pool:
        return sum(pool.map(lambda panel_id: _in_thread(work, panel_id), panel_ids))


def _in_thread(work: Work, panel_id: uuid.UUID) -> int:
    try:
        return _correlated(work, panel_id)
    finally:
        connections.close_all()


def _correlated(work: Work, panel_id: uuid.UUID) -> int:
    with correlated(""):
        return work(panel_id)
