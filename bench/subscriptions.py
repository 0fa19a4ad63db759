"""How fast VPN apps read their subscriptions, and staff the list of configs."""

import itertools
from collections.abc import Iterator, Sequence

import aiohttp
import psycopg

from bench import load
from bench.authentication import TRIVIAL
from bench.figures import Figure, at_least, at_most, percentile, spread
from bench.ingest import none_of
from bench.shop import fill_shop
from bench.site import OWNER, Site

SETTINGS = {"AVITO_POLL_SECONDS": "600"}
PEOPLE = 5_000
CONNECTIONS = 16
SECONDS = 8
WARM_SECONDS = 2
PER_SECOND = 900
P99_SECONDS = 0.050
# Each is asked often: below what one subscription may ask for in a minute.
KNOWN = 500
STAFF = ("admin", OWNER[1])
STAFF_LIST = "/api/admin/v1/configs?limit=20"


async def measure_subscriptions(site: Site) -> list[Figure]:
    """Measure whole bodies, readers that have them already, and the staff's list."""
    tokens = fill_shop(site, people=PEOPLE)
    await _saturate(site, _readings(site, tokens), seconds=WARM_SECONDS)
    # From here on nobody's reading is the first of the hour.
    noted = await _saturate(site, _readings(site, tokens))
    with psycopg.connect(site.database_url, autocommit=True) as database:
        database.execute("UPDATE vpnconfigs_subscriptionlink SET last_read_at = now()")
    cpu = site.cpu_seconds("web")
    whole = await _saturate(site, _readings(site, tokens))
    cpu = (site.cpu_seconds("web") - cpu) / max(1, whole.ok)
    bare = load.request("GET", TRIVIAL, port=site.port)
    trivial = await _saturate(site, itertools.repeat(bare))
    etags = await _etags(site, tokens[:KNOWN])
    known = await _saturate(site, _readings(site, tokens[:KNOWN], etags=etags))
    unchanged = known.statuses.get(304, 0)
    return [
        Figure(
            name="whole, the first reading of an hour",
            value=f"{noted.per_second:,.0f} requests/s",
        ),
        at_least("whole body", whole.per_second, PER_SECOND, unit="requests/s"),
        at_most("  99th percentile", _p99(whole), P99_SECONDS * 1000, unit="ms"),
        spread("  latency", whole.latencies),
        Figure(name="  CPU of the web processes", value=f"{cpu * 1000:.2f} ms a request"),
        Figure(name=f"GET {TRIVIAL}", value=f"{trivial.per_second:,.0f} requests/s"),
        at_least("unchanged (304)", unchanged / known.seconds, PER_SECOND, unit="requests/s"),
        at_most("  99th percentile", _p99(known), P99_SECONDS * 1000, unit="ms"),
        none_of("  not answered", whole.failed + noted.failed + known.failed - unchanged),
        *await _measure_staff_list(site),
    ]


async def _measure_staff_list(site: Site) -> list[Figure]:
    token = await _sign_in_staff(site)
    message = load.request(
        "GET", STAFF_LIST, port=site.port, headers={"Authorization": f"Bearer {token}"}
    )
    first = await load.exhaust(site.port, iter([message]), connections=1)
    if not first.ok:
        status = next(iter(first.statuses))
        return [Figure(name=f"GET {STAFF_LIST}", value=f"skipped: answers {status}")]
    answers = await _saturate(site, itertools.repeat(message))
    return [
        Figure(name=f"GET {STAFF_LIST}", value=f"{answers.per_second:,.0f} requests/s"),
        spread("  latency", answers.latencies),
        none_of("  not answered", answers.failed),
    ]


async def _sign_in_staff(site: Site) -> str:
    login, password = STAFF
    async with (
        aiohttp.ClientSession(site.url) as session,
        session.post("/api/auth/v1/login", json={"login": login, "password": password}) as answer,
    ):
        return str((await answer.json())["access_token"])


def _readings(
    site: Site, tokens: Sequence[str], *, etags: dict[str, str] | None = None
) -> Iterator[bytes]:
    """Get requests of many people's apps, in turn and without end."""
    messages = []
    for token in tokens:
        headers = {"User-Agent": "Happ/3.2.1", "Accept": "*/*"}
        if etags is not None:
            headers["If-None-Match"] = etags[token]
        messages.append(load.request("GET", f"/sub/{token}", port=site.port, headers=headers))
    return itertools.cycle(messages)


async def _etags(site: Site, tokens: Sequence[str]) -> dict[str, str]:
    found = {}
    async with aiohttp.ClientSession(site.url) as session:
        for token in tokens:
            async with session.get(f"/sub/{token}") as answer:
                found[token] = answer.headers["ETag"]
    return found


async def _saturate(
    site: Site, messages: Iterator[bytes], *, seconds: float = SECONDS
) -> load.Answers:
    return await load.saturate(site.port, messages, connections=CONNECTIONS, seconds=seconds)


def _p99(answers: load.Answers) -> float:
    return percentile(answers.latencies, 0.99) * 1000
