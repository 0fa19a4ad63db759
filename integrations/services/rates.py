"""From the rates of the settings to the limits of a call."""

from integrations.services.calls import Limit


def limit_per_second(key: str, rate: float) -> Limit:
    """Return at most ``rate`` calls a second under ``key``; fewer than one is a longer pause."""
    if rate > 1:
        return Limit(key, int(rate), 1.0)
    return Limit(key, 1, 1.0 / rate)
