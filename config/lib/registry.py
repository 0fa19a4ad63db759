"""Registries: how a lower room reaches a higher one without importing it.

A higher app fills them in its ``AppConfig.ready()``; a name is taken once.
"""

from collections.abc import Iterator
from typing import Generic, TypeVar

from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")


class Registry(Generic[T]):
    """Named entries of one sort, such as delivery kinds or rooms.

    :param sort: what the entries are, for error texts: "delivery kind".
    """

    def __init__(self, sort: str) -> None:
        self.sort = sort
        self._entries: dict[str, T] = {}

    def register(self, name: str, entry: T) -> None:
        """Add an entry.

        :raises ImproperlyConfigured: the name is taken by another entry; the first one stays.
        """
        if self._entries.get(name, entry) != entry:
            raise ImproperlyConfigured(f"The {self.sort} {name!r} is registered twice.")
        self._entries[name] = entry

    def get(self, name: str) -> T:
        """Return the entry.

        :raises LookupError: nothing is registered under this name.
        """
        try:
            return self._entries[name]
        except KeyError:
            raise LookupError(f"There is no {self.sort} {name!r}.") from None

    def find(self, name: str) -> T | None:
        return self._entries.get(name)

    def items(self) -> Iterator[tuple[str, T]]:
        return iter(sorted(self._entries.items()))

    def values(self) -> Iterator[T]:
        return iter([entry for _, entry in self.items()])

    def __contains__(self, name: str) -> bool:
        return name in self._entries
