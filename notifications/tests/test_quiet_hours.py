"""When quiet hours end and digests come, on the clocks of people who live elsewhere."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from notifications.services.quiet_hours import next_hour, quiet_until, zone_of

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = (time(23), time(7))


def at(text: str, zone=BERLIN, fold=0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "window", "end"),
    [
        ("2026-07-01T12:00", (time(11), time(13)), "2026-07-01T13:00"),
        ("2026-07-01T11:00", (time(11), time(13)), "2026-07-01T13:00"),
        ("2026-07-01T13:00", (time(11), time(13)), None),
        ("2026-07-01T10:59", (time(11), time(13)), None),
        ("2026-07-01T23:30", NIGHT, "2026-07-02T07:00"),
        ("2026-07-02T03:00", NIGHT, "2026-07-02T07:00"),
        ("2026-07-02T07:00", NIGHT, None),
        ("2026-07-02T22:59", NIGHT, None),
        ("2026-07-02T03:00", (time(3), time(3)), None),
        ("2026-07-02T03:00", (None, None), None),
    ],
)
def test_the_end_of_the_quiet_hours(now, window, end):
    assert quiet_until(at(now), BERLIN, *window) == (end and at(end))


@pytest.mark.parametrize(
    ("now", "end", "hours"),
    [
        # The night of the 29th is an hour short, that of the 25th of October one longer.
        (at("2026-03-28T23:00"), at("2026-03-29T07:00"), 7),
        (at("2026-10-24T23:00"), at("2026-10-25T07:00"), 9),
    ],
    ids=["spring", "autumn"],
)
def test_a_night_in_which_the_clocks_change(now, end, hours):
    until = quiet_until(now, BERLIN, *NIGHT)
    assert until == end
    assert (until - now).total_seconds() == hours * 3600


def test_an_hour_that_the_clocks_show_twice_is_quiet_both_times():
    window = (time(1), time(2, 30))
    second = at("2026-10-25T02:30", fold=1)
    for fold in (0, 1):
        assert quiet_until(at("2026-10-25T02:10", fold=fold), BERLIN, *window) == second
    assert quiet_until(second, BERLIN, *window) is None


def test_an_end_that_the_clocks_skip_counts_as_if_they_had_not():
    now = at("2026-03-29T01:30")
    assert quiet_until(now, BERLIN, time(1), time(2, 30)) == at("2026-03-29T03:30")


def test_it_is_the_persons_clock_that_counts():
    now = datetime(2026, 7, 1, 20, tzinfo=ZoneInfo("UTC"))
    vladivostok, lisbon = zone_of("Asia/Vladivostok"), zone_of("Europe/Lisbon")
    assert quiet_until(now, vladivostok, *NIGHT) == at("2026-07-02T07:00", vladivostok)
    assert quiet_until(now, lisbon, *NIGHT) is None


@pytest.mark.parametrize("name", ["", "No/Where", "../etc/passwd", "Europe", "\x00"])
def test_a_zone_that_does_not_exist_is_the_sites(name, settings):
    assert zone_of(name) == ZoneInfo(settings.TIME_ZONE)


@pytest.mark.parametrize(
    ("now", "hour", "due"),
    [
        ("2026-07-01T08:59", 9, "2026-07-01T09:00"),
        ("2026-07-01T09:00", 9, "2026-07-02T09:00"),
        ("2026-03-28T12:00", 9, "2026-03-29T09:00"),
        ("2026-03-28T12:00", 2, "2026-03-29T03:00"),
        ("2026-10-24T12:00", 2, "2026-10-25T02:00"),
    ],
)
def test_the_next_hour_of_the_digest(now, hour, due):
    assert next_hour(at(now), BERLIN, hour) == at(due)
