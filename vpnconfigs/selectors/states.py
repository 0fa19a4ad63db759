"""What a config is at a given moment, whatever the beat has written so far."""

from datetime import UTC, datetime, timedelta

from django.conf import settings

from vpnconfigs.models import Config

State = Config.State

# No date of ours lies behind this one, so that adding to it cannot overflow.
LAST_MOMENT = datetime(2999, 12, 31, tzinfo=UTC)
MOST_DAYS = 36_500


def add_days(moment: datetime, days: int) -> datetime:
    """Return a moment so many days later, within what can be stored."""
    return min(moment + timedelta(days=min(days, MOST_DAYS)), LAST_MOMENT)


def expiring_window() -> timedelta:
    """Return how long before its end a config counts as ending soon."""
    return timedelta(hours=max(settings.CONFIG_EXPIRY_NOTIF_HOURS, default=0))


def is_over(config: Config, now: datetime) -> bool:
    """Tell whether a config's time has run out."""
    return config.valid_to is not None and config.valid_to <= now


def is_used_up(config: Config) -> bool:
    """Tell whether a config's traffic has run out."""
    return 0 < config.traffic_limit_bytes <= config.used_bytes


def shown_state(config: Config, now: datetime) -> State:
    """Return what a config is now: exact to the second, without waiting for the beat."""
    state = State(config.state)
    if state not in Config.LIVE:
        return state
    if is_over(config, now):
        return State.EXPIRED
    if is_used_up(config):
        return State.DEPLETED
    if state == State.PROVISIONING:
        return state
    soon = config.valid_to is not None and config.valid_to <= now + expiring_window()
    return State.EXPIRING if soon else State.ACTIVE


def state_let_in(config: Config, now: datetime) -> State:
    """Return what becomes of a config that the panel shall let in again, as far as it may.

    A config that has been live stays what it was; any other is set up first.
    """
    if is_over(config, now):
        return State.EXPIRED
    if is_used_up(config):
        return State.DEPLETED
    if config.state in Config.LIVE:
        return State(config.state)
    return State.PROVISIONING
