"""Getting and renewing: tariffs, where to, and the terms before anything is paid."""

from dataclasses import replace

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services.ledger import wallet_of
from config.lib.errors import ConflictError
from config.lib.money import format_kopecks
from notifications.services.bot_menu import Button, Screen
from notifications.services.bot_screens import menu_button
from vpnconfigs.bot.config_screens import MOST_SHOWN
from vpnconfigs.bot.data import (
    ANYWHERE,
    NO_TARIFF,
    Choice,
    letter_of,
    press,
    read_choice,
    read_short,
    short,
    stamp_of,
)
from vpnconfigs.bot.words import country_of, describe_tariff, price_of, said
from vpnconfigs.models import Config, Tariff
from vpnconfigs.selectors.configs import get_config_for
from vpnconfigs.selectors.inbounds import countries_on_sale, open_inbounds
from vpnconfigs.selectors.settings import get_shop_settings
from vpnconfigs.selectors.tariffs import find_offered, offered_tariffs


def show_tariffs(user: User, value: str) -> Screen:
    """What is on offer, and the way to ask for something else."""
    tariffs = list(offered_tariffs(user)[:MOST_SHOWN])
    rows = [[_tariff_button(tariff, "pick", short(tariff.pk))] for tariff in tariffs]
    rows.append([Button(_("Ask the staff for access"), press("pick", NO_TARIFF))])
    text = _("<b>Get a config</b>\nIn your wallet: %(money)s")
    return Screen(text % {"money": _balance(user)}, [*rows, [menu_button()]])


def show_choice(user: User, value: str) -> Screen:
    """Ask what is still to be chosen of a new config, then show the terms."""
    choice = read_choice(value)
    tariff = None if choice.tariff == NO_TARIFF else find_tariff(choice.tariff)
    if not choice.protocol:
        protocols = _protocols(tariff)
        if len(protocols) > 1:
            return _ask_protocol(choice, protocols)
        choice = replace(choice, protocol=letter_of(protocols[0]))
    if not choice.country:
        countries = _countries(choice, tariff)
        if len(countries) > 1:
            return _ask_country(choice, countries)
        choice = replace(choice, country=ANYWHERE)
    return _new_terms(user, choice, tariff)


def show_renewals(user: User, value: str) -> Screen:
    """The tariffs by which a config goes on; its own first, and alone its terms at once."""
    config = get_config_for(user, read_short(value))
    tariffs = list(offered_tariffs(user).filter(is_trial=False)[:MOST_SHOWN])
    own = config.tariff
    if own is not None and not own.is_trial:
        tariffs = [own, *(tariff for tariff in tariffs if tariff.pk != own.pk)]
    if len(tariffs) == 1:
        return _renewal_terms(user, config, tariffs[0])
    key = short(config.pk)
    rows = [[_tariff_button(one, "renewal", f"{key}:{short(one.pk)}")] for one in tariffs]
    text = (
        _("<b>Renew %(name)s</b>\nIn your wallet: %(money)s")
        if tariffs
        else _("Nothing is on offer at the moment. Please write to the staff: /support")
    )
    shown = text % {"name": said(config.name), "money": _balance(user)}
    return Screen(shown, [*rows, [_back_to(key), menu_button()]])


def show_renewal(user: User, value: str) -> Screen:
    """The terms of one renewal."""
    config_key, _colon, tariff_key = value.partition(":")
    config = get_config_for(user, read_short(config_key))
    return _renewal_terms(user, config, find_tariff(tariff_key, config=config))


def find_tariff(key: str, *, config: Config | None = None) -> Tariff:
    """Return a tariff on offer by its shortened id.

    :raises NotFoundError: that is no id. :raises InputError: it is not on offer.
    """
    return find_offered(str(read_short(key)), config=config)


def _new_terms(user: User, choice: Choice, tariff: Tariff | None) -> Screen:
    place = _("any country") if choice.country == ANYWHERE else country_of(choice.country_code)
    lines = [f"{Config.Protocol(choice.protocol_name).label}, {place}"]
    ask = Button(_("Send the request"), press("ask", str(choice)))
    back = [Button(_("Back"), press("tariffs")), menu_button()]
    if tariff is None:
        lines.insert(0, _("The staff chooses a tariff for you and answers here."))
        return Screen("\n".join(lines), [[ask], back])
    words, pays = _payment(user, tariff)
    text = "\n".join([describe_tariff(tariff), *lines, words])
    get = Button(pays, press("buy", str(choice), stamp_of(user, tariff)))
    return Screen(text, [[get if pays else ask], back])


def _renewal_terms(user: User, config: Config, tariff: Tariff) -> Screen:
    words, pays = _payment(user, tariff)
    key = f"{short(config.pk)}:{short(tariff.pk)}"
    title = _("<b>Renew %(name)s</b>") % {"name": said(config.name)}
    text = "\n".join([title, describe_tariff(tariff), words])
    pay = Button(pays, press("pay", key, stamp_of(user, tariff)))
    ask = Button(_("Send the request"), press("more", key))
    return Screen(text, [[pay if pays else ask], [_back_to(short(config.pk)), menu_button()]])


def _payment(user: User, tariff: Tariff) -> tuple[str, str]:
    """Return words about the money, and what stands on the button that takes it.

    The latter is empty where the staff must be asked.
    """
    money = {"price": price_of(tariff), "money": _balance(user)}
    terms = _("Price: %(price)s. In your wallet: %(money)s.") % money
    if not tariff.is_self_service:
        return f"{terms}\n{_('The staff gives this tariff: send a request.')}", ""
    if not tariff.price_kopecks:
        return _("Price: %(price)s.") % money, _("Get it")
    if wallet_of(user).balance_kopecks < tariff.price_kopecks:
        words = _("That is not enough. Top up your wallet on the site, or ask the staff.")
        return f"{terms}\n{words}", ""
    return terms, _("Pay %(price)s") % money


def _ask_protocol(choice: Choice, protocols: list[Config.Protocol]) -> Screen:
    keys = [(one.label, replace(choice, protocol=letter_of(one))) for one in protocols]
    rows = [[Button(str(label), press("pick", str(picked)))] for label, picked in keys]
    return Screen(_("Which protocol?"), [*rows, [menu_button()]])


def _ask_country(choice: Choice, countries: list[str]) -> Screen:
    keys = [(_("Anywhere"), ANYWHERE), *((country_of(code), code) for code in countries)]
    rows = [
        [Button(label, press("pick", str(replace(choice, country=code))))] for label, code in keys
    ]
    return Screen(_("Which country?"), [*rows, [menu_button()]])


def _protocols(tariff: Tariff | None) -> list[Config.Protocol]:
    """Return the protocols in which there is room.

    :raises ConflictError: ``no_room``: in none, and nobody is to be asked.
    """
    found = [
        protocol
        for protocol in Config.Protocol
        if open_inbounds(protocol=protocol, tariff=tariff).exists()
    ]
    if not found and tariff is not None and tariff.is_self_service:
        raise ConflictError(_("There is no room for a new config at the moment."), code="no_room")
    return found or [Config.Protocol.VLESS]


def _countries(choice: Choice, tariff: Tariff | None) -> list[str]:
    if not get_shop_settings().has_country_choice:
        return []
    return countries_on_sale(protocol=choice.protocol_name, tariff=tariff)[:MOST_SHOWN]


def _tariff_button(tariff: Tariff, verb: str, value: str) -> Button:
    return Button(f"{tariff.name}: {price_of(tariff)}", press(verb, value))


def _back_to(key: str) -> Button:
    return Button(_("Back"), press("config", key))


def _balance(user: User) -> str:
    return format_kopecks(wallet_of(user).balance_kopecks)
