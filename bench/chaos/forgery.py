"""Forged sign-in strings, made from good ones: what nobody's signature covers."""

import hashlib
import hmac
import json
import random
import time
from collections.abc import Callable, Iterator
from urllib.parse import quote, urlencode

Mutation = Callable[[random.Random, str], str]

# The forger's own key: a bot's token that the site does not know.
FORGERS_TOKEN = "700000009:AAforger-with-a-token-of-their-own00"  # noqa: S105
_ALPHABET = 'abcdefghijklmnopqrstuvwxyz_0123456789%&=+[]{}"\\:,.- \n\x00\x7fЖ🙂'
_USERS = (
    "",
    "[]",
    "{}",
    "null",
    "[" * 1200,
    '{"id":1,"id":2}',
    '{"id":"1"}',
    '{"id":true}',
    '{"id":1.5}',
    '{"id":0}',
    '{"id":-1}',
    '{"id":4503599627370497}',
    '{"id":' + "9" * 900 + "}",
    '{"id":5000001,"is_bot":true}',
    '{"id":5000001,"first_name":"\\ud800\\u0000"}',
    '{"id":NaN}',
)


def forge(count: int, *, good: str, seed: int) -> Iterator[str]:
    """Yield ``count`` strings, none of which anybody has signed for the site.

    :param good: a string that the site would accept; no mutation gives it back.
    """
    dice = random.Random(seed)
    made = 0
    while made < count:
        text = dice.choice(_MUTATIONS)(dice, good)
        if text != good:
            made += 1
            yield text


def _flip(dice: random.Random, good: str) -> str:
    """Change characters of the fields, never so that they decode to what was signed."""
    at = dice.randrange(len(good))
    return good[:at] + dice.choice("0123456789abcdefXYZ") + good[at + 1 :] + "&x=1"


def _cut(dice: random.Random, good: str) -> str:
    return good[: dice.randrange(len(good))]


def _insert(dice: random.Random, good: str) -> str:
    at = dice.randrange(len(good))
    noise = "".join(dice.choices(_ALPHABET, k=dice.randrange(1, 20)))
    return f"{good[:at]}{noise}{good[at:]}&y="


def _double(dice: random.Random, good: str) -> str:
    return f"{good}&{dice.choice(good.split('&'))}{dice.randrange(10**6)}"


def _drop(dice: random.Random, good: str) -> str:
    fields = good.split("&")
    fields.pop(dice.randrange(len(fields)))
    return "&".join([*fields, f"query_id={dice.randrange(10**6)}"])


def _noise(dice: random.Random, _good: str) -> str:
    text = "".join(dice.choices(_ALPHABET, k=dice.randrange(0, 300)))
    return f"{text}&hash={'0' * dice.randrange(60, 68)}&auth_date={dice.randrange(10**12)}"


def _bytes(dice: random.Random, _good: str) -> str:
    return f"user={quote(dice.randbytes(40))}&hash={dice.randbytes(32).hex()}&auth_date=1"


def _own_token(dice: random.Random, _good: str) -> str:
    """All in order, but signed by the forger's bot; the user is whatever."""
    user = {"id": dice.randrange(1, 2**40), "first_name": "Forger"}
    text = json.dumps(user) if dice.random() < 0.5 else dice.choice(_USERS)
    when = int(time.time()) + dice.choice((0, 0, 0, -4000, 500, -(10**9)))
    fields = {"auth_date": str(when), "query_id": "AA", "user": text}
    lines = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
    key = dice.choice((b"WebAppData", b"webappdata", b""))
    secret = hmac.digest(key, FORGERS_TOKEN.encode(), "sha256")
    digest = hmac.new(secret, lines.encode(), hashlib.sha256).hexdigest()
    return urlencode({**fields, "hash": dice.choice((digest, digest.upper(), "0" * 64))})


_MUTATIONS: tuple[Mutation, ...] = (
    _flip,
    _cut,
    _insert,
    _double,
    _drop,
    _noise,
    _bytes,
    _own_token,
)
