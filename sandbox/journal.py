"""What was asked of the stand-ins: a ring of the latest calls."""

import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

CAPACITY = 200_000


@dataclass(kw_only=True)
class Entry:
    """One call. ``status`` is the HTTP status sent, 0 for none, ``None`` while it is open.

    ``wire`` is how it was said, for whoever holds it against a published description: method,
    path, query, content type and, unless it is a form, the body as text.
    """

    seq: int
    at: float
    names: tuple[str, ...]
    account: str | int | None
    params: dict[str, Any] = field(default_factory=dict)
    status: int | None = None
    wire: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "seq": self.seq,
            "at": self.at,
            "on": self.names[0],
            "account": self.account,
            "params": self.params,
            "status": self.status,
            **({"wire": self.wire} if self.wire is not None else {}),
        }


class Journal:
    """The latest calls in order of arrival; ``seq`` never goes back, a reset included."""

    def __init__(self, *, last_seq: int = 0) -> None:
        self.last_seq = last_seq
        self._entries: deque[Entry] = deque(maxlen=CAPACITY)

    def open(
        self,
        names: tuple[str, ...],
        *,
        account: str | int | None = None,
        params: dict[str, Any] | None = None,
    ) -> Entry:
        """A new entry under ``names``: the first is shown, the others are found too."""
        self.last_seq += 1
        entry = Entry(
            seq=self.last_seq, at=time.time(), names=names, account=account, params=params or {}
        )
        self._entries.append(entry)
        return entry

    def clear(self) -> None:
        self._entries.clear()

    def select(
        self, *, on: str = "*", after: int = 0, limit: int | None = None
    ) -> list[dict[str, Any]]:
        """Entries younger than ``after``, oldest first; with ``limit`` only the latest ones."""
        found: list[dict[str, Any]] = []
        for entry in self._younger_than(after):
            if limit is not None and len(found) >= limit:
                break
            if matches(on, entry.names):
                found.append(entry.as_json())
        found.reverse()
        return found

    def _younger_than(self, after: int) -> Iterator[Entry]:
        for entry in reversed(self._entries):
            if entry.seq <= after:
                return
            yield entry


def matches(pattern: str, names: Iterable[str]) -> bool:
    """Whether a name equals ``pattern``, or begins with it where it ends in ``*``."""
    if pattern.endswith("*"):
        return any(name.startswith(pattern[:-1]) for name in names)
    return pattern in names
