"""Faults that a test or a person switches on, and the ones that strike a call."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from aiohttp import web

from .journal import Entry, matches

Kind = Literal[
    "drop", "status", "timeout_before", "timeout_after", "slow", "duplicate", "reorder", "error"
]
KINDS: tuple[str, ...] = get_args(Kind)
# Only what the sandbox itself sends can be doubled or swapped.
DELIVERY_ONLY = frozenset({"duplicate", "reorder"})
DEFAULT_SECONDS = {"slow": 2.0, "reorder": 1.0}
HANG_SECONDS = 30.0


@dataclass(kw_only=True)
class Fault:
    """A switched-on fault; ``times`` counts down, ``rate`` is the share of calls it strikes."""

    id: int
    on: str
    do: Kind
    times: int | None = None
    rate: float = 1.0
    where: dict[str, Any] = field(default_factory=dict)
    status: int | None = None
    retry_after: int | None = None
    seconds: float | None = None
    error: str | None = None

    @property
    def duration(self) -> float:
        """Seconds that it takes, its kind's default where none were asked for."""
        if self.seconds is not None:
            return self.seconds
        return DEFAULT_SECONDS.get(self.do, HANG_SECONDS)

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if value not in (None, {})}


class Faults:
    """The faults of the world; the first one that fits a call strikes it."""

    def __init__(self) -> None:
        self.active: list[Fault] = []
        self._last_id = 0

    def add(self, *, on: str, do: Kind, **options: Any) -> Fault:
        self._last_id += 1
        fault = Fault(id=self._last_id, on=on, do=do, **options)
        self.active.append(fault)
        return fault

    def clear(self, *, on: str | None = None) -> None:
        """Switch off all faults, or those that were set for exactly ``on``."""
        self.active = [fault for fault in self.active if on is not None and fault.on != on]

    def strike(
        self, names: tuple[str, ...], params: dict[str, Any], *, delivery: bool = False
    ) -> Fault | None:
        """The fault that this call meets, already counted; most often ``None``."""
        for fault in self.active:
            if not delivery and fault.do in DELIVERY_ONLY:
                continue
            if matches(fault.on, names) and _fits(fault.where, params) and _drawn(fault.rate):
                self._count(fault)
                return fault
        return None

    def _count(self, fault: Fault) -> None:
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self.active.remove(fault)


def _fits(where: dict[str, Any], params: dict[str, Any]) -> bool:
    return all(str(params.get(name)) == str(value) for name, value in where.items())


def _drawn(rate: float) -> bool:
    return rate >= 1 or random.random() < rate  # noqa: S311 - no secret hangs on it


async def answer(
    request: web.Request,
    *,
    entry: Entry,
    fault: Fault | None,
    apply: Callable[[], Awaitable[web.Response]],
    refuse: Callable[[Fault], web.Response],
) -> web.Response:
    """What the caller gets: the applied call's answer, bent by ``fault`` where one struck.

    ``apply`` runs at most once, and not at all where the fault comes first; ``entry`` ends with
    the status of what was applied or sent, 0 where nothing was.
    """
    if fault is None or fault.do == "slow":
        if fault is not None:
            await asyncio.sleep(fault.duration)
        return _settled(entry, await apply())
    if fault.do in ("status", "error"):
        return _settled(entry, refuse(fault))
    entry.status = 0
    if fault.do == "timeout_after":
        _settled(entry, await apply())
    if fault.do != "drop":
        await _hang(request, seconds=fault.duration)
    return _hang_up(request)


def _settled(entry: Entry, response: web.Response) -> web.Response:
    entry.status = response.status
    return response


async def _hang(request: web.Request, *, seconds: float) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while (left := deadline - asyncio.get_running_loop().time()) > 0:
        if request.transport is None or request.transport.is_closing():
            return
        await asyncio.sleep(min(left, 0.1))


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
