"""Formatted text in the three modes that the Bot API reads."""

import pytest

from .conftest import BOT


@pytest.fixture
def private(world):
    world.control("telegram/say", bot=BOT, chat_id=500, user=500, text="/start")
    return 500


def formatted(world, mode, text):
    sent = world.result("sendMessage", chat_id=500, text=text, parse_mode=mode)
    return sent["text"], sent.get("entities", [])


def entity(kind, offset, length, **more):
    return {"type": kind, "offset": offset, "length": length, **more}


@pytest.mark.parametrize(
    ("source", "plain", "entities"),
    [
        ("plain text", "plain text", []),
        ("1\\.0 \\- done\\!", "1.0 - done!", []),
        ("*bold*", "bold", [entity("bold", 0, 4)]),
        ("😀 _slanted_", "😀 slanted", [entity("italic", 3, 7)]),
        (
            "*a _b_ __c__*",
            "a b c",
            [entity("bold", 0, 5), entity("italic", 2, 1), entity("underline", 4, 1)],
        ),
        ("~old~ ||end||", "old end", [entity("strikethrough", 0, 3), entity("spoiler", 4, 3)]),
        ("`a.b*c`", "a.b*c", [entity("code", 0, 5)]),
        ("`a\\`b`", "a`b", [entity("code", 0, 3)]),
        ("```\nx = 1.\n```", "x = 1.", [entity("pre", 0, 6)]),
        ("```python\nx.y\n```", "x.y", [entity("pre", 0, 3, language="python")]),
        (
            "[a\\.b](https://x.test/?a=\\)1)",
            "a.b",
            [entity("text_link", 0, 3, url="https://x.test/?a=)1")],
        ),
        ("![😀](tg://emoji?id=42)", "😀", [entity("custom_emoji", 0, 2, custom_emoji_id="42")]),
        (">one\n>two\nthree", "one\ntwo\nthree", [entity("blockquote", 0, 7)]),
        ("  *b*  ", "b", [entity("bold", 0, 1)]),
    ],
)
def test_markdown_v2_becomes_entities(world, private, source, plain, entities):
    assert formatted(world, "MarkdownV2", source) == (plain, entities)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("1.0", "Character '.' is reserved and must be escaped with the preceding '\\'"),
        ("a|b", "Character '|' is reserved and must be escaped with the preceding '\\'"),
        ("no > quotation", "Character '>' is reserved and must be escaped with the preceding '\\'"),
        ("😀 _open", "Can't find end of Italic entity at byte offset 5"),
        ("😀 _open *inside _", "Can't find end of Italic entity at byte offset 19"),
        ("__under_", "Can't find end of Italic entity at byte offset 7"),
        ("`open", "Can't find end of Code entity at byte offset 0"),
        ("```open", "Can't find end of Pre entity at byte offset 0"),
        ("```py open", "Can't find end of PreCode entity at byte offset 0"),
        ("[open", "Can't find end of TextUrl entity at byte offset 0"),
        ("[a](https://x", "Can't find end of a URL at byte offset 3"),
        ("![a](https://x.test)", "Custom emoji URL must have an emoji identifier"),
    ],
)
def test_wrong_markdown_v2_is_refused(world, private, source, text):
    before = world.chat(private)["last_message_id"]
    refusal = world.refusal("sendMessage", chat_id=500, text=source, parse_mode="MarkdownV2")
    assert refusal == (400, f"Bad Request: can't parse entities: {text}")
    assert world.chat(private)["last_message_id"] == before


@pytest.mark.parametrize(
    ("source", "plain", "entities"),
    [
        ("Version 1.0 (new)!", "Version 1.0 (new)!", []),
        ("*b* _i_", "b i", [entity("bold", 0, 1), entity("italic", 2, 1)]),
        ("*a _b_*", "a _b_", [entity("bold", 0, 5)]),
        ("snake\\_case", "snake_case", []),
        ("[t](https://x.test)", "t", [entity("text_link", 0, 1, url="https://x.test")]),
        ("[t] alone", "t alone", []),
        ("```js\nx```", "x", [entity("pre", 0, 1, language="js")]),
    ],
)
def test_the_old_markdown_becomes_entities(world, private, source, plain, entities):
    assert formatted(world, "Markdown", source) == (plain, entities)


def test_the_old_markdown_wants_every_end(world, private):
    refusal = world.refusal("sendMessage", chat_id=500, text="a snake_case", parse_mode="Markdown")
    text = "can't parse entities: Can't find end of the entity starting at byte offset 7"
    assert refusal == (400, f"Bad Request: {text}")


def test_entities_are_cut_with_the_blanks_around_the_text(world, private):
    entities = [entity("bold", 0, 4), entity("italic", 5, 2)]
    sent = world.result("sendMessage", chat_id=500, text="  ab   ", entities=entities)
    assert (sent["text"], sent["entities"]) == ("ab", [entity("bold", 0, 2)])


def test_captions_are_read_in_every_mode_too(world, private):
    url = f"{world.url}/avito/static/images/sample/32x32"
    photo = {"chat_id": 500, "photo": url, "parse_mode": "MarkdownV2"}
    sent = world.result("sendPhoto", **photo, caption="*5 000 ₽*")
    assert (sent["caption"], sent["caption_entities"]) == ("5 000 ₽", [entity("bold", 0, 7)])
    code, text = world.refusal("sendPhoto", **photo, caption="5.000")
    assert code == 400
    assert text.startswith("Bad Request: can't parse entities: Character '.'")


@pytest.mark.parametrize("wrong", [{}, {"type": "bold", "offset": "0", "length": 1}, {"offset": 0}])
def test_an_entity_without_its_parts_is_refused(world, private, wrong):
    code, text = world.refusal("sendMessage", chat_id=500, text="x", entities=[wrong])
    assert code == 400
    assert text.startswith("Bad Request: can't parse MessageEntity")
