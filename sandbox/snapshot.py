"""The world on disk: dataclasses of plain JSON, read back by their annotations."""

import asyncio
import dataclasses
import json
import logging
import time
import types
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

logger = logging.getLogger("sandbox.snapshot")

QUIET_SECONDS = 1.0
# A big world is written less often, so that writing takes at most a thirtieth of the time.
COST_FACTOR = 30


def dump(value: Any) -> str:
    """``value`` as JSON text; dataclasses become objects, sets arrays."""
    return json.dumps(value, default=_plain, ensure_ascii=False, separators=(",", ":"))


def revive(kind: Any, value: Any) -> Any:
    """An object of the annotation ``kind`` from what ``dump`` wrote, without unknown fields."""
    origin, args = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = _hints(kind)
        return kind(**{k: revive(hints[k], v) for k, v in value.items() if k in hints})
    if origin in (Union, types.UnionType):
        inner = [arg for arg in args if arg is not types.NoneType]
        return revive(inner[0], value) if value is not None and len(inner) == 1 else value
    if origin is dict:
        return {_key(args[0], k): revive(args[1], v) for k, v in value.items()}
    if origin in (list, set):
        return origin(revive(args[0], item) for item in value)
    return value


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return vars(value)
    if isinstance(value, set):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no place in a snapshot")


def _key(kind: Any, text: str) -> Any:
    return int(text) if kind is int else text


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


class SnapshotFile:
    """One file that follows the world: written soon after changes, whole or not at all."""

    def __init__(self, path: Path, *, content: Callable[[], Any]) -> None:
        self.path = path
        self._content = content
        self._timer: asyncio.TimerHandle | None = None
        self._next_at = 0.0

    def read(self) -> Any:
        """What was last written, parsed; ``None`` where there is nothing readable."""
        try:
            return json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError:
            logger.warning("the snapshot %s is damaged: starting with an empty world", self.path)
            return None

    def schedule(self) -> None:
        """Write soon; many calls in a row make one write."""
        if self._timer is None:
            delay = max(QUIET_SECONDS, self._next_at - time.monotonic())
            self._timer = asyncio.get_running_loop().call_later(delay, self.write)

    def write(self) -> None:
        """Write now, by way of a second file that takes the first one's name."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        started = time.monotonic()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        partial.write_text(dump(self._content()), encoding="utf-8")
        partial.replace(self.path)
        ended = time.monotonic()
        self._next_at = ended + (ended - started) * COST_FACTOR
