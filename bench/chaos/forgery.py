"""Forged sign-ins, of every sort that telegram-auth.md names.

Two families. What nobody signed: good strings that were cut, flipped, doubled, and noise. And what
is signed, but must not count: by another bot, with the widget's key, too old, or with contents
that Telegram never writes. The second needs the token of the bot that is attacked, and so goes
further than any forger could.
"""

import base64
import hashlib
import hmac
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

# The forger's own key: a bot's token that the site does not know.
FORGERS_TOKEN = "700000009:AAforger-with-a-token-of-their-own00"  # noqa: S105
FORGERS_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
_ALPHABET = 'abcdefghijklmnopqrstuvwxyz_0123456789%&=+[]{}"\\:,.- \n\x00\x7fЖ🙂'
_PERSON = '{"id":5000077,"first_name":"Forger"}'
_USERS = (
    "",
    "[]",
    "{}",
    "null",
    "[" * 1200,
    '{"id":1,"id":2}',
    '{"id":1,"a":{"b":1,"b":2}}',
    '{"id":"1"}',
    '{"id":true}',
    '{"id":1.5}',
    '{"id":1e3}',
    '{"id":0}',
    '{"id":-1}',
    '{"id":4503599627370497}',
    '{"id":' + "9" * 900 + "}",
    '{"id":5000001,"is_bot":true}',
    '{"id":5000001,"is_bot":"false"}',
    '{"id":NaN}',
    '{"id":1',
)
_MOMENTS = ("", "+1", "-1", "1.0", "1e9", "0x1", "1_000", " 1", "1 ", "٣", "１", "9" * 13)
_KEYS = ("A", "user1", "a-b", "a.b", "ключ", "k" * 33, "", " a")
_CONTROLS = ("\x00", "\t", "\n", "\r", "\x1b", "\x7f", "\x85")


@dataclass(frozen=True, slots=True)
class Target:
    """The bot that is attacked, as only Telegram and its owner can know it.

    :param good: initData that the site accepts for it.
    """

    token: str
    good: str


@dataclass(frozen=True, slots=True)
class Forgery:
    """One forged string, and what was done to it."""

    sort: str
    text: str


Maker = Callable[[random.Random, Target], str]
_MAKERS: dict[str, Maker] = {}


def forge(count: int, *, target: Target, seed: int) -> Iterator[Forgery]:
    """Yield ``count`` forgeries of all sorts in turn; none is what Telegram has signed.

    Fields that are dated are dated now, so use each at once.
    """
    dice = random.Random(seed)
    made = 0
    while made < count:
        for sort, make in _MAKERS.items():
            text = make(dice, target)
            if text and text != target.good and made < count:
                made += 1
                yield Forgery(sort, text)


def sorts() -> list[str]:
    """Return the names of all sorts of forgery."""
    return list(_MAKERS)


def _sort(make: Maker) -> Maker:
    _MAKERS[make.__name__.strip("_").replace("_", " ")] = make
    return make


@_sort
def _flipped(dice: random.Random, target: Target) -> str:
    """Change a character, and add a field, lest it decodes to what was signed."""
    good = target.good
    at = dice.randrange(len(good))
    return good[:at] + dice.choice("0123456789abcdefXYZ") + good[at + 1 :] + "&x=1"


@_sort
def _cut(dice: random.Random, target: Target) -> str:
    return target.good[: dice.randrange(len(target.good))]


@_sort
def _noise_inside(dice: random.Random, target: Target) -> str:
    at = dice.randrange(len(target.good))
    noise = "".join(dice.choices(_ALPHABET, k=dice.randrange(1, 20)))
    return f"{target.good[:at]}{noise}{target.good[at:]}&y="


@_sort
def _noise(dice: random.Random, _target: Target) -> str:
    text = "".join(dice.choices(_ALPHABET, k=dice.randrange(0, 300)))
    return f"{text}&hash={'0' * dice.randrange(60, 68)}&auth_date={dice.randrange(10**12)}"


@_sort
def _not_utf8(dice: random.Random, _target: Target) -> str:
    noise = quote(b"\xff" + dice.randbytes(40))
    return f"user={noise}&hash={dice.randbytes(32).hex()}&auth_date={int(time.time())}"


@_sort
def _key_twice(dice: random.Random, target: Target) -> str:
    """The same field again, with the same value or another."""
    field = dice.choice(target.good.split("&"))
    return f"{target.good}&{field}{dice.choice(('', str(dice.randrange(10**6))))}"


@_sort
def _field_left_out(dice: random.Random, target: Target) -> str:
    """Also ``signature``, which belongs to what the hash covers."""
    fields = target.good.split("&")
    fields.pop(dice.randrange(len(fields)))
    return "&".join(fields)


@_sort
def _field_added(dice: random.Random, target: Target) -> str:
    return f"{target.good}&start_param={dice.randrange(10**6)}"


@_sort
def _hash_of_another_form(dice: random.Random, target: Target) -> str:
    fields = dict(parse_qsl(target.good))
    good = fields["hash"]
    forms = (good.upper(), good[:-1], f"{good}0", f" {good}", f"0x{good[2:]}", "", "Ж" * 64)
    return urlencode({**fields, "hash": dice.choice(forms)})


@_sort
def _person_written_anew(_dice: random.Random, target: Target) -> str:
    """The same JSON in other letters: the raw text is signed."""
    fields = dict(parse_qsl(target.good))
    return urlencode({**fields, "user": f" {fields['user']}"})


@_sort
def _another_bots_token(dice: random.Random, _target: Target) -> str:
    return _signed(dice, FORGERS_TOKEN)


@_sort
def _the_widgets_key(dice: random.Random, target: Target) -> str:
    return _signed(dice, target.token, secret=hashlib.sha256(target.token.encode()).digest())


@_sort
def _key_and_message_swapped(dice: random.Random, target: Target) -> str:
    return _signed(
        dice, target.token, secret=hmac.digest(target.token.encode(), b"WebAppData", "sha256")
    )


@_sort
def _folded(dice: random.Random, target: Target) -> str:
    """Two fields as one, with a newline between: the lines, and so the hash, stay the same."""
    fields = dict(parse_qsl(_signed(dice, target.token)))
    given = fields.pop("hash")
    names = sorted(fields)
    at = dice.randrange(len(names) - 1)
    first, second = names[at], names[at + 1]
    fields[first] += f"\n{second}={fields.pop(second)}"
    return urlencode({**fields, "hash": given})


@_sort
def _control_character(dice: random.Random, target: Target) -> str:
    return _signed(dice, target.token, start_param=f"a{dice.choice(_CONTROLS)}b")


@_sort
def _key_of_another_form(dice: random.Random, target: Target) -> str:
    return _signed(dice, target.token, more={dice.choice(_KEYS): "1"})


@_sort
def _too_many_fields(dice: random.Random, target: Target) -> str:
    names = {f"{'f' * (n % 8 + 1)}_{chr(97 + n % 26)}": "1" for n in range(33)}
    return _signed(dice, target.token, more=names)


@_sort
def _too_long(dice: random.Random, target: Target) -> str:
    return _signed(dice, target.token, start_param="a" * dice.choice((4096, 6000)))


@_sort
def _moment_of_another_form(dice: random.Random, target: Target) -> str:
    return _signed(dice, target.token, auth_date=dice.choice(_MOMENTS))


@_sort
def _too_old(dice: random.Random, target: Target) -> str:
    age = dice.choice((3700, 10**5, 10**9))
    return _signed(dice, target.token, auth_date=f"{int(time.time()) - age}")


@_sort
def _too_early(dice: random.Random, target: Target) -> str:
    ahead = dice.choice((90, 4000, 10**9))
    return _signed(dice, target.token, auth_date=f"{int(time.time()) + ahead}")


@_sort
def _nobody(dice: random.Random, target: Target) -> str:
    """Signed, but its ``user`` is nobody whom Telegram would name."""
    return _signed(dice, target.token, user=dice.choice(_USERS))


@_sort
def _third_party_signature(dice: random.Random, target: Target) -> str:
    """Ed25519 by another key, over the lines of the bot that is attacked."""
    fields = {"auth_date": str(int(time.time())), "query_id": f"A{dice.random()}", "user": _PERSON}
    lines = f"{target.token.partition(':')[0]}:WebAppData\n{_lines(fields)}"
    signature = base64.urlsafe_b64encode(FORGERS_KEY.sign(lines.encode())).decode().rstrip("=")
    return urlencode({**fields, "signature": signature, "hash": "0" * 64})


def _signed(
    dice: random.Random,
    token: str,
    *,
    secret: bytes | None = None,
    more: Mapping[str, str] | None = None,
    **fields: str,
) -> str:
    """Return what the owner of a token can make of any fields."""
    known = {
        "auth_date": str(int(time.time())),
        "query_id": f"A{dice.randrange(10**9)}",
        "user": _PERSON,
        **fields,
        **(more or {}),
    }
    secret = secret or hmac.digest(b"WebAppData", token.encode(), "sha256")
    return urlencode(
        {**known, "hash": hmac.new(secret, _lines(known).encode(), "sha256").hexdigest()}
    )


def _lines(fields: Mapping[str, str]) -> str:
    return "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
