"""What the shop's buttons say: ``vpn:<verb>:<value>``, within the Bot API's 64 bytes."""

import base64
import binascii
import hashlib
import re
import uuid
from dataclasses import dataclass

from accounts.models import User
from config.lib.errors import NotFoundError
from vpnconfigs.models import Config, Purchase, Tariff

PREFIX = "vpn"
# In place of a tariff: the staff shall choose one.
NO_TARIFF = "-"
ANYWHERE = "*"
_UNSAID = ""
_PROTOCOLS = {"v": Config.Protocol.VLESS, "t": Config.Protocol.TROJAN}
_CHOICES = 3
_COUNTRY = re.compile(r"([A-Z]{2}|\*)?")
_SHORT_LENGTH = 22
_STAMP_LENGTH = 8


def press(verb: str, *parts: str) -> str:
    """Return a button's data."""
    return f"{PREFIX}:{verb}:{':'.join(parts)}"


def short(number: uuid.UUID) -> str:
    """Return an id in 22 characters."""
    return base64.urlsafe_b64encode(number.bytes).decode().rstrip("=")


def read_short(text: str) -> uuid.UUID:
    """Return the id that ``short`` has written.

    :raises NotFoundError: it has not.
    """
    try:
        content = base64.urlsafe_b64decode(f"{text}==") if len(text) == _SHORT_LENGTH else b""
        return uuid.UUID(bytes=content)
    except (ValueError, binascii.Error):
        raise NotFoundError from None


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody has chosen so far of a new config.

    :param tariff: a tariff's id, shortened, or ``NO_TARIFF``.
    :param protocol: a letter; empty: not chosen yet.
    :param country: a code, or ``ANYWHERE``; empty: not chosen yet.
    """

    tariff: str
    protocol: str = _UNSAID
    country: str = _UNSAID

    def __str__(self) -> str:
        return f"{self.tariff}:{self.protocol}:{self.country}"

    @property
    def protocol_name(self) -> str:
        return _PROTOCOLS.get(self.protocol, Config.Protocol.VLESS)

    @property
    def country_code(self) -> str:
        return "" if self.country == ANYWHERE else self.country


def read_choice(text: str) -> Choice:
    """Return what ``str`` of a choice has written, or the beginning of it.

    :raises NotFoundError: it has not.
    """
    parts = text.split(":")
    tariff, protocol, country = [*parts, _UNSAID, _UNSAID][:_CHOICES]
    if len(parts) > _CHOICES or protocol not in (_UNSAID, *_PROTOCOLS):
        raise NotFoundError
    if not _COUNTRY.fullmatch(country):
        raise NotFoundError
    return Choice(tariff, protocol, country)


def letter_of(protocol: str) -> str:
    """Return the letter of a protocol."""
    return next(letter for letter, name in _PROTOCOLS.items() if name == protocol)


def stamp_of(user: User, tariff: Tariff) -> str:
    """Return what is on a button that pays: it changes with the terms and with every purchase.

    So a second tap on the same button is known for one, whatever has been shown meanwhile, and
    nobody pays another price than the one they saw.
    """
    bought = Purchase.objects.filter(user=user).order_by("-pk").values_list("pk", flat=True)
    terms = f"{bought.first() or 0}:{tariff.pk}:{tariff.price_kopecks}:{tariff.days}"
    digest = hashlib.sha256(terms.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode()[:_STAMP_LENGTH]
