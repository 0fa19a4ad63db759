import pytest
from django.template import Context, Template
from django.utils import translation

from config.lib.money import format_kopecks


@pytest.mark.parametrize(
    ("kopecks", "russian", "english"),
    [
        (0, "0 ₽", "0 ₽"),
        (200, "2 ₽", "2 ₽"),
        (250, "2,50 ₽", "2.50 ₽"),
        (5, "0,05 ₽", "0.05 ₽"),
        (-1, "−0,01 ₽", "−0.01 ₽"),
        (-20000, "−200 ₽", "−200 ₽"),
        (123456789, "1 234 567,89 ₽", "1,234,567.89 ₽"),
        (10**14, "1 000 000 000 000 ₽", "1,000,000,000,000 ₽"),
    ],
)
def test_roubles_in_the_readers_language(kopecks, russian, english):
    for language, expected in (("ru", russian), ("en", english)):
        with translation.override(language):
            assert format_kopecks(kopecks).replace("\u00a0", " ") == expected


def test_an_amount_never_breaks_before_its_sign():
    assert format_kopecks(200) == "2\u00a0₽"


def test_the_filter_shows_nothing_for_nothing():
    template = Template("{% load depesha %}[{{ a|kopecks }}] [{{ b|kopecks }}]")
    with translation.override("en"):
        assert template.render(Context({"a": 150, "b": None})) == "[1.50\u00a0₽] []"
