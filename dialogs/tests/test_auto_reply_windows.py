"""Stretches of hours by the wall clock: overnight, in far zones, and when clocks are changed."""

from datetime import UTC, datetime, time, timedelta

import pytest

from dialogs.models import AutoReplySettings
from dialogs.services.auto_reply_windows import is_useful, next_window, window_at

MINUTE = timedelta(minutes=1)


def hours(begin, end, zone="Europe/Berlin"):
    return AutoReplySettings(
        enabled=True,
        always=False,
        start_time=time.fromisoformat(begin),
        end_time=time.fromisoformat(end),
        timezone=zone,
    )


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def name_at(settings, text):
    window = window_at(settings, utc(text))
    return window.name if window else None


def minutes_of(settings, day):
    """Return how many minutes the stretch of a day lasts."""
    start = utc(f"{day}T00:00") - timedelta(hours=12)
    windows = (window_at(settings, start + number * MINUTE) for number in range(60 * 60))
    return sum(window is not None and window.name == f"hours:{day}" for window in windows)


@pytest.mark.parametrize(
    ("moment", "name"),
    [
        ("2026-11-20T07:59:59", None),
        ("2026-11-20T08:00", "hours:2026-11-20"),
        ("2026-11-20T16:59:59", "hours:2026-11-20"),
        ("2026-11-20T17:00", None),
    ],
)
def test_hours_of_a_day_have_their_beginning_and_not_their_end(moment, name):
    assert name_at(hours("09:00", "18:00"), moment) == name


@pytest.mark.parametrize(
    ("moment", "name"),
    [
        ("2026-11-20T19:59:59", None),
        ("2026-11-20T20:00", "hours:2026-11-20"),
        ("2026-11-20T23:30", "hours:2026-11-20"),
        ("2026-11-21T07:59:59", "hours:2026-11-20"),
        ("2026-11-21T08:00", None),
        ("2026-11-21T20:00", "hours:2026-11-21"),
    ],
)
def test_an_overnight_stretch_belongs_to_the_day_on_which_it_began(moment, name):
    assert name_at(hours("21:00", "09:00"), moment) == name


def test_the_day_is_the_one_of_the_wall_clock():
    far = hours("00:00", "06:00", "Asia/Vladivostok")
    assert name_at(far, "2026-11-20T14:00") == "hours:2026-11-21"
    assert name_at(far, "2026-11-20T13:59") is None


def test_until_midnight_and_from_midnight():
    assert minutes_of(hours("18:00", "00:00"), "2026-11-20") == 6 * 60
    assert minutes_of(hours("00:00", "06:00"), "2026-11-20") == 6 * 60


def test_what_the_clock_skips_in_spring_is_no_time_at_all():
    # In Berlin 02:00 is followed by 03:00 on this day.
    night = hours("02:30", "03:30")
    assert name_at(night, "2026-03-29T00:59:59") is None
    assert name_at(night, "2026-03-29T01:00") == "hours:2026-03-29"
    assert name_at(night, "2026-03-29T01:29:59") == "hours:2026-03-29"
    assert name_at(night, "2026-03-29T01:30") is None
    assert minutes_of(night, "2026-03-29") == 30
    assert minutes_of(hours("02:00", "03:00"), "2026-03-29") == 0


def test_what_the_clock_repeats_in_autumn_is_the_same_stretch_twice():
    # In Berlin 02:59 is followed by 02:00 on this day.
    night = hours("02:30", "03:30")
    first, second = utc("2026-10-25T00:45"), utc("2026-10-25T01:45")
    assert window_at(night, first) == window_at(night, second)
    assert name_at(night, "2026-10-25T01:15") is None
    assert name_at(night, "2026-10-25T02:29:59") == "hours:2026-10-25"
    assert name_at(night, "2026-10-25T02:30") is None
    assert minutes_of(night, "2026-10-25") == 90


@pytest.mark.parametrize(
    ("day", "length"), [("2026-03-28", 7), ("2026-10-24", 9), ("2026-11-20", 8)]
)
def test_a_night_on_which_clocks_change_is_one_stretch_of_another_length(day, length):
    assert minutes_of(hours("22:00", "06:00"), day) == length * 60


def test_there_are_no_stretches_without_hours():
    always = hours("09:00", "18:00")
    always.always = True
    undecided = hours("09:00", "18:00")
    undecided.end_time = None
    for settings in (always, undecided):
        assert window_at(settings, utc("2026-11-20T12:00")) is None
        assert next_window(settings, utc("2026-11-20T20:00")) is None


@pytest.mark.parametrize(
    ("moment", "begins"),
    [("2026-11-20T05:00", "2026-11-20T09:00"), ("2026-11-20T17:00", "2026-11-21T09:00")],
)
def test_the_next_stretch_is_todays_or_tomorrows(moment, begins):
    found = next_window(hours("09:00", "18:00"), utc(moment))
    assert found.begins == datetime.fromisoformat(begins)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-20T21:59", True),
        # Hours later, but still in the night for which it was meant.
        ("2026-11-21T07:59", True),
        ("2026-11-21T08:00", False),
        ("2026-11-21T21:00", False),
    ],
)
def test_a_late_answer_is_useful_as_long_as_its_night_lasts(now, expected):
    since = utc("2026-11-20T21:00")
    night = hours("21:00", "09:00")
    assert is_useful(night, "hours:2026-11-20", since=since, now=utc(now)) is expected


def test_at_any_time_an_answer_is_useful_for_an_hour():
    always = AutoReplySettings(enabled=True)
    since = utc("2026-11-20T21:00")
    hour = timedelta(hours=1)
    assert is_useful(always, "day:1", since=since, now=since + hour)
    assert not is_useful(always, "day:1", since=since, now=since + hour + MINUTE)
