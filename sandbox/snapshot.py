"""The world on disk: dataclasses of plain JSON, read back by their annotations."""

import asyncio
import dataclasses
import json
import logging
import time
import types
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

logger = logging.getLogger("sandbox.snapshot")

QUIET_SECONDS = 1.0
# A big world is written less often, so that writing takes at most a thirtieth of the time,
# and in slices, so that no call waits long for it.
COST_FACTOR = 30
SLICE_SECONDS = 0.004
# World, stand-in, collection, chat, messages: below that, one piece each.
PIECE_DEPTH = 5


def dump(value: Any) -> str:
    """``value`` as JSON text; dataclasses become objects, sets arrays."""
    return json.dumps(value, default=_plain, ensure_ascii=False, separators=(",", ":"))


def dump_pieces(value: Any, *, depth: int = PIECE_DEPTH) -> Iterator[str]:
    """``dump`` in pieces; what is added between two of them may be there or not."""
    fields = vars(value) if dataclasses.is_dataclass(value) else value
    if depth == 0 or not isinstance(fields, dict):
        yield dump(value)
        return
    yield "{"
    for number, (name, item) in enumerate(list(fields.items())):
        yield f"{',' if number else ''}{dump(str(name))}:"
        yield from dump_pieces(item, depth=depth - 1)
    yield "}"


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
        self._task: asyncio.Task[None] | None = None
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
            self._timer = asyncio.get_running_loop().call_later(delay, self._begin)

    def write(self) -> None:
        """Write now and at once, in the place of what was scheduled or under way."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._task is not None:
            self._task.cancel()
        self._replace("".join(dump_pieces(self._content())))

    def _begin(self) -> None:
        self._timer = None
        if self._task is not None and not self._task.done():
            self.schedule()
            return
        self._task = asyncio.create_task(self._write_in_slices())

    async def _write_in_slices(self) -> None:
        text: list[str] = []
        busy = 0.0
        started = time.perf_counter()
        for piece in dump_pieces(self._content()):
            text.append(piece)
            if time.perf_counter() - started > SLICE_SECONDS:
                busy += time.perf_counter() - started
                await asyncio.sleep(0)
                started = time.perf_counter()
        self._replace("".join(text))
        busy += time.perf_counter() - started
        self._next_at = time.monotonic() + busy * COST_FACTOR

    def _replace(self, text: str) -> None:
        """Put ``text`` in place by way of a second file, so that no half of it is ever seen."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        partial.write_text(text, encoding="utf-8")
        partial.replace(self.path)
