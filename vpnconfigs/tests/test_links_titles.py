"""The name of a server in a client app."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpnconfigs.links.titles import (
    DEFAULT_TEMPLATE,
    MOST_CHARACTERS,
    TitleFacts,
    clean_title,
    country_flag,
    days_left,
    render_title,
    unknown_placeholders,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
FACTS = TitleFacts(
    name="Ёлка",
    country="de",
    email="d-1",
    remark="FRA-1",
    expires_at=NOW + timedelta(days=12),
)


@pytest.mark.parametrize(
    ("template", "title"),
    [
        (DEFAULT_TEMPLATE, "🇩🇪 Ёлка · 12"),
        ("{country}/{remark} {email}", "DE/FRA-1 d-1"),
        ("{name}, осталось {days} дн.", "Ёлка, осталось 12 дн."),
        ("{unknown} {name.__class__} {0} {}", "{unknown} {name.__class__} {0} {}"),
        ("", "Ёлка"),
        ("-{name}-", "-Ёлка-"),
    ],
)
def test_a_template_is_filled_in(template, title):
    assert render_title(template, facts=FACTS, now=NOW) == title


@pytest.mark.parametrize(
    ("template", "title"),
    [
        (DEFAULT_TEMPLATE, "N · ∞"),
        ("{country} | {name}", "N"),
        ("{name} — {remark}", "N"),
        ("{flag}", "N"),
    ],
)
def test_what_is_not_known_leaves_no_trace(template, title):
    assert render_title(template, facts=TitleFacts(name="N"), now=NOW) == title


def test_a_value_is_not_a_template():
    facts = TitleFacts(name="{days}", remark="{name}")

    assert render_title("{remark} {name}", facts=facts, now=NOW) == "{name} {days}"


def test_unknown_placeholders_are_named():
    assert unknown_placeholders("{flag} {nmae} {days} {tag}") == ["nmae", "tag"]


@pytest.mark.parametrize(
    ("left", "days"),
    [
        (timedelta(days=-3), 0),
        (timedelta(0), 0),
        (timedelta(seconds=1), 1),
        (timedelta(days=1), 1),
        (timedelta(days=1, seconds=1), 2),
    ],
)
def test_a_day_that_has_begun_counts(left, days):
    assert days_left(NOW + left, now=NOW) == days


@pytest.mark.parametrize(
    ("country", "flag"),
    [("DE", "🇩🇪"), ("nl", "🇳🇱"), ("", ""), ("DEU", ""), ("1A", ""), ("ßa", "")],
)
def test_flags(country, flag):
    assert country_flag(country) == flag


@settings(deadline=None)
@given(st.text())
def test_a_clean_title_is_one_line_that_any_format_can_carry(text):
    title = clean_title(text)

    assert len(title) <= MOST_CHARACTERS
    assert " ".join(title.split()) == title
    assert title.encode().decode() == title
    assert not set(title) & set("\r\n\t\x00\x7f\u2028\u202e\u2066\ufffe")
    assert clean_title(title) == title


def test_emoji_of_several_characters_stay_whole():
    assert clean_title("👨‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿") == "👨‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿"
