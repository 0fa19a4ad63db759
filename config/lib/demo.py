"""The demo: what ``make run`` shows a newcomer. Each app adds its own part of it.

A part may run any number of times against a database and a sandbox that already have it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from config.lib.http import OutsideSession
from config.lib.registry import Registry


@dataclass(frozen=True, slots=True)
class SignIn:
    """A way into the demo, shown to the newcomer."""

    who: str
    login: str
    password: str


class Stage:
    """The world that the demo is set in: the sandbox, by its control calls."""

    def __init__(self, sandbox_url: str) -> None:
        self._session = OutsideSession(sandbox_url, name="sandbox")

    def control(self, path: str, body: Mapping[str, object]) -> Any:
        """Make one control call; return its decoded answer."""
        return self._session.call("POST", f"/control/{path}", json=dict(body)).json()

    def look(self, path: str) -> Any:
        return self._session.call("GET", f"/control/{path}").json()


Part = Callable[[Stage], list[SignIn]]

demo_parts: Registry[Part] = Registry("part of the demo")


def register_demo(name: str, part: Part) -> None:
    """Add a part; they run in the order of their names."""
    demo_parts.register(name, part)
