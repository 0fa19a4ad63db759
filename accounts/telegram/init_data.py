"""A Mini App's initData: read once, checked by Telegram's rules, never rebuilt.

Two proofs. A bot's owner holds the token that makes the HMAC, so it convinces only where the bot
is ours. Telegram's own Ed25519 signature convinces for anybody's bot.
Source: core.telegram.org/bots/webapps#validating-data-received-via-the-mini-app
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from accounts.telegram.errors import TelegramRefusedError
from accounts.telegram.person import TelegramPerson, build_person

MAX_BYTES = 4096
MAX_FIELDS = 32
# Telegram's clock and ours.
AHEAD_SECONDS = 30
_KEY = re.compile(r"[a-z_]{1,32}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_HASH = re.compile(r"[0-9a-f]{64}")
_SIGNATURE = re.compile(r"[A-Za-z0-9_-]{86}")
_MOMENT = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class InitData:
    """What was sent, in the right form; nothing of it is proven before a ``check_…`` returned."""

    fields: Mapping[str, str]
    auth_date: int

    @property
    def person(self) -> TelegramPerson:
        """The field ``user``.

        :raises TelegramRefusedError: ``telegram_person_invalid``.
        """
        return build_person(_read_user(self.fields.get("user", "")))

    def lines(self, *, without: Iterable[str]) -> str:
        left_out = set(without)
        names = sorted(name for name in self.fields if name not in left_out)
        return "\n".join(f"{name}={self.fields[name]}" for name in names)


def looks_like_init_data(text: str) -> bool:
    """Tell initData from an access token, which has neither ``=`` nor ``&``."""
    return "hash=" in text and "auth_date=" in text


def read_init_data(text: str) -> InitData:
    """Return the fields of an initData string.

    :raises TelegramRefusedError: ``telegram_data_malformed``: longer than 4096 bytes, more than 32
        fields, doubled, unknown in form, with control characters, or no date or hash of the right
        form.
    """
    fields = _read_fields(text)
    if not _HASH.fullmatch(fields.get("hash", "")):
        raise TelegramRefusedError("telegram_data_malformed")
    return InitData(fields, read_moment(fields.get("auth_date", "")))


def read_moment(text: str) -> int:
    """Return ``auth_date`` in seconds since 1970.

    :raises TelegramRefusedError: ``telegram_data_malformed``: these are not plain digits.
    """
    if not _MOMENT.fullmatch(text):
        raise TelegramRefusedError("telegram_data_malformed")
    return int(text)


def check_age(auth_date: int, *, now: float, max_age_seconds: int) -> None:
    """Refuse what is too old, or dated more than 30 s ahead.

    :raises TelegramRefusedError: ``telegram_data_expired`` or ``telegram_data_early``.
    """
    if now - auth_date > max_age_seconds:
        raise TelegramRefusedError("telegram_data_expired")
    if auth_date - now > AHEAD_SECONDS:
        raise TelegramRefusedError("telegram_data_early")


def check_by_token(data: InitData, *, token: str) -> None:
    """Prove by a bot's token that Telegram, or who holds the token, made this.

    :raises TelegramRefusedError: ``telegram_data_forged``.
    """
    secret = hmac.digest(b"WebAppData", token.encode(), hashlib.sha256)
    check_hash(data.lines(without=["hash"]), secret=secret, given=data.fields["hash"])


def check_hash(lines: str, *, secret: bytes, given: str) -> None:
    """Compare an HMAC-SHA256 in constant time.

    :raises TelegramRefusedError: ``telegram_data_forged``.
    """
    expected = hmac.new(secret, lines.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise TelegramRefusedError("telegram_data_forged")


def check_by_signature(data: InitData, *, bot_id: int, public_keys: Iterable[str]) -> None:
    """Prove by Telegram's own key that it made this for the bot.

    :param bot_id: the bot's id in Telegram.
    :param public_keys: Ed25519, hex; any of them will do.
    :raises TelegramRefusedError: ``telegram_data_forged``.
    """
    text = data.fields.get("signature", "")
    if not _SIGNATURE.fullmatch(text):
        raise TelegramRefusedError("telegram_data_forged")
    signature = base64.urlsafe_b64decode(f"{text}==")
    signed = f"{bot_id}:WebAppData\n{data.lines(without=['hash', 'signature'])}".encode()
    if not any(_is_signed(signature, signed, key) for key in public_keys):
        raise TelegramRefusedError("telegram_data_forged")


def _is_signed(signature: bytes, signed: bytes, public_key: str) -> bool:
    try:
        _key(public_key).verify(signature, signed)
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=8)
def _key(public_key: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))


def _read_fields(text: str) -> dict[str, str]:
    if len(text) > MAX_BYTES or not text.isascii():
        raise TelegramRefusedError("telegram_data_malformed")
    try:
        pairs = parse_qsl(
            text,
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError:
        raise TelegramRefusedError("telegram_data_malformed") from None
    fields = dict(pairs)
    if len(fields) != len(pairs) or not all(_is_clean(*pair) for pair in pairs):
        raise TelegramRefusedError("telegram_data_malformed")
    return fields


def _is_clean(key: str, value: str) -> bool:
    """A newline in a value would let one field fold into another unseen."""
    return bool(_KEY.fullmatch(key)) and not _CONTROL.search(value)


def _read_user(text: str) -> dict[str, Any]:
    try:
        user = json.loads(text, object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError):
        raise TelegramRefusedError("telegram_person_invalid") from None
    if not isinstance(user, dict):
        raise TelegramRefusedError("telegram_person_invalid")
    return user


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    known = dict(pairs)
    if len(known) != len(pairs):
        raise ValueError("doubled key")
    return known
