"""Locks that have no row: at most one process at a time does a named piece of work."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def try_advisory_lock(name: str) -> Iterator[bool]:
    """Hold the lock ``name`` during the block and give ``True``, or ``False`` if another has it.

    Never waits. The lock belongs to the database session, so it outlives transactions inside the
    block and is set free when the process dies. Taking it twice in one session succeeds.
    """
    key = lock_key(name)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        is_held = bool(cursor.fetchone()[0])
    try:
        yield is_held
    finally:
        if is_held:
            _release(key)


def lock_key(name: str) -> int:
    """Return the signed 64-bit number that stands for ``name`` in PostgreSQL."""
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _release(key: int) -> None:
    # With the connection lost, or closed by the block, the server has released the lock itself.
    if connection.connection is None or connection.connection.closed:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
