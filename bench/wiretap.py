"""A listener on the wire between the site and a stand-in: passes everything on, and keeps it."""

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web

BODY_BYTES = 64 * 1024 * 1024
# These belong to one connection, not to the message.
HOP_HEADERS = frozenset(
    ("host", "connection", "content-length", "transfer-encoding", "content-encoding", "keep-alive")
)


@dataclass(frozen=True)
class Exchange:
    """A request and its answer. A status of 0: the connection broke before the answer."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    status: int
    answer_headers: Mapping[str, str]
    answer: bytes


class Wiretap:
    """A context manager: while it lasts, what is sent to `url` arrives at `target`.

    :param target: the address of the stand-in, such as `http://127.0.0.1:8100/avito`.
    """

    def __init__(self, target: str, *, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.exchanges: list[Exchange] = []
        self._target = target
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wiretap")

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _open(self) -> None:
        self._client = aiohttp.ClientSession(auto_decompress=False)
        app = web.Application(client_max_size=BODY_BYTES)
        app.router.add_route("*", "/{path:.*}", self._pass_on)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()

    async def _close(self) -> None:
        await self._runner.cleanup()
        await self._client.close()

    async def _pass_on(self, request: web.Request) -> web.Response:
        body = await request.read()
        status, headers, answer = 0, {}, b""
        try:
            async with self._client.request(
                request.method,
                f"{self._target}{request.rel_url.raw_path_qs}",
                headers=_without_hops(request.headers),
                data=body,
                allow_redirects=False,
            ) as response:
                status, answer = response.status, await response.read()
                headers = _without_hops(response.headers)
        except aiohttp.ClientError:
            if request.transport is not None:
                request.transport.abort()
        query = {name: request.query.getall(name) for name in request.query}
        self.exchanges.append(
            Exchange(
                request.method,
                request.rel_url.raw_path,
                query,
                dict(request.headers),
                body,
                status,
                headers,
                answer,
            )
        )
        return web.Response(status=status or 502, headers=headers, body=answer)


def _without_hops(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in HOP_HEADERS}
