"""Statements that are run again and again under one text: planned once for each connection.

Django's own cursor binds on the client, so that no two texts are the same and each is planned
anew, which for a join of some tables costs several times as much as to run it.
"""

from collections.abc import Mapping
from typing import Any

from django.db import InterfaceError, OperationalError, connection
from psycopg import Cursor


def fetch_prepared(statement: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run a statement and return its rows; parameters are named, as in ``%(name)s``.

    On a connection that turns out dead it is run once more on a new one: it may be made twice.
    Columns come in binary form, which costs less to read than texts; so ``json`` is best asked
    for as ``text``.

    :raises OperationalError: the database is gone.
    """
    was_open = connection.connection is not None
    try:
        return _fetch(statement, parameters)
    except (OperationalError, InterfaceError):
        if not was_open or connection.in_atomic_block:
            raise
        connection.close()
    return _fetch(statement, parameters)


def _fetch(statement: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    with connection.wrap_database_errors, Cursor(connection.connection) as cursor:
        return cursor.execute(statement, parameters, prepare=True, binary=True).fetchall()
