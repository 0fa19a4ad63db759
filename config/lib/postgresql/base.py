"""Django's PostgreSQL, which sees without asking whether a kept connection still stands."""

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """Saves each request the round trip of ``SELECT 1`` that ``CONN_HEALTH_CHECKS`` costs."""

    health_check_done: bool  # missing in the stubs

    def close_if_health_check_failed(self) -> None:
        """Close a connection that the server has ended.

        A server that stops, restarts or ends a session says so, or its kernel does: then there is
        something to read. Silence is what an open connection looks like; where the network has
        swallowed the goodbye, ``SELECT 1`` would hang just as the statement after it.
        """
        is_open = self.connection is not None and not self.connection.closed
        if is_open and not self.health_check_done and _is_silent(self.connection.fileno()):
            self.health_check_done = True
        super().close_if_health_check_failed()


def _is_silent(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return not poll.poll(0)
