"""The shop's switches, read through a cache of each process."""

import time

from vpnconfigs.models import ShopSettings

# A change counts everywhere within 2 seconds: one to notice, one to spare.
CACHE_SECONDS = 1.0


class _Cache:
    """The row as this process last read it."""

    def __init__(self) -> None:
        self.row: ShopSettings | None = None
        self.read_at = 0.0


_cache = _Cache()


def get_shop_settings() -> ShopSettings:
    """Return the switches, at most a second old; the defaults while no row exists.

    The instance is shared: do not change it. ``services.shop_settings`` does.
    """
    now = time.monotonic()
    if _cache.row is None or now - _cache.read_at > CACHE_SECONDS:
        _cache.row = ShopSettings.objects.filter(pk=1).first() or ShopSettings()
        _cache.read_at = now
    return _cache.row


def forget_shop_settings() -> None:
    """Read the row anew next time, in this process."""
    _cache.row = None
