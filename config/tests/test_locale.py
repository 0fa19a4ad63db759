"""The Russian catalogue is whole: nothing untranslated, nothing doubtful, no placeholder lost."""

import gettext
import re
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

CATALOGUE = settings.BASE_DIR / "locale" / "ru" / "LC_MESSAGES"
IGNORED = (".venv", "sandbox", "var", "staticfiles", "tests", "tests_browser", "launcher", "bench")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|</?\w+>")


def read_entries(path):
    """Return ``[(msgid, [msgstr…], is_fuzzy)]`` without the header.

    A text with a context has it before itself, as catalogues keep it.
    """
    entries = []
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        parts = re.findall(
            r'^(msgctxt|msgid_plural|msgid|msgstr(?:\[\d\])?) ((?:".*"\n?)+)', block, re.MULTILINE
        )
        texts = {
            name: "".join(re.findall(r'"(.*)"', value)).replace('\\"', '"') for name, value in parts
        }
        if texts.get("msgid"):
            strings = [text for name, text in texts.items() if name.startswith("msgstr")]
            context = f"{texts['msgctxt']}\x04" if "msgctxt" in texts else ""
            entries.append((context + texts["msgid"], strings, "#, fuzzy" in block))
    return entries


@pytest.fixture(scope="module")
def entries():
    return read_entries(CATALOGUE / "django.po")


def test_every_text_is_translated_and_none_is_doubtful(entries):
    assert len(entries) > 300
    assert [msgid for msgid, strings, _ in entries if not all(strings)] == []
    assert [msgid for msgid, _, is_fuzzy in entries if is_fuzzy] == []


def test_no_translation_loses_or_invents_a_placeholder(entries):
    for msgid, strings, _ in entries:
        for text in strings:
            assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(msgid)), msgid


def test_the_compiled_catalogue_is_the_written_one(entries):
    with (CATALOGUE / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for msgid, strings, _ in entries:
        if len(strings) == 1 and "\\" not in msgid:
            assert compiled.gettext(msgid) == strings[0].replace("\\n", "\n")


def test_every_marked_text_is_in_the_catalogue(entries, tmp_path, monkeypatch):
    """Extracts anew, so that a text added without its translation is noticed."""
    try:
        subprocess.run(["xgettext", "--version"], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("xgettext is not installed")
    source = tmp_path / "source"
    source.mkdir()
    for path in settings.BASE_DIR.iterdir():
        if path.name not in (*IGNORED, "locale", ".git") and not path.name.startswith("."):
            (source / path.name).symlink_to(path)
    (source / "locale").mkdir()
    monkeypatch.chdir(source)
    monkeypatch.setattr(settings, "LOCALE_PATHS", [str(source / "locale")])
    call_command(
        "makemessages",
        locale=["ru"],
        ignore_patterns=list(IGNORED),
        no_location=True,
        symlinks=True,
        verbosity=0,
    )
    marked = {entry[0] for entry in read_entries(source / "locale/ru/LC_MESSAGES/django.po")}
    assert marked - {entry[0] for entry in entries} == set()
    assert Path.cwd() == source
