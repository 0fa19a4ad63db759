"""How fast the site takes in what Telegram sends, with nobody there to handle it."""

import asyncio
import itertools
import json
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from bench import load
from bench.figures import Figure, at_least, at_most, percentile, spread
from bench.site import FASTER, Site, SiteError
from bench.world import World, wait_until
from launcher.binaries import find_programs, find_server_user

SETTINGS = FASTER
HEADER = "X-Telegram-Bot-Api-Secret-Token"
WORKERS = ("worker", "pump")
CHATS = 200

STEADY_PER_SECOND = 50
STEADY_SECONDS = 20
STEADY_P99_SECONDS = 0.150
CONNECTIONS = 64
FULL_SECONDS = 10
FULL_PER_SECOND = 1_700
HANDLED_SECONDS = 60.0
COLD_SECONDS = 30.0
TRIALS = 3

# The row that a webhook becomes, by the shortest way that there is.
PGBENCH = """
\\set update random(1, 9000000000000000)
\\set chat random(1, {chats})
INSERT INTO integrations_inboundevent (source, account_id, external_id, lane, payload, state,
    attempts, not_before, last_error, correlation_id, received_at)
VALUES ('pgbench', '{account}', :update, 'pgbench:' || :chat, '{payload}'::jsonb, 'new',
    0, now(), '', '{correlation}', now())
ON CONFLICT (source, account_id, external_id) DO NOTHING;
"""


@dataclass(frozen=True)
class Hook:
    """A bot's webhook, as the site told Telegram."""

    path: str
    secret: str
    port: int

    def messages(self) -> Iterator[bytes]:
        """Get requests without end, each a new message by one of many people to the bot."""
        first = secrets.randbelow(2**40)
        for number in itertools.count(first):
            body = json.dumps(update(number, chat=1_000 + number % CHATS)).encode()
            yield load.request(
                "POST", self.path, port=self.port, headers={HEADER: self.secret}, body=body
            )


def update(number: int, *, chat: int) -> dict[str, object]:
    """Get a private message as Telegram sends it."""
    person = {"id": chat, "is_bot": False, "first_name": f"Person {chat}", "language_code": "ru"}
    message = {
        "message_id": number % 2**31,
        "from": person,
        "chat": {"id": chat, "first_name": person["first_name"], "type": "private"},
        "date": int(time.time()),
        "text": f"Is it still for sale? I could come today after six. {number}",
    }
    return {"update_id": number, "message": message}


async def find_hook(world: World) -> Hook:
    """Get the webhook that the site set for a shop of its own."""
    shop = await world.open_shop(1)
    calls = await world.calls("telegram.setWebhook")
    found = [call["params"] for call in calls if call["account"] == shop.token]
    if not found:
        raise SiteError("the site set no webhook for the new bot")
    path = urlsplit(found[-1]["url"]).path
    return Hook(path=path, secret=found[-1]["secret_token"], port=world.site.port)


@contextmanager
def workers_stopped(site: Site) -> Iterator[None]:
    """Let nobody handle anything meanwhile: the workers stand still, then go on."""
    for name in WORKERS:
        site.signal_group(name, signal.SIGSTOP)
    try:
        yield
    finally:
        for name in WORKERS:
            site.signal_group(name, signal.SIGCONT)


async def measure_webhook(site: Site) -> list[Figure]:
    """Measure a steady stream, the way back of the workers, and the most that can be taken in."""
    async with World(site) as world:
        hook = await find_hook(world)
    messages = hook.messages()
    await load.pace(site.port, messages, per_second=20, seconds=2, connections=CONNECTIONS)
    with workers_stopped(site):
        steady = await load.pace(
            site.port,
            messages,
            per_second=STEADY_PER_SECOND,
            seconds=STEADY_SECONDS,
            connections=CONNECTIONS,
        )
        back_at = time.monotonic()
    handled = await _wait_handled(site)
    figures = [
        spread(f"{STEADY_PER_SECOND} requests/s, workers stopped", steady.latencies),
        at_most(
            "  99th percentile",
            percentile(steady.latencies, 0.99) * 1000,
            STEADY_P99_SECONDS * 1000,
            unit="ms",
        ),
        none_of("  not answered with 200", steady.failed),
        none_of("  not handled once the workers were back", _left(site)),
        Figure(name="  all handled after", value=f"{handled - back_at:.1f} s"),
    ]
    return figures + await _measure_most(site, messages)


async def _measure_most(site: Site, messages: Iterator[bytes]) -> list[Figure]:
    with workers_stopped(site):
        before, cpu = _stored(site), site.cpu_seconds("web")
        runs = []
        for _ in range(TRIALS):
            runs.append(
                await load.saturate(
                    site.port, messages, connections=CONNECTIONS, seconds=FULL_SECONDS
                )
            )
            await asyncio.sleep(1)
        taken = sum(run.ok for run in runs)
        lost = taken - (_stored(site) - before)
        cpu = (site.cpu_seconds("web") - cpu) / max(1, taken)
        floor = await asyncio.to_thread(run_pgbench, site)
        # So many rows are no part of the promise: the workers shall not have to eat them.
        site.query("DELETE FROM integrations_inboundevent RETURNING 1")
    best = sorted(run.per_second for run in runs)[len(runs) // 2]
    return [
        at_least(
            f"most, {CONNECTIONS} connections (median of {TRIALS})",
            best,
            FULL_PER_SECOND,
            unit="requests/s",
        ),
        none_of("  not answered with 200", sum(run.failed for run in runs)),
        none_of("  answered with 200 but not stored", lost),
        Figure(name="  CPU of the web processes", value=f"{cpu * 1000:.2f} ms a request"),
        Figure(name="  the bare INSERT by pgbench", value=f"{floor:,.0f} rows/s"),
        Figure(name="  share of pgbench", value=f"{best / floor:.2f}"),
    ]


async def measure_cold(site: Site) -> list[Figure]:
    """Start the web processes anew and let many clients be their very first traffic."""
    async with World(site) as world:
        hook = await find_hook(world)
    pid = site.pid("web")
    if pid is None or not site.kill("web", signal.SIGTERM):
        raise SiteError("the site has no web process")
    await wait_until(lambda: site.pid("web") not in (pid, None), seconds=COLD_SECONDS)
    answers = await load.rush(
        site.port, hook.messages(), connections=CONNECTIONS, seconds=COLD_SECONDS
    )
    return [
        spread(f"{CONNECTIONS} connections as the first traffic", answers.latencies),
        none_of("  not answered with 200", answers.failed),
    ]


def none_of(name: str, count: int) -> Figure:
    """Hold a count against nothing at all."""
    return Figure(name=name, value=f"{count}", target="0", is_met=count == 0)


def run_pgbench(site: Site, *, seconds: int = FULL_SECONDS, clients: int = CONNECTIONS) -> float:
    """Get how many such rows a second pgbench inserts into the site's database.

    :raises SiteError: pgbench failed.
    """
    program = find_programs(find_server_user())[0] / "pgbench"
    script = site.var_dir / "insert.sql"
    # After each colon a space: pgbench takes a name right behind one for a variable.
    payload = json.dumps(update(2**40, chat=1_000))
    script.write_text(
        PGBENCH.format(
            chats=CHATS,
            account="00000000-0000-0000-0000-000000000000",
            payload=payload,
            correlation=secrets.token_hex(16),
        )
    )
    answer = subprocess.run(
        [
            *(str(program), "--no-vacuum", "--protocol=prepared", f"--file={script}"),
            *(f"--client={clients}", "--jobs=2", f"--time={seconds}", site.database_url),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    for line in answer.stdout.splitlines():
        if line.startswith("tps = "):
            return float(line.split()[2])
    raise SiteError(f"pgbench: {answer.stderr.strip()[-500:]}")


async def _wait_handled(site: Site) -> float:
    await wait_until(lambda: not _left(site), seconds=HANDLED_SECONDS)
    return time.monotonic()


def _left(site: Site) -> int:
    return int(
        site.query("SELECT count(*) FROM integrations_inboundevent WHERE state <> 'done'")[0][0]
    )


def _stored(site: Site) -> int:
    return int(site.query("SELECT count(*) FROM integrations_inboundevent")[0][0])
