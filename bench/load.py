"""A load generator that costs little: HTTP/1.1 over raw sockets on one event loop.

Every connection is kept, and has one request in the air at a time.
"""

import asyncio
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

HEAD_END = b"\r\n\r\n"
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
LAST_CHUNK = b"0\r\n\r\n"
LOST = 0
TRY_AGAIN_SECONDS = 0.01


@dataclass
class Answers:
    """What came back. A status of 0 stands for a connection that broke."""

    statuses: dict[int, int] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def note(self, status: int, latency: float) -> None:
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.latencies.append(latency)

    @property
    def ok(self) -> int:
        """How many were answered with 200."""
        return self.statuses.get(200, 0)

    @property
    def failed(self) -> int:
        return sum(self.statuses.values()) - self.ok

    @property
    def per_second(self) -> float:
        """Good answers in a second."""
        return self.ok / self.seconds


def request(
    method: str, path: str, *, port: int, headers: dict[str, str] | None = None, body: bytes = b""
) -> bytes:
    """Get the bytes of a request to a server on loopback."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def is_whole(data: bytes) -> bool:
    """Tell whether an answer has arrived to its end: by its length, or its last chunk."""
    end = data.find(HEAD_END)
    if end < 0:
        return False
    body = len(data) - end - len(HEAD_END)
    if CHUNKED.search(data, 0, end):
        return body >= len(LAST_CHUNK) and data.endswith(LAST_CHUNK)
    length = LENGTH.search(data, 0, end)
    return body >= (int(length[1]) if length else 0)


class _Connection(asyncio.Protocol):
    """One connection; `ask` sends a request and returns the status of its answer."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[int] | None = None
        self._data = b""

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - TCP gives no other
        self._transport = transport

    def ask(self, message: bytes) -> asyncio.Future[int]:
        assert self._transport is not None  # noqa: S101 - made by create_connection
        self._answer = self._loop.create_future()
        self._data = b""
        self._transport.write(message)
        return self._answer

    def data_received(self, data: bytes) -> None:
        self._data += data
        if is_whole(self._data):
            status = STATUS.match(self._data)
            self._settle(int(status[1]) if status else LOST)

    def connection_lost(self, exc: Exception | None) -> None:
        self._settle(LOST)

    def close(self) -> None:
        if self._transport:
            self._transport.close()

    def _settle(self, status: int) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_result(status)


async def _connect(port: int) -> _Connection:
    _, connection = await asyncio.get_running_loop().create_connection(
        _Connection, "127.0.0.1", port
    )
    return connection


async def saturate(
    port: int, messages: Iterator[bytes], *, connections: int, seconds: float
) -> Answers:
    """Ask as fast as the answers come, on so many connections, for so long."""
    answers = Answers()
    began = time.perf_counter()
    until = began + seconds

    async def work() -> None:
        connection = await _connect(port)
        while (at := time.perf_counter()) < until:
            if not connection.is_open:
                connection = await _connect(port)
            status = await connection.ask(next(messages))
            answers.note(status, time.perf_counter() - at)
        connection.close()

    await asyncio.gather(*(work() for _ in range(connections)))
    answers.seconds = time.perf_counter() - began
    return answers


async def pace(
    port: int, messages: Iterator[bytes], *, per_second: float, seconds: float, connections: int
) -> Answers:
    """Ask at a fixed rate whatever the answers do; latencies count from the due moment."""
    answers = Answers()
    began = time.perf_counter()
    free: asyncio.Queue[_Connection] = asyncio.Queue()
    for _ in range(connections):
        free.put_nowait(await _connect(port))

    async def work(message: bytes, due: float) -> None:
        connection = await free.get()
        if not connection.is_open:
            connection = await _connect(port)
        status = await connection.ask(message)
        answers.note(status, time.perf_counter() - due)
        free.put_nowait(connection)

    async with asyncio.TaskGroup() as tasks:
        for number in range(round(per_second * seconds)):
            due = began + number / per_second
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.create_task(work(next(messages), due))
    answers.seconds = time.perf_counter() - began
    while not free.empty():
        free.get_nowait().close()
    return answers


async def rush(
    port: int, messages: Iterator[bytes], *, connections: int, seconds: float
) -> Answers:
    """Open all connections as soon as the port takes them, and ask once on each.

    A refused connection (nobody listens yet) is tried again; one that breaks later counts as lost.
    """
    answers = Answers()
    began = time.perf_counter()

    async def work(message: bytes) -> None:
        connection = await _connect_when_open(port, until=began + seconds)
        at = time.perf_counter()
        try:
            status = await asyncio.wait_for(connection.ask(message), seconds)
        except TimeoutError:
            status = LOST
        answers.note(status, time.perf_counter() - at)
        connection.close()

    await asyncio.gather(*(work(next(messages)) for _ in range(connections)))
    answers.seconds = time.perf_counter() - began
    return answers


async def _connect_when_open(port: int, *, until: float) -> _Connection:
    while time.perf_counter() < until:
        with suppress(OSError):
            return await _connect(port)
        await asyncio.sleep(TRY_AGAIN_SECONDS)
    raise TimeoutError(f"nobody listens on {port}")


async def exhaust(port: int, messages: Iterator[bytes], *, connections: int) -> Answers:
    """Ask once for each message, on so many connections, until there are none left."""
    answers = Answers()
    began = time.perf_counter()

    async def work() -> None:
        connection = await _connect(port)
        for message in messages:
            if not connection.is_open:
                connection = await _connect(port)
            at = time.perf_counter()
            answers.note(await connection.ask(message), time.perf_counter() - at)
        connection.close()

    await asyncio.gather(*(work() for _ in range(connections)))
    answers.seconds = time.perf_counter() - began
    return answers
