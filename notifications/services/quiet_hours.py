"""The clocks on people's walls: quiet hours and the hour of the digest, as moments."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.conf import settings

DAY = timedelta(days=1)


@lru_cache(maxsize=512)
def zone_of(name: str) -> tzinfo:
    """Return a person's time zone; the site's where the name means nothing."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return ZoneInfo(settings.TIME_ZONE)


def quiet_until(
    now: datetime, zone: tzinfo, since: time | None, to: time | None
) -> datetime | None:
    """Return when the quiet hours end that ``now`` lies in; ``None``: it lies in none.

    From later than to is a window over midnight; both the same is none. An hour that the clocks
    show twice is quiet both times, and an end that they skip counts as if they had not.
    """
    if since is None or to is None or since == to:
        return None
    today = now.astimezone(zone).date()
    for day in (today - DAY, today):
        end_day = day if since < to else day + DAY
        end = _last_moment(end_day, to, zone)
        if _moment(day, since, zone) <= now < end:
            return end
    return None


def next_hour(now: datetime, zone: tzinfo, hour: int) -> datetime:
    """Return when the clocks of a zone show ``hour`` for the next time."""
    today = now.astimezone(zone).date()
    moments = (_moment(today + number * DAY, time(hour), zone) for number in range(3))
    return next(moment for moment in moments if moment > now)


def _moment(day: date, clock: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)


def _last_moment(day: date, clock: time, zone: tzinfo) -> datetime:
    """Return the later moment where clocks show ``clock`` twice or skip it."""
    return max(_moment(day, clock, zone), _moment(day, clock.replace(fold=1), zone))
