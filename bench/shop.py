"""A VPN shop with very many configs, put into the database by a handful of statements."""

import json
from datetime import timedelta

import psycopg
from psycopg.sql import SQL, Identifier

from bench.site import Site

CONFIGS_EACH = 2
PANELS, INBOUNDS_EACH = 4, 3

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
    'active', now() - interval '30 days', now() + %s, 0, 50 * 2 ^ 30, 3, 0, '', 1000, 2000, 0, 0, 0,
    0, 0, false, 1, 1, 0, '', '', '', now()
FROM vpnconfigs_subscriptionlink l
CROSS JOIN generate_series(1, %s) n
JOIN (SELECT id, row_number() OVER () AS number FROM vpnconfigs_inbound) i
    ON i.number = 1 + (l.id * 7 + n) %% %s
WHERE l.user_id IN (SELECT id FROM accounts_user WHERE username LIKE 'bench%%')
"""


def fill_shop(site: Site, *, people: int, left: timedelta = timedelta(days=20)) -> list[str]:
    """Give so many people `CONFIGS_EACH` configs with so much time left.

    :returns: the tokens of their subscriptions.
    """
    with psycopg.connect(site.database_url, autocommit=True) as database:
        names = [name for (name,) in database.execute(_COLUMNS).fetchall()]
        columns = SQL(", ").join(map(Identifier, names))
        values = SQL(", ").join(SQL(_OWN[n]) if n in _OWN else Identifier(n) for n in names)
        database.execute(SQL(_PEOPLE).format(columns=columns, values=values), [people])
        database.execute(_PANELS, [PANELS])
        database.execute(_INBOUNDS, [json.dumps(_STREAM), INBOUNDS_EACH])
        tokens = [token for (token,) in database.execute(_LINKS).fetchall()]
        database.execute(_CONFIGS, [left, CONFIGS_EACH, PANELS * INBOUNDS_EACH])
        database.execute("ANALYZE")
    return tokens
