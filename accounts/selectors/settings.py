"""The site's switches, read through a cache of each process."""

import time

from accounts.models import SiteSettings

# A change counts everywhere within 2 seconds: one to notice, one to spare.
CACHE_SECONDS = 1.0


class _Cache:
    """The row as this process last read it."""

    def __init__(self) -> None:
        self.row: SiteSettings | None = None
        self.read_at = 0.0


_cache = _Cache()


def get_site_settings() -> SiteSettings:
    """Return the switches, at most a second old; the defaults while no row exists.

    The instance is shared: do not change it. ``services.settings`` does.
    """
    now = time.monotonic()
    if _cache.row is None or now - _cache.read_at > CACHE_SECONDS:
        _cache.row = SiteSettings.objects.filter(pk=1).first() or SiteSettings()
        _cache.read_at = now
    return _cache.row


def forget_site_settings() -> None:
    """Read the row anew next time, in this process."""
    _cache.row = None
