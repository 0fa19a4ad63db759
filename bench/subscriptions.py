"""How fast VPN apps read their subscriptions, and staff the list of configs."""

import itertools
import json
from collections.abc import Iterator, Sequence

import aiohttp
import psycopg
from psycopg.sql import SQL, Identifier

from bench import load
from bench.figures import Figure, at_least, at_most, percentile, spread
from bench.ingest import none_of
from bench.site import Site
from bench.world import World

SETTINGS = {"AVITO_POLL_SECONDS": "600"}
PEOPLE = 5_000
CONFIGS_EACH = 2
PANELS, INBOUNDS_EACH = 4, 3
CONNECTIONS = 16
SECONDS = 8
WARM_SECONDS = 2
PER_SECOND = 900
P99_SECONDS = 0.050
# Each is asked often: below what one subscription may ask for in a minute.
KNOWN = 500
STAFF_LIST = "/api/admin/v1/configs?limit=20"

_STREAM = {
    "network": "tcp",
    "security": "reality",
    "tcpSettings": {"header": {"type": "none"}},
    "realitySettings": {
        "serverNames": ["front.example", "www.front.example"],
        "shortIds": ["", "0123abcd", "6ba85179e30d4fc2"],
        "settings": {"publicKey": "p" * 43, "fingerprint": "chrome"},
    },
}
_COLUMNS = """
SELECT column_name FROM information_schema.columns
WHERE table_name = 'accounts_user' AND column_name <> 'id'
"""
# People as the demo's owner is, with names of their own.
_PEOPLE = """
INSERT INTO accounts_user ({columns})
SELECT {values} FROM accounts_user, generate_series(1, %s) n WHERE username = 'owner'
"""
_OWN = {
    "username": "'bench' || n",
    "email": "'bench' || n || '@example.org'",
    "telegram_id": "NULL",
    "telegram_username": "''",
}
_PANELS = """
INSERT INTO vpnconfigs_panel (id, name, url, public_host, country, sealed_credentials, username,
    token_hint, is_enabled, is_open, generation, version, xray_version, state, last_error_code,
    last_error, created_at)
SELECT gen_random_uuid(), 'bench ' || n, 'https://bench' || n || '.example:2053/p/',
    'vpn' || n || '.example', 'NL', '', '', '', false, true, 'g2', '', '', 'up', '', '', now()
FROM generate_series(1, %s) n
"""
_INBOUNDS = """
INSERT INTO vpnconfigs_inbound (panel_id, external_id, protocol, network, security, listen, port,
    remark, tag, settings, stream, share_address, is_enabled, is_gone, is_sold, title,
    strangers_count, mirrored_at)
SELECT p.id, n, 'vless', 'tcp', 'reality', '', 440 + n, 'inbound ' || n, '', '{}', %s::jsonb, '',
    true, false, true, '', 0, now()
FROM vpnconfigs_panel p, generate_series(1, %s) n WHERE p.name LIKE 'bench %%'
"""
_LINKS = """
INSERT INTO vpnconfigs_subscriptionlink (user_id, token, renewed_at, last_reader)
SELECT id, left(encode(sha256(username::bytea), 'hex'), 43), now(), ''
FROM accounts_user WHERE username LIKE 'bench%'
RETURNING token
"""
_CONFIGS = """
INSERT INTO vpnconfigs_config (id, user_id, subscription_id, name, protocol, inbound_id, is_trial,
    is_adopted, email, secret, sub_id, flow, state, valid_from, valid_to, first_use_ms,
    traffic_limit_bytes, device_limit, ip_limit, suspended_reason, used_up_bytes, used_down_bytes,
    earlier_bytes, panel_up_bytes, panel_down_bytes, wanted_reset, done_reset, is_online, revision,
    synced_revision, sync_attempts, sync_error_code, sync_error, correlation_id, created_at)
SELECT gen_random_uuid(), l.user_id, l.id, 'Phone', 'vless', i.id, false, false,
    'd' || md5(l.token || n), gen_random_uuid()::text, left(md5(l.token), 16), 'xtls-rprx-vision',
    'active', now(), now() + interval '20 days', 0, 50 * 2 ^ 30, 3, 0, '', 1000, 2000, 0, 0, 0,
    0, 0, false, 1, 1, 0, '', '', '', now()
FROM vpnconfigs_subscriptionlink l
CROSS JOIN generate_series(1, %s) n
JOIN (SELECT id, row_number() OVER () AS number FROM vpnconfigs_inbound) i
    ON i.number = 1 + (l.id * 7 + n) %% %s
WHERE l.user_id IN (SELECT id FROM accounts_user WHERE username LIKE 'bench%%')
"""


async def measure_subscriptions(site: Site) -> list[Figure]:
    """Measure whole bodies, readers that have them already, and the staff's list."""
    tokens = _fill(site)
    await _saturate(site, _readings(site, tokens), seconds=WARM_SECONDS)
    # From here on nobody's reading is the first of the hour.
    noted = await _saturate(site, _readings(site, tokens))
    with psycopg.connect(site.database_url, autocommit=True) as database:
        database.execute("UPDATE vpnconfigs_subscriptionlink SET last_read_at = now()")
    cpu = site.cpu_seconds("web")
    whole = await _saturate(site, _readings(site, tokens))
    cpu = (site.cpu_seconds("web") - cpu) / max(1, whole.ok)
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
        at_least("unchanged (304)", unchanged / known.seconds, PER_SECOND, unit="requests/s"),
        at_most("  99th percentile", _p99(known), P99_SECONDS * 1000, unit="ms"),
        none_of("  not answered", whole.failed + noted.failed + known.failed - unchanged),
        *await _measure_staff_list(site),
    ]


async def _measure_staff_list(site: Site) -> list[Figure]:
    async with World(site) as world:
        token = await world.sign_in()
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


def _fill(site: Site) -> list[str]:
    """Put people with configs into the database; return the tokens of their subscriptions."""
    with psycopg.connect(site.database_url, autocommit=True) as database:
        names = [name for (name,) in database.execute(_COLUMNS).fetchall()]
        columns = SQL(", ").join(map(Identifier, names))
        values = SQL(", ").join(SQL(_OWN[n]) if n in _OWN else Identifier(n) for n in names)
        database.execute(SQL(_PEOPLE).format(columns=columns, values=values), [PEOPLE])
        database.execute(_PANELS, [PANELS])
        database.execute(_INBOUNDS, [json.dumps(_STREAM), INBOUNDS_EACH])
        tokens = [token for (token,) in database.execute(_LINKS).fetchall()]
        database.execute(_CONFIGS, [CONFIGS_EACH, PANELS * INBOUNDS_EACH])
        database.execute("ANALYZE")
    return tokens


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
