"""Forged sign-ins by the hundred thousand: each is a 401, none is a fault, nobody gets in.

Every third string goes over real HTTP, by each way in turn; the others go through the verifier
alone, the same functions in the same order. Two cores answer about 1,200 requests a second, so
all of them over HTTP would take a minute and a half.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import quote

from django.conf import settings

from accounts.telegram.errors import TelegramRefusedError
from accounts.telegram.init_data import check_age, check_by_token, read_init_data
from bench import load
from bench.chaos.forgery import Forgery, Target, forge, sorts
from bench.chaos.ledger import Check
from bench.site import Site
from bench.world import World

SETTINGS = {"RATE_LIMIT_ENABLED": "0", "LOG_LEVEL": "ERROR"}
# As many as keep two cores busy: with more, the threads of the site wait for each other.
CONNECTIONS = 8
STRINGS = 100_000
OVER_HTTP = 3
SECONDS = 60.0
MAX_AGE_SECONDS = 3600
LOGIN = "/api/auth/v1/login/social/telegram"
WIDGET = "/api/auth/telegram"
BEARER = "/api/auth/v1/me"
PLATFORM_BOT = "depesha_demo_bot"
PLATFORM_TOKEN = "700000001:AAdemo-platform-bot-of-the-sandbox0"  # noqa: S105
SHOPS_BOT = "velo_demo_bot"
SEED = 20_260_301
ACCEPTED = "accepted"
UNAUTHORIZED = 401

Request = Callable[[Site, str], bytes]


async def run_fuzz(site: Site, strings: int = STRINGS) -> list[Check]:
    """Send forged strings by every way, and the good one before and after."""
    async with World(site) as world:
        target = Target(PLATFORM_TOKEN, await _sign(world))
    first = await _send(site, iter([_by_body(site, target.good)]))
    before = _people(site)
    began = time.perf_counter()
    refusals: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    sent = _requests(site, target, strings, refusals=refusals, kinds=kinds)
    answers = await _send(site, sent, connections=CONNECTIONS)
    seconds = time.perf_counter() - began
    last = await _send(site, iter([_by_body(site, target.good)]))
    tried = sum(answers.values()) + sum(refusals.values())
    print(f"  {tried:,} strings in {seconds:.0f} s", flush=True)
    print(f"  over HTTP: {answers}; by the verifier: {dict(refusals)}", flush=True)
    odd = [(status, n) for status, n in answers.items() if status != UNAUTHORIZED]
    missing = [sort for sort in sorts() if not kinds[sort]]
    good = _unless_ok(first) + _unless_ok(last)
    return [
        Check("every string over HTTP is answered with 401", odd),
        Check("the verifier refuses all the others", _unless_refused(refusals, target)),
        Check(
            "every sort of forgery was tried, and all strings", missing + _unless(tried, strings)
        ),
        Check("nobody new is there", _unless(_people(site), before)),
        Check("the good one signs in, before and after", good),
        Check(f"no longer than {SECONDS:.0f} s", [] if seconds <= SECONDS else [seconds]),
    ]


def verify(text: str, *, token: str) -> str:
    """Return the code with which the site refuses initData of the bot with this token.

    :returns: ``ACCEPTED`` for what would sign in. Whatever else is raised would be a fault.
    """
    if not settings.configured:
        # Refusals have texts, which nobody reads here.
        settings.configure(USE_I18N=False)
    try:
        data = read_init_data(text)
        check_age(data.auth_date, now=time.time(), max_age_seconds=MAX_AGE_SECONDS)
        check_by_token(data, token=token)
        data.person  # noqa: B018 - reading it is the check
    except TelegramRefusedError as error:
        return error.error_code
    return ACCEPTED


async def _sign(world: World) -> str:
    body = {"bot": PLATFORM_BOT, "user": {"id": 5_000_077, "first_name": "Honest"}}
    signed = await world.control("telegram/init_data", body)
    return str(signed["init_data"])


async def _send(site: Site, messages: Iterator[bytes], *, connections: int = 1) -> dict[int, int]:
    return (await load.exhaust(site.port, messages, connections=connections)).statuses


def _requests(
    site: Site, target: Target, count: int, *, refusals: Counter[str], kinds: Counter[str]
) -> Iterator[bytes]:
    """Yield the share that goes over HTTP; verify the others on the way, and count both."""
    for number, forgery in enumerate(forge(count, target=target, seed=SEED)):
        kinds[forgery.sort] += 1
        if number % OVER_HTTP:
            refusals[_refusal(forgery, target)] += 1
        else:
            yield _WAYS[number // OVER_HTTP % len(_WAYS)](site, forgery.text)


def _refusal(forgery: Forgery, target: Target) -> str:
    try:
        return verify(forgery.text, token=target.token)
    except Exception as fault:  # noqa: BLE001 - the fault is the finding
        return f"{type(fault).__name__} for {forgery}"


def _by_body(site: Site, text: str) -> bytes:
    body = json.dumps({"init_data": text}).encode()
    return load.request("POST", LOGIN, port=site.port, body=body)


def _by_bearer(site: Site, text: str) -> bytes:
    """A header holds one line of plain characters, so the rest is escaped once more."""
    line = quote(text, safe='=&%+[]{}":,.-_\\ ')
    return load.request("GET", BEARER, port=site.port, headers={"Authorization": f"tma {line}"})


def _by_the_shops_bot(site: Site, text: str) -> bytes:
    """To an organization's bot, of which only Telegram's own key convinces."""
    body = json.dumps({"init_data": text, "bot": SHOPS_BOT}).encode()
    return load.request("POST", LOGIN, port=site.port, body=body)


def _by_widget(site: Site, text: str) -> bytes:
    """The same fields, as the Login Widget hands its own over."""
    fields = dict(part.partition("=")[::2] for part in text.split("&"))
    body = json.dumps(fields).encode()
    return load.request("POST", WIDGET, port=site.port, body=body)


_WAYS: tuple[Request, ...] = (_by_body, _by_bearer, _by_the_shops_bot, _by_widget)


def _people(site: Site) -> Sequence[object]:
    return site.query("SELECT count(*), max(id) FROM accounts_user")[0]


def _unless_ok(answers: dict[int, int]) -> list[object]:
    return [] if answers == {200: 1} else [answers]


def _unless(found: object, expected: object) -> list[object]:
    return [] if found == expected else [found, expected]


def _unless_refused(refusals: Counter[str], target: Target) -> list[object]:
    """The control: the verifier accepts what the forgeries were made of."""
    odd: list[object] = [code for code in refusals if code not in TelegramRefusedError.texts]
    good = verify(target.good, token=target.token)
    return odd if good == ACCEPTED else [*odd, good]
