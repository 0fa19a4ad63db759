"""Configs set where they stand: made, placed, prolonged. The callers hold the locks."""

from datetime import datetime

from accounts.models import User
from config.lib.correlation import get_correlation_id
from vpnconfigs.models import Config, Inbound, Removal, SubscriptionLink, Tariff
from vpnconfigs.selectors.inbounds import flow_for
from vpnconfigs.selectors.states import MOST_DAYS, add_days, state_let_in
from vpnconfigs.services.desired import mark_changed, mark_removed
from vpnconfigs.services.identities import new_email, new_secret, new_sub_id

NAME_LENGTH = 64
DAY_MS = 86_400_000


def build_config(
    *, user: User, link: SubscriptionLink, protocol: str, name: str = "", tariff: Tariff | None
) -> Config:
    """Return a new config with an identity of its own, asked for and not stored yet."""
    return Config(
        user=user,
        subscription=link,
        protocol=protocol,
        name=clean_name(name) or Config.Protocol(protocol).label,
        tariff=tariff,
        state=Config.State.REQUESTED,
        email=new_email(),
        secret=new_secret(protocol),
        sub_id=new_sub_id(),
        correlation_id=get_correlation_id(),
    )


def clean_name(name: str) -> str:
    """Return a name on one line, without what cannot be stored, as long as fits."""
    return " ".join(name.replace("\x00", "").split())[:NAME_LENGTH]


def place(config: Config, *, inbound: Inbound, tariff: Tariff, days: int, now: datetime) -> Config:
    """Store a config as one that the panel of ``inbound`` shall let in from now on.

    :param days: how long; 0 for without end.
    """
    config.inbound = inbound
    config.flow = flow_for(inbound, protocol=config.protocol)
    config.valid_from = now
    config.valid_to = add_days(now, days) if days else None
    config.is_trial = tariff.is_trial
    take_limits(config, tariff)
    config.state = Config.State.PROVISIONING
    config.save()
    return changed(config)


def prolong(config: Config, *, days: int, now: datetime) -> None:
    """Move a config's end in memory: from now, or from its end where that lies ahead.

    Where time begins with the first use, there is more of it then. 0 days: without end.
    """
    if not days:
        config.valid_to, config.first_use_ms = None, 0
        return
    if config.valid_to is None:
        config.first_use_ms += min(days, MOST_DAYS) * DAY_MS
        return
    if config.valid_to <= now:
        config.valid_from = now
    config.valid_to = add_days(max(now, config.valid_to), days)


def is_endless(config: Config) -> bool:
    return config.valid_to is None and not config.first_use_ms


def take_limits(config: Config, tariff: Tariff) -> None:
    """Give a config in memory the limits of a tariff."""
    config.tariff = tariff
    config.traffic_limit_bytes = tariff.traffic_limit_bytes
    config.device_limit = tariff.device_limit
    config.ip_limit = tariff.ip_limit


def begin_period(config: Config) -> None:
    """Count a config's usage in memory from nothing, and want the panel to do so too."""
    config.earlier_bytes += config.used_bytes
    config.used_up_bytes = config.used_down_bytes = 0
    config.wanted_reset += 1


def let_in(config: Config, now: datetime) -> None:
    """Have a config in memory let in again, as far as its time and traffic go."""
    config.state = state_let_in(config, now)


def changed(config: Config) -> Config:
    """Tell the panel of a stored config, and return it as it is now."""
    mark_changed(Config.objects.filter(pk=config.pk))
    return Config.objects.select_related("user", "tariff", "inbound__panel", "subscription").get(
        pk=config.pk
    )


def leave(config: Config) -> None:
    """Have a config's client taken away from where it stands, if it stands anywhere."""
    if config.inbound is None:
        return
    Removal.objects.create(
        inbound=config.inbound,
        config=config,
        protocol=config.protocol,
        email=config.email,
        secret=config.secret,
        sub_id=config.sub_id,
    )
    mark_removed()
