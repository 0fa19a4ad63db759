"""What the site says to its database, word for word: PostgreSQL writes it down for a while."""

import re
from collections import defaultdict
from types import TracebackType
from typing import Self

import psycopg

from bench.site import Site

_ENTRY = re.compile(r"^bench (\d+) LOG:  (?:statement|execute [^:]*):\s*(.*)", re.DOTALL)
_NEXT_ENTRY = re.compile(r"\n(?=bench \d+ )")
_FRAMES = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
_PROBE = "SELECT 1"


class StatementLog:
    """A context manager: inside, every statement of every connection is written down."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._path = site.var_dir / "log" / "postgres.log"
        self._offset = 0

    def __enter__(self) -> Self:
        self._configure("SET log_line_prefix = 'bench %p '", "SET log_statement = 'all'")
        self._offset = self._path.stat().st_size
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._configure("RESET log_statement", "RESET log_line_prefix")

    def read(self) -> dict[int, list[str]]:
        """Get what each connection, named by its server process, has said since the beginning.

        Left out is what asks for nothing: the frames of transactions, and the ``SELECT 1`` by
        which Django makes sure, once a request, that a kept connection still lives.
        """
        with self._path.open("rb") as file:
            file.seek(self._offset)
            text = file.read().decode(errors="replace")
        said = defaultdict(list)
        for entry in map(_ENTRY.match, _NEXT_ENTRY.split(text.rstrip())):
            if entry and entry[2] != _PROBE and not entry[2].upper().startswith(_FRAMES):
                said[int(entry[1])].append(entry[2])
        return dict(said)

    def _configure(self, *changes: str) -> None:
        with psycopg.connect(self._site.database_url, autocommit=True) as connection:
            for change in changes:
                connection.execute(f"ALTER SYSTEM {change}".encode())
            connection.execute("SELECT pg_reload_conf()")
