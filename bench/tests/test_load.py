"""The load generator against a small server of our own, whose answers we know."""

import asyncio
import itertools
from contextlib import asynccontextmanager

import pytest

from bench import load
from conftest import free_port

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
EMPTY = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"


@asynccontextmanager
async def serving(port, *, delay=0.0, break_every=0, chunks=1, whole=WHOLE):
    """Answer every request with 200, or break each n-th connection; yields what was asked."""
    asked = []

    async def answer(reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = load.LENGTH.search(head)
                body = await reader.readexactly(int(length[1])) if length else b""
                asked.append((head.split(b" ")[1].decode(), body))
                if break_every and len(asked) % break_every == 0:
                    break
                await asyncio.sleep(delay)
                size = len(whole) // chunks
                for at in range(0, len(whole), size):
                    writer.write(whole[at : at + size])
                    await writer.drain()
                    if chunks > 1:
                        await asyncio.sleep(0.002)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port)
    try:
        yield asked
    finally:
        server.close()


def distinct(port):
    for number in itertools.count():
        yield load.request("POST", "/in", port=port, body=b'{"id":%d}' % number)


@pytest.fixture
def port():
    return free_port()


def test_a_request_says_its_length_and_its_headers():
    message = load.request("POST", "/x", port=80, headers={"X-Secret": "s"}, body=b"{}")
    assert message.startswith(b"POST /x HTTP/1.1\r\nHost: 127.0.0.1:80\r\nX-Secret: s\r\n")
    assert message.endswith(b"\r\nContent-Length: 2\r\n\r\n{}")


def test_saturation_sends_each_message_once_and_counts_what_came_back(port):
    async def run():
        async with serving(port) as asked:
            answers = await load.saturate(port, distinct(port), connections=4, seconds=0.3)
            return asked, answers

    asked, answers = asyncio.run(run())
    assert answers.ok == len(asked) == len({body for _, body in asked}) > 8
    assert answers.failed == 0
    assert answers.per_second == pytest.approx(answers.ok / answers.seconds)


@pytest.mark.parametrize("whole", [WHOLE, CHUNKED, EMPTY])
def test_an_answer_in_pieces_is_one_answer(port, whole):
    async def run():
        async with serving(port, chunks=8, whole=whole) as asked:
            answers = await load.saturate(port, distinct(port), connections=1, seconds=0.2)
            return asked, answers

    asked, answers = asyncio.run(run())
    assert answers.statuses == {200: len(asked)}


def test_a_broken_connection_counts_as_lost_and_is_replaced(port):
    async def run():
        async with serving(port, break_every=5) as asked:
            answers = await load.saturate(port, distinct(port), connections=1, seconds=0.3)
            return asked, answers

    asked, answers = asyncio.run(run())
    assert answers.failed == len(asked) // 5 > 0
    assert answers.ok + answers.failed == len(asked)


def test_a_fixed_rate_is_kept_whatever_the_answers_take(port):
    async def run():
        async with serving(port, delay=0.2):
            return await load.pace(port, distinct(port), per_second=50, seconds=0.6, connections=16)

    answers = asyncio.run(run())
    assert answers.ok == 30
    assert min(answers.latencies) >= 0.2
    assert answers.seconds < 1.2


def test_a_request_that_waits_for_a_connection_is_late_from_when_it_was_due(port):
    async def run():
        async with serving(port, delay=0.1):
            return await load.pace(port, distinct(port), per_second=50, seconds=0.2, connections=1)

    answers = asyncio.run(run())
    assert answers.ok == 10
    assert max(answers.latencies) > 0.7


def test_a_rush_begins_when_the_port_opens_and_asks_once_on_each_connection(port):
    async def run():
        rush = asyncio.create_task(load.rush(port, distinct(port), connections=8, seconds=5))
        await asyncio.sleep(0.2)
        async with serving(port, break_every=8) as asked:
            return await rush, asked

    answers, asked = asyncio.run(run())
    assert len(asked) == 8
    assert answers.statuses == {200: 7, load.LOST: 1}
