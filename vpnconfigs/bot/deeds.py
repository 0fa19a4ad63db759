"""What the shop's buttons do. A second tap on the same button does nothing new."""

from dataclasses import replace

from django.utils.translation import gettext as _

from config.lib.errors import BusinessRuleError, NotFoundError
from notifications.services.bot_menu import Show, Turn
from vpnconfigs.bot.data import NO_TARIFF, read_choice, read_short, short, stamp_of
from vpnconfigs.bot.shop_screens import find_tariff
from vpnconfigs.models import Config, Purchase, Request
from vpnconfigs.selectors.configs import get_config_for
from vpnconfigs.services.configs import delete_config
from vpnconfigs.services.purchases import buy_config, purchase_key, renew_config
from vpnconfigs.services.requests import ask

CONFIG, CONFIGS, CHOICE, RENEWAL = "vpn.config", "vpn.configs", "vpn.pick", "vpn.renewal"


def buy(turn: Turn) -> Show:
    """Sell what was shown, at the price that was shown."""
    chosen, _colon, stamp = turn.value.rpartition(":")
    choice, key = read_choice(chosen), f"bot:{turn.value}"
    tariff = find_tariff(choice.tariff)
    is_repeat = _is_bought(purchase_key("new", turn.user.pk, key))
    if not is_repeat and stamp != stamp_of(turn.user, tariff):
        return Show(CHOICE, str(choice), note=_look_again())
    try:
        config = buy_config(
            user=turn.user,
            protocol=choice.protocol_name,
            tariff=tariff,
            country=choice.country_code,
            idempotency_key=key,
        )
    except BusinessRuleError as error:
        return _not_enough(error, Show(CHOICE, str(choice)))
    return Show(CONFIG, short(config.pk), note=_("Done: here is your config."))


def ask_for_access(turn: Turn) -> Show:
    """Ask the staff for a new config."""
    choice = read_choice(turn.value)
    tariff = None if choice.tariff == NO_TARIFF else find_tariff(choice.tariff)
    request = ask(
        user=turn.user,
        kind=Request.Kind.ACCESS,
        tariff=tariff,
        protocol=choice.protocol_name,
        country=choice.country_code,
    )
    return _asked(request.config)


def renew(turn: Turn) -> Show:
    """Sell the days that were shown, at the price that was shown."""
    shown, _colon, stamp = turn.value.rpartition(":")
    config_key, _colon, tariff_key = shown.partition(":")
    config = get_config_for(turn.user, read_short(config_key))
    tariff, key = find_tariff(tariff_key, config=config), f"bot:{turn.value}"
    is_repeat = _is_bought(purchase_key("renewal", config.pk, key))
    if not is_repeat and stamp != stamp_of(turn.user, tariff):
        return Show(RENEWAL, shown, note=_look_again())
    try:
        renew_config(actor=turn.user, config=config, tariff=tariff, idempotency_key=key)
    except BusinessRuleError as error:
        return _not_enough(error, Show(RENEWAL, shown))
    return Show(CONFIG, config_key, note=_("Done: the config is renewed."))


def ask_for_renewal(turn: Turn) -> Show:
    """Ask the staff for more days."""
    config_key, _colon, tariff_key = turn.value.partition(":")
    config = get_config_for(turn.user, read_short(config_key))
    tariff = find_tariff(tariff_key, config=config)
    request = ask(user=turn.user, kind=Request.Kind.RENEWAL, tariff=tariff, config=config)
    return _asked(request.config)


def delete(turn: Turn) -> Show:
    """Delete a config; who asked for it withdraws that."""
    config = get_config_for(turn.user, read_short(turn.value))
    delete_config(actor=turn.user, config=config)
    return Show(CONFIGS, note=_("The config is deleted."))


def _asked(config: Config | None) -> Show:
    if config is None:
        raise NotFoundError
    return Show(CONFIG, short(config.pk), note=_("The request is sent. The answer comes here."))


def _not_enough(error: BusinessRuleError, terms: Show) -> Show:
    """Show the terms once more, which then offer to ask the staff; other refusals go on."""
    if error.error_code != "insufficient_balance":
        raise error
    return replace(terms, note=str(error.detail))


def _is_bought(key: str) -> bool:
    return Purchase.objects.filter(idempotency_key=key).exists()


def _look_again() -> str:
    return _("Something has changed meanwhile. Please look once more.")
