"""In which stretch of time one auto-reply is enough.

For hours of the day that is the day's stretch of them, as a clock on the organization's wall shows
it; a stretch that goes on past midnight belongs to the day on which it began. Nothing is converted
but the moment itself, so a change of clocks needs no rule of its own: what is skipped in spring is
no time at all, what is repeated in autumn is the same stretch twice.

For "at any time" a stretch begins with a buyer's first words after a day in which neither a person
nor the auto-reply has said anything in the dialog.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from dialogs.models import AutoReplySettings

# The silence of our side after which a conversation counts as a new one.
SILENCE = timedelta(hours=24)
# An answer that comes this late says nothing any more, unless its stretch still lasts.
LATEST = timedelta(hours=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of hours: from the first moment on, up to but not including the last.

    Both are times of the wall clock in the settings' zone, without a zone of their own.
    """

    begins: datetime
    ends: datetime

    @property
    def name(self) -> str:
        """What ``AutoReply.window`` holds: the day, whatever its hours are changed to."""
        return f"hours:{self.begins.date()}"


def window_at(settings: AutoReplySettings, moment: datetime) -> Window | None:
    """Return the stretch of hours that a moment falls in.

    :returns: ``None`` outside the hours, and where there are none: at any time, or not yet chosen.
    """
    if settings.always:
        return None
    wall = _wall_clock(settings, moment)
    # An overnight stretch that is still going on began the day before.
    for day in (wall.date(), wall.date() - _DAY):
        window = _window_of(settings, day)
        if window is not None and window.begins <= wall < window.ends:
            return window
    return None


def next_window(settings: AutoReplySettings, moment: datetime) -> Window | None:
    """Return the stretch of hours that begins next after a moment; ``None`` as ``window_at``."""
    if settings.always:
        return None
    wall = _wall_clock(settings, moment)
    today = _window_of(settings, wall.date())
    if today is not None and today.begins > wall:
        return today
    return _window_of(settings, wall.date() + _DAY)


def is_useful(
    settings: AutoReplySettings, window_name: str, *, since: datetime, now: datetime
) -> bool:
    """Say whether an answer that was wanted ``since`` is still worth sending ``now``.

    Within an hour it is; later only as long as the hours last for which it was meant, because what
    it says ("we are back at nine") still holds then.
    """
    if now - since <= LATEST:
        return True
    window = window_at(settings, now)
    return window is not None and window.name == window_name


def _window_of(settings: AutoReplySettings, day: date) -> Window | None:
    begin, end = settings.start_time, settings.end_time
    if begin is None or end is None:
        return None
    last_day = day if end > begin else day + _DAY
    return Window(datetime.combine(day, begin), datetime.combine(last_day, end))


def _wall_clock(settings: AutoReplySettings, moment: datetime) -> datetime:
    # ``fold`` tells the two hours of an autumn night apart; here they are meant to be the same.
    local = moment.astimezone(ZoneInfo(settings.timezone))
    return local.replace(tzinfo=None, fold=0)
