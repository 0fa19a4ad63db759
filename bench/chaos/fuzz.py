"""Forged sign-ins by the hundred thousand: each is a 401, none is a fault, nobody gets in."""

import json
import time
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from bench import load
from bench.chaos.forgery import forge
from bench.chaos.ledger import Check
from bench.site import Site
from bench.world import World

SETTINGS = {"RATE_LIMIT_ENABLED": "0", "LOG_LEVEL": "ERROR"}
CONNECTIONS = 32
STRINGS = 100_000
SECONDS = 60.0
LOGIN = "/api/auth/v1/login/social/telegram"
BEARER = "/api/auth/v1/me"
PLATFORM_BOT = "depesha_demo_bot"
SEED = 20_260_301


async def run_fuzz(site: Site, strings: int = STRINGS) -> list[Check]:
    """Send forged strings by both ways, half and half, and the good one before and after."""
    async with World(site) as world:
        good = await _sign(world)
    first = await _send(site, iter([_by_body(site, good)]), connections=1)
    before = _people(site)
    began = time.perf_counter()
    answers = await _send(site, _requests(site, good, strings), connections=CONNECTIONS)
    seconds = time.perf_counter() - began
    last = await _send(site, iter([_by_body(site, good)]), connections=1)
    odd = {status: n for status, n in answers.items() if status not in (400, 401)}
    print(f"  {sum(answers.values()):,} strings in {seconds:.0f} s: {answers}", flush=True)
    return [
        Check("every string is refused with 400 or 401", list(odd.items())),
        Check("all of them were sent", [] if sum(answers.values()) == strings else [answers]),
        Check("nobody new is there", [] if _people(site) == before else [before, _people(site)]),
        Check("the good one signs in, before and after", _unless_ok(first) + _unless_ok(last)),
        Check(f"no longer than {SECONDS:.0f} s", [] if seconds <= SECONDS else [seconds]),
    ]


async def _sign(world: World) -> str:
    body = {"bot": PLATFORM_BOT, "user": {"id": 5_000_077, "first_name": "Honest"}}
    signed = await world.control("telegram/init_data", body)
    return str(signed["init_data"])


async def _send(site: Site, messages: Iterator[bytes], *, connections: int) -> dict[int, int]:
    return (await load.exhaust(site.port, messages, connections=connections)).statuses


def _requests(site: Site, good: str, count: int) -> Iterator[bytes]:
    for number, text in enumerate(forge(count, good=good, seed=SEED)):
        yield _by_bearer(site, text) if number % 2 else _by_body(site, text)


def _by_body(site: Site, text: str) -> bytes:
    body = json.dumps({"init_data": text}).encode()
    return load.request("POST", LOGIN, port=site.port, body=body)


def _by_bearer(site: Site, text: str) -> bytes:
    """A header holds one line of plain characters, so the rest is escaped once more."""
    line = quote(text, safe='=&%+[]{}":,.-_\\ ')
    return load.request("GET", BEARER, port=site.port, headers={"Authorization": f"tma {line}"})


def _people(site: Site) -> Sequence[object]:
    return site.query("SELECT count(*), max(id) FROM accounts_user")[0]


def _unless_ok(answers: dict[int, int]) -> list[object]:
    return [] if answers == {200: 1} else [answers]
