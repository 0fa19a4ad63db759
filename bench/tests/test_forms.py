"""The script of a storm: every form is in it, and every picture can be told from every other."""

from base64 import b64decode
from itertools import product

import pytest

from bench import pictures
from bench.chaos.forms import Form, Line, write_script
from bench.chaos.storm import Size
from bench.tests.test_chaos import SMALL
from bench.world import Dialog, Shop

SHOP = Shop(number=1, bot_id="", token="", group=-1, seller=1)


def dialog(number):
    return Dialog(SHOP, number, f"u2i-{number}")


@pytest.mark.parametrize("size", [SMALL, Size()], ids=["small", "whole"])
def test_every_form_is_said(size):
    scripts = [
        write_script(dialog(n), size.messages, is_mixed=True) for n in range(1, size.dialogs + 1)
    ]
    forms = {line.form for s in scripts for line in (*s.questions, *s.answers)}
    assert forms == set(Form)
    assert all(script.questions[0].form is Form.TEXT for script in scripts)
    seconds = {line.form for script in scripts for line in script.answers}
    assert {Form.EDITED, Form.DELETED, Form.ALBUM} <= seconds


def test_a_plain_script_is_nothing_but_texts():
    script = write_script(dialog(3), 20, is_mixed=False)
    assert script.expected(script.answers) == [f"s003-{n:03}" for n in range(1, 21)]


def test_a_caption_arrives_behind_the_first_picture_of_its_album():
    assert Line(4, "s001-004", Form.ALBUM).pieces == [
        *("s001-004#1", "s001-004", "s001-004#2", "s001-004#3")
    ]
    assert Line(4, "b001-004", Form.PICTURE).pieces == ["b001-004#1"]
    assert Line(4, "b001-004", Form.VOICE).pieces == ["b001-004#voice"]


def test_every_other_edited_message_is_edited_twice():
    assert Line(2, "s001-002", Form.EDITED).versions == ["s001-002", "s001-002 v2", "s001-002 v3"]
    assert Line(3, "s001-003", Form.EDITED).versions == ["s001-003", "s001-003 v2"]


def test_a_picture_tells_its_name_by_its_size():
    names = set()
    for side, number, place in product("bs", (1, 40), (1, 3)):
        content = pictures.draw(side, dialog=50, number=number, place=place)["base64"]
        width, height = pictures.measure(b64decode(content))
        assert width <= 1280
        assert height <= 960
        assert pictures.name_of(width, height) == f"{side}050-{number:03}#{place}"
        names.add((width, height))
    assert len(names) == 8


def test_a_picture_of_somebody_else_has_no_name():
    assert pictures.name_of(140, 105) == ""
    assert pictures.name_of(201, 201) == ""
