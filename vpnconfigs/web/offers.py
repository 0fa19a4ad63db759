"""What a page says of a renewal or a purchase before it is made: for how much, and whether now."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.selectors.ledger import find_wallet
from config.lib.errors import InputError
from config.lib.money import format_kopecks
from vpnconfigs.models import Config, Tariff
from vpnconfigs.selectors.states import State
from vpnconfigs.services.promo_codes import Terms, check_promo_code, plain_terms


@dataclass(frozen=True, slots=True)
class Quote:
    """What a person would pay for a tariff now. ``refusal`` is about the promo code."""

    terms: Terms
    balance_kopecks: int
    refusal: str = ""

    @property
    def is_affordable(self) -> bool:
        return self.terms.price_kopecks <= self.balance_kopecks

    @property
    def needs_request(self) -> bool:
        return not self.terms.tariff.is_self_service

    @property
    def missing_kopecks(self) -> int:
        return max(self.terms.price_kopecks - self.balance_kopecks, 0)


@dataclass(frozen=True, slots=True)
class Renewal:
    """How a config may be renewed. Without ``quote`` a tariff has to be chosen first."""

    quote: Quote | None
    key: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def is_one_tap(self) -> bool:
        quote = self.quote
        return quote is not None and not quote.needs_request and quote.is_affordable


def balance_of(user: User) -> int:
    """Return what a person's wallet holds, in kopecks."""
    wallet = find_wallet(owner=user)
    return wallet.balance_kopecks if wallet is not None else 0


def quote_for(user: User, tariff: Tariff, *, code: str = "") -> Quote:
    """Return what a tariff costs a person, with a promo code as far as it does anything."""
    balance = balance_of(user)
    if not code.strip() or not tariff.is_self_service:
        return Quote(plain_terms(tariff), balance)
    try:
        return Quote(check_promo_code(user=user, code=code, tariff=tariff), balance)
    except InputError as error:
        refusal = str(error.fields[0].message) if error.fields else str(error.detail)
        return Quote(plain_terms(tariff), balance, refusal)


def renewal_of(config: Config, *, balance_kopecks: int) -> Renewal | None:
    """Return how a config may be renewed, or ``None`` where it may not."""
    if config.state in (State.SUSPENDED, State.REQUESTED) or config.valid_to is None:
        return None
    tariff = config.tariff
    if tariff is None or tariff.is_trial:
        return Renewal(None)
    return Renewal(Quote(plain_terms(tariff), balance_kopecks))


def price_text(kopecks: int) -> str:
    """Return a price in words where it is none."""
    return format_kopecks(kopecks) if kopecks else _("free")


def renewable_tariffs(tariffs: Sequence[Tariff], config: Config) -> list[Tariff]:
    """Return what a config may be renewed by: what is on offer but trials, and its own tariff."""
    own = [config.tariff] if config.tariff and not config.tariff.is_trial else []
    return own + [each for each in tariffs if not each.is_trial and each not in own]
