"""What it costs to know who is calling."""

import asyncio
import itertools
import json
import time
from collections.abc import Awaitable
from typing import TypeVar

from argon2 import PasswordHasher

from bench import load
from bench.figures import Figure, at_most
from bench.ingest import none_of
from bench.site import FASTER, OWNER, Site
from bench.statement_log import StatementLog
from bench.world import World

T = TypeVar("T")

# All sign-ins come from one address.
SETTINGS = {**FASTER, "RATE_LIMIT_ENABLED": "0"}
CONNECTIONS = 64
SECONDS = 6
SETTLED_SECONDS = 3.0
# A page that needs nothing but the caller, and one that does not even need him.
SIGNED_IN = "/api/auth/v1/me"
TRIVIAL = "/api/v1/health/liveness"
LOGIN = "/api/auth/v1/login"
# Beside ten others a sign-in counts them once more, which is not the usual case.
SIGN_INS = 8
MOST_STATEMENTS = 4.01
# A second hash would make it two and more; everything else that a sign-in does is a tenth of one.
MOST_HASHES = 1.7
# Only a request that opens a session says this.
_OPENS_A_SESSION = "INSERT INTO accounts_session"
# Nothing of a session is asked of the database: one Redis round trip holds it.
MOST_TRANSACTIONS = 0.1


async def measure_auth(site: Site) -> list[Figure]:
    """Measure a cheap call with a token beside one without, and its queries."""
    async with World(site) as world:
        token = await world.sign_in()
    headers = {"Authorization": f"Bearer {token}"}
    signed = load.request("GET", SIGNED_IN, port=site.port, headers=headers)
    bare = load.request("GET", TRIVIAL, port=site.port)
    await _saturate(site, signed, seconds=1)
    trivial = await _saturate(site, bare)
    await asyncio.sleep(SETTLED_SECONDS)
    # The workers ask the database as well, whether we do or not.
    idle, _ = await _count_transactions(site, asyncio.sleep(SECONDS))
    cpu = site.cpu_seconds("web")
    busy, answers = await _count_transactions(site, _saturate(site, signed))
    cpu = (site.cpu_seconds("web") - cpu) / max(1, answers.ok)
    queries = max(0, busy - idle) / max(1, answers.ok)
    return [
        *await _measure_sign_in(site),
        Figure(name=f"GET {TRIVIAL}", value=f"{trivial.per_second:,.0f} requests/s"),
        Figure(name=f"GET {SIGNED_IN}", value=f"{answers.per_second:,.0f} requests/s"),
        Figure(
            name="  share of the one without a token",
            value=f"{answers.per_second / trivial.per_second:.2f}",
        ),
        Figure(name="  CPU of the web processes", value=f"{cpu * 1000:.2f} ms a request"),
        at_most("  queries for each request", queries, MOST_TRANSACTIONS, unit="queries"),
        none_of("  not answered with 200", answers.failed + trivial.failed),
    ]


async def _measure_sign_in(site: Site) -> list[Figure]:
    """Sign in by password again and again, one at a time; count statements and hashes."""
    body = json.dumps(dict(zip(("login", "password"), OWNER, strict=True))).encode()
    message = load.request("POST", LOGIN, port=site.port, body=body)
    await load.exhaust(site.port, iter([message]), connections=1)
    cpu = site.cpu_seconds("web")
    with StatementLog(site) as log:
        await asyncio.sleep(SETTLED_SECONDS)
        answers = await load.exhaust(site.port, iter([message] * SIGN_INS), connections=1)
        said = log.read()
    cpu = (site.cpu_seconds("web") - cpu) / SIGN_INS
    ours = [lines for lines in said.values() if any(_OPENS_A_SESSION in text for text in lines)]
    statements = sum(map(len, ours)) / SIGN_INS
    return [
        Figure(name=f"POST {LOGIN}", value=f"{cpu * 1000:.0f} ms of CPU"),
        at_most("  statements for each sign-in", statements, MOST_STATEMENTS, unit="statements"),
        at_most(
            "  argon2 hashes for each, by its CPU",
            cpu / _hash_seconds(),
            MOST_HASHES,
            unit="hashes",
        ),
        none_of("  not answered with 200", answers.failed),
    ]


def _hash_seconds() -> float:
    """Get what one hash costs here, on all its lanes together, made as the site makes it."""
    hasher = PasswordHasher(time_cost=2, memory_cost=102_400, parallelism=8)
    began = time.process_time()
    for _ in range(10):
        hasher.hash("depesha-demo")
    return (time.process_time() - began) / 10


async def _saturate(site: Site, message: bytes, *, seconds: float = SECONDS) -> load.Answers:
    return await load.saturate(
        site.port, itertools.repeat(message), connections=CONNECTIONS, seconds=seconds
    )


async def _count_transactions(site: Site, work: Awaitable[T]) -> tuple[int, T]:
    """Do the work; return how many transactions the database ended meanwhile, and its result."""
    before = _transactions(site)
    result = await work
    await asyncio.sleep(SETTLED_SECONDS)
    return _transactions(site) - before, result


def _transactions(site: Site) -> int:
    """Get how many transactions the database has ended; outside of `atomic` each is one query."""
    row = site.query(
        "SELECT xact_commit + xact_rollback FROM pg_stat_database"
        " WHERE datname = current_database()"
    )
    return int(row[0][0])
