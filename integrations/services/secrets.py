"""The one way to a secret at rest: sealed for exactly one place in the database.

An envelope reads ``dps1.<back end>.<key id>.<payload>``. Its payload is bound to a ``SecretRef``,
so a ciphertext that was moved to another row, field or owner does not open.
"""

import base64
import binascii
import os
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from config.lib.errors import UnavailableError

FORMAT = "dps1"
KEY_BYTES = 32
NONCE_BYTES = 12
HINT_TAIL = 4


class SecretsUnavailableError(UnavailableError):
    """The store of secrets is down, or does not know the key that a secret was sealed with."""

    code = "secrets_unavailable"
    text = _("The store of secrets is down. Please try again later.")


class SecretUnreadableError(SecretsUnavailableError):
    """A secret was damaged, or sealed for another place. Trying again will not help."""

    code = "secret_unreadable"
    text = _("A stored secret cannot be read. Please enter it again.")


@dataclass(frozen=True, slots=True)
class SecretRef:
    """The one place where a secret may be opened.

    :param purpose: what it is for, such as ``telegram.bot_token``.
    :param model: label of the model that holds it, such as ``integrations.Bot``.
    :param pk: primary key of the row, as text.
    :param owner: id of the organization or user that the row belongs to, as text.
    """

    purpose: str
    model: str
    pk: str
    owner: str

    @property
    def associated_data(self) -> bytes:
        return f"{self.purpose}|{self.model}|{self.pk}|{self.owner}".encode()


@dataclass(frozen=True, slots=True)
class Health:
    """How a back end is. ``error`` is empty while it is up."""

    backend: str
    key_id: str
    error: str = ""

    @property
    def is_up(self) -> bool:
        return not self.error


class Backend(Protocol):
    """What seals. ``payload`` is text without a dot at its ends, opaque to everybody else."""

    name: str
    current_key_id: str

    def seal(self, associated_data: bytes, plaintext: bytes) -> tuple[str, str]:
        """Return ``(key id, payload)``."""
        ...

    def open(self, associated_data: bytes, key_id: str, payload: str) -> bytes:
        """Return the plaintext.

        :raises SecretUnreadableError: damaged, or sealed under other associated data.
        :raises SecretsUnavailableError: the key is not there, or the back end is down.
        """
        ...

    def health(self) -> Health: ...


class LocalBackend:
    """AES-256-GCM with keys from the environment; the first encrypts, all decrypt."""

    name = "local"

    def __init__(self, keys: dict[str, bytes]) -> None:
        self.current_key_id = next(iter(keys))
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}

    def seal(self, associated_data: bytes, plaintext: bytes) -> tuple[str, str]:
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._ciphers[self.current_key_id].encrypt(nonce, plaintext, associated_data)
        return self.current_key_id, base64.urlsafe_b64encode(nonce + sealed).decode().rstrip("=")

    def open(self, associated_data: bytes, key_id: str, payload: str) -> bytes:
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise SecretsUnavailableError
        try:
            raw = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
            return cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], associated_data)
        except (binascii.Error, ValueError, InvalidTag):
            raise SecretUnreadableError from None

    def health(self) -> Health:
        return Health(backend=self.name, key_id=self.current_key_id)


def seal(ref: SecretRef, plaintext: bytes | str) -> str:
    """Return an envelope that opens under ``ref`` only.

    :raises SecretsUnavailableError: the store of secrets is down.
    """
    raw = plaintext.encode() if isinstance(plaintext, str) else plaintext
    backend = _backend()
    key, payload = backend.seal(ref.associated_data, raw)
    return f"{FORMAT}.{backend.name}.{key}.{payload}"


def open(ref: SecretRef, token: str) -> bytes:
    """Return what was sealed under ``ref``.

    :raises SecretUnreadableError: ``token`` is damaged, or was sealed for another place.
    :raises SecretsUnavailableError: its key is gone, or the store of secrets is down.
    """
    backend_name, key, payload = _split(token)
    backend = _backend()
    if backend_name != backend.name:
        raise SecretsUnavailableError
    return backend.open(ref.associated_data, key, payload)


def rewrap(ref: SecretRef, token: str) -> str:
    """Return the same secret under the current key; ``token`` itself if it already is.

    :raises SecretsUnavailableError: as ``open``.
    """
    return token if is_current(token) else seal(ref, open(ref, token))


def key_id(token: str) -> str:
    """Return the id of the key that ``token`` was sealed with.

    :raises SecretUnreadableError: this is not an envelope.
    """
    return _split(token)[1]


def is_current(token: str) -> bool:
    """Tell whether ``token`` is sealed by the present back end with its present key."""
    return token.startswith(current_prefix())


def current_prefix() -> str:
    """Return how every envelope that is sealed now begins."""
    backend = _backend()
    return f"{FORMAT}.{backend.name}.{backend.current_key_id}."


def health() -> Health:
    """Return how the store of secrets is; never raises."""
    try:
        return _backend().health()
    except (ImproperlyConfigured, SecretsUnavailableError) as error:
        return Health(backend=LocalBackend.name, key_id="", error=str(error))


def token_hint(token: str) -> str:
    """Return what may be shown of a bot's token: ``123456:…ab12``."""
    bot_id, _colon, secret = token.partition(":")
    return f"{bot_id}:…{secret[-HINT_TAIL:]}" if len(secret) > 2 * HINT_TAIL else f"{bot_id}:…"


def parse_keys(text: str) -> dict[str, bytes]:
    """Read ``SECRETS_KEYS``: ``k2:<base64 of 32 bytes>,k1:<…>``, in the given order.

    :raises ImproperlyConfigured: it is empty, a key has another length, or an id comes twice.
    """
    keys: dict[str, bytes] = {}
    for part in filter(None, (item.strip() for item in text.split(","))):
        name, _colon, encoded = part.partition(":")
        try:
            key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != KEY_BYTES or not name.isalnum() or name in keys:
            raise ImproperlyConfigured(
                f"SECRETS_KEYS: the entry {name[:16]!r} is not <id>:<base64 of 32 bytes>, "
                "or its id comes twice."
            )
        keys[name] = key
    if not keys:
        raise ImproperlyConfigured("SECRETS_KEYS holds no key.")
    return keys


def _split(token: str) -> tuple[str, str, str]:
    parts = token.split(".", 3)
    if len(parts) != 4 or parts[0] != FORMAT:
        raise SecretUnreadableError
    return parts[1], parts[2], parts[3]


def _backend() -> Backend:
    return _local_backend(settings.SECRETS_KEYS)


@lru_cache(maxsize=4)
def _local_backend(keys: str) -> LocalBackend:
    return LocalBackend(parse_keys(keys))
