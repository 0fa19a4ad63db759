"""Cutting and wording, as plain functions."""

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from dialogs.services.splitting import AVITO_TEXT_LIMIT, split_text
from dialogs.services.wording import avito_chat_url, describe_content

CHAT = "u2i-a~b"
URL = "https://www.avito.ru/profile/messenger/channel/u2i-a~b"


def test_text_that_fits_stays_whole():
    assert split_text("x" * AVITO_TEXT_LIMIT) == ["x" * AVITO_TEXT_LIMIT]
    assert split_text("  two words \n") == ["two words"]
    assert split_text(" \n ") == []


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("aaaa bb\n\ncccc", ["aaaa bb", "cccc"]),
        ("aaaa bb\ncccc dd", ["aaaa bb", "cccc dd"]),
        ("aaaa bbbb cccc", ["aaaa bbbb", "cccc"]),
        ("aaaaaaaaaabbb", ["aaaaaaaaaa", "bbb"]),
        ("a\n\nbbbbbbb cccc", ["a\n\nbbbbbbb", "cccc"]),
        ("aaaaaaaaaa bbb", ["aaaaaaaaaa", "bbb"]),
    ],
    ids=["paragraph", "line", "word", "anywhere", "no tiny part", "seam at the limit"],
)
def test_cuts_are_where_a_reader_would_make_them(text, parts):
    assert split_text(text, limit=10) == parts


@given(st.text(alphabet="ab \n", max_size=300), st.integers(min_value=1, max_value=40))
def test_nothing_but_white_space_is_lost(text, limit):
    parts = split_text(text, limit=limit)
    assert all(0 < len(part) <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("kind", "content", "words"),
    [
        ("link", {"link": {"text": "look", "url": "https://e.org"}}, "look\nhttps://e.org"),
        ("link", {"link": {"text": "https://e.org", "url": "https://e.org"}}, "https://e.org"),
        (
            "item",
            {"item": {"title": "Bike", "price_string": "5 ₽", "item_url": "https://a/1"}},
            "An item: Bike\n5 ₽\nhttps://a/1",
        ),
        (
            "location",
            {"location": {"lat": 55.7, "lon": 37.6}},
            "A place: 55.7, 37.6\nhttps://yandex.ru/maps/?pt=37.6,55.7&z=16&l=map",
        ),
        ("location", {"location": {"text": "Arbat 1", "lat": 1}}, "A place: Arbat 1"),
        ("call", {"call": {"status": "missed"}}, "A missed call"),
        ("system", {"flow_id": "f", "text": "Order paid"}, "Order paid"),
    ],
)
def test_what_can_be_read_is_told_in_words(kind, content, words):
    with translation.override("en"):
        assert describe_content(kind, content, chat_id=CHAT) == words


@pytest.mark.parametrize(
    ("kind", "content", "line"),
    [
        ("image", {"image": {"sizes": {}}}, "A picture"),
        ("voice", {"voice": {"voice_id": "v"}}, "A voice message"),
        ("system", {"flow_id": "f"}, "A notice from Avito"),
        ("deleted", {}, "A message that was deleted"),
        ("file", {}, "A file"),
        ("video", {}, "A video"),
        ("appCall", {}, "A call over Avito"),
        ("hologram", {}, "A message that can only be seen on Avito"),
        ("link", {}, "A link"),
        ("item", {"item": None}, "A message that can only be seen on Avito"),
        ("text", {}, "A message that can only be seen on Avito"),
    ],
)
def test_what_cannot_be_read_has_a_line_and_the_way_to_the_chat(kind, content, line):
    with translation.override("en"):
        assert describe_content(kind, content, chat_id=CHAT) == f"{line}\n{URL}"


def test_a_chat_id_cannot_change_the_address():
    assert avito_chat_url("../x?y") == URL.replace("u2i-a~b", "..%2Fx%3Fy")
