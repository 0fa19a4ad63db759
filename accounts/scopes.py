"""What a program may be allowed: ``<scope>:read`` and ``<scope>:write``.

A scope names the API views that it opens. A view that no scope names is closed to programs, so
signing in, passwords, sessions and the tokens themselves stay with people.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from config.lib.errors import Text
from config.lib.registry import Registry

READ, WRITE = "read", "write"
_READING = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Scope:
    """:param views: dotted beginnings of the views' names, such as ``dialogs.api.views.Dialog``."""

    label: Text
    views: tuple[str, ...]


scopes: Registry[Scope] = Registry("scope")


def register_scope(name: str, label: Text, *, views: tuple[str, ...]) -> None:
    """Add a scope. Called in ``AppConfig.ready()`` only.

    :param views: beginnings of ``module.Class`` of the API views that it opens.
    """
    scopes.register(name, Scope(label=label, views=views))


def scope_choices() -> Iterator[tuple[str, Text, str]]:
    """Yield every value that a token may hold, with its scope's label and "read" or "write"."""
    for name, scope in scopes.items():
        yield f"{name}:{READ}", scope.label, READ
        yield f"{name}:{WRITE}", scope.label, WRITE


def known_scopes() -> set[str]:
    """Return every value that a token may hold."""
    return {value for value, _label, _right in scope_choices()}


def needed_scope(view: type[object], method: str) -> str | None:
    """Return what a program needs to call a view, or ``None`` if none of them may."""
    wanted = f"{view.__module__}.{view.__qualname__}"
    right = READ if method in _READING else WRITE
    for name, scope in scopes.items():
        if wanted.startswith(scope.views):
            return f"{name}:{right}"
    return None
