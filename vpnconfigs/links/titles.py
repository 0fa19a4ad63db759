"""What a client app shows as a server's name: a template of the staff's, filled in."""

import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

DEFAULT_TEMPLATE = "{flag} {name} · {days}"
MOST_CHARACTERS = 120
FOREVER = "∞"
PLACEHOLDER = re.compile(r"\{([a-z]+)\}")
PLACEHOLDERS = frozenset({"flag", "country", "name", "email", "remark", "days"})
SEPARATORS = " ·|,;:/–—-"
# They turn the rest of a list of servers around, or break a header.
BIDI_CONTROLS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
SPACES = frozenset({"Zs", "Zl", "Zp", "Cc"})
# Looking at each character takes longer than all else in a link, and few titles are new.
TITLES_KEPT = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class TitleFacts:
    """What a template may name. ``country`` is an ISO 3166 code; no ``expires_at``: no end."""

    name: str
    country: str = ""
    email: str = ""
    remark: str = ""
    expires_at: datetime | None = None


def render_title(template: str, *, facts: TitleFacts, now: datetime) -> str:
    """Return the title on one line, without control characters, at most 120 characters.

    What is not known leaves no trace: separators at the ends go with it. An unknown placeholder
    stays as it is written; ``unknown_placeholders`` finds it before anybody sees it.
    """
    values = {
        "flag": country_flag(facts.country),
        "country": facts.country.upper(),
        "name": facts.name,
        "email": facts.email,
        "remark": facts.remark,
        "days": str(days_left(facts.expires_at, now=now) if facts.expires_at else FOREVER),
    }
    filled = PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), template)
    text = clean_title(filled)
    if any(not values.get(name, "-") for name in PLACEHOLDER.findall(template)):
        text = text.strip(SEPARATORS)
    return text or clean_title(facts.name)


def unknown_placeholders(template: str) -> list[str]:
    """Return the names in braces that mean nothing, in their order: for the form's check."""
    return [name for name in PLACEHOLDER.findall(template) if name not in PLACEHOLDERS]


@lru_cache(maxsize=TITLES_KEPT)
def clean_title(text: str) -> str:
    """Return the text on one line, fit for a link, a header and YAML."""
    return " ".join("".join(_printable(text)).split())[:MOST_CHARACTERS].strip()


def country_flag(country: str) -> str:
    """Return the flag of an ISO 3166 code (``DE``), or nothing for anything else."""
    if not re.fullmatch(r"[A-Za-z]{2}", country):
        return ""
    return "".join(chr(0x1F1E6 + ord(letter) - ord("A")) for letter in country.upper())


def days_left(expires_at: datetime, *, now: datetime) -> int:
    """Return how many days have begun but not ended: 1 in the last hour, 0 when it is over."""
    return max(0, math.ceil((expires_at - now).total_seconds() / 86_400))


def _printable(text: str) -> Iterator[str]:
    for character in text:
        category = unicodedata.category(character)
        if category in SPACES:
            yield " "
        # Surrogates fit no UTF-8, unassigned points no YAML.
        elif category not in ("Cs", "Cn") and character not in BIDI_CONTROLS:
            yield character
