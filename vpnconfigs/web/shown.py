"""Configs as pages show them: a state in words and colour, what is left, what is amiss."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from vpnconfigs.links.titles import country_flag
from vpnconfigs.models import Config
from vpnconfigs.selectors.conditions import Notice, notice_of
from vpnconfigs.selectors.countries import country_name
from vpnconfigs.selectors.states import State, shown_state
from vpnconfigs.web.offers import Renewal, renewal_of

# The look of a badge (components/status.html).
_KINDS = {
    State.ACTIVE: "active",
    State.EXPIRING: "warning",
    State.EXPIRED: "error",
    State.DEPLETED: "error",
    State.SUSPENDED: "error",
}
_NEARLY_FULL = 80


@dataclass(frozen=True, slots=True)
class Card:
    """One config on a page."""

    config: Config
    state: State
    place: str
    notice: Notice | None
    renewal: Renewal | None

    @property
    def kind(self) -> str:
        return _KINDS.get(self.state, "later")

    @property
    def about(self) -> str:
        """Where it stands, its protocol and tariff; one without a name is called its protocol."""
        protocol, tariff = self.config.get_protocol_display(), self.config.tariff
        kind = "" if self.config.name == protocol else protocol
        return " · ".join(filter(None, (self.place, kind, tariff.name if tariff else "")))

    @property
    def state_text(self) -> str:
        return str(self.state.label)

    @property
    def is_waiting(self) -> bool:
        """Whether the next moment may bring something new."""
        return self.state == State.PROVISIONING or not self.config.is_synced

    @property
    def is_usable(self) -> bool:
        """Whether links are of use: it lets in, or will soon."""
        return self.state in Config.LIVE

    @property
    def is_placed(self) -> bool:
        return self.config.inbound_id is not None

    @property
    def used_percent(self) -> int:
        limit = self.config.traffic_limit_bytes
        return min(100, self.config.used_bytes * 100 // limit) if limit else 0

    @property
    def is_nearly_full(self) -> bool:
        return self.used_percent >= _NEARLY_FULL

    @property
    def is_renewal_urgent(self) -> bool:
        return self.state in (State.EXPIRING, State.EXPIRED, State.DEPLETED)


def build_card(config: Config, *, now: datetime, balance_kopecks: int) -> Card:
    """Return a config as it is shown. Reads ``inbound.panel`` and ``tariff``."""
    state = shown_state(config, now)
    return Card(
        config=config,
        state=state,
        place=place_of(config),
        notice=notice_of(config, state),
        renewal=renewal_of(config, balance_kopecks=balance_kopecks),
    )


def place_of(config: Config) -> str:
    """Return where a config lets out, as a customer reads it."""
    if config.inbound is None:
        return ""
    country = config.inbound.panel.country
    words = (country_flag(country), country_name(country) or config.inbound.shown_title)
    return " ".join(filter(None, words))


def digest_of(cards: Iterable[Card]) -> str:
    """Return what changes whenever the cards would look different."""
    facts = "|".join(
        f"{card.config.pk}{card.state}{card.config.name}{card.config.valid_to}{card.place}"
        f"{card.config.used_bytes}{card.config.is_online}{card.notice}{card.is_waiting}"
        for card in cards
    )
    return hashlib.blake2b(facts.encode(), digest_size=8).hexdigest()
