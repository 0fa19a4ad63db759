"""Threads that begin together, each with a database connection of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connection


def at_once(count: int, work: Callable[[int], object]) -> list:
    """Run ``work(0) … work(count - 1)`` at the same moment; return results or exceptions."""
    barrier = threading.Barrier(count)

    def run(number: int) -> object:
        try:
            connection.ensure_connection()
            barrier.wait(20)
            return work(number)
        except Exception as error:  # noqa: BLE001  the test judges it
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))
