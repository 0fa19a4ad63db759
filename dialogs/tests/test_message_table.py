"""Writes and holds docs/messages.md: what every type of message does on the other side.

``UPDATE_MESSAGES=1`` writes the table anew; otherwise what happens must be what is written.
"""

import os
from datetime import timedelta

import pytest
from django.conf import settings
from django.db.models import F

from dialogs.models import Message
from dialogs.tests.test_avito_types import EFFECTS
from dialogs.tests.test_telegram_types import jpeg
from integrations.models import Delivery

IS_UPDATE = os.environ.get("UPDATE_MESSAGES") == "1"
FILE = settings.BASE_DIR / "docs" / "messages.md"

HEAD = """# What a message does on the other side

Written by `dialogs/tests/test_message_table.py` from what the stand-ins of Avito and Telegram show;
`UPDATE_MESSAGES=1` writes it anew. Words are those of an organization whose owner reads English.
A link stands for the address of the chat on Avito.

"""
# Each: what a person does in the topic, as a control call of the sandbox.
SAID = {
    "text": {"text": "Yes, it is"},
    "text over 1,000 characters": {"text": "A word. " * 150},
    "photo": {"photo": "sample"},
    "photo with a caption": {"photo": "sample", "caption": "This one"},
    "album of two": {"album": ["sample", "sample"], "caption": "Both sides"},
    "picture as a file": {"document": "photo.jpg"},
    **{
        kind: {kind: "sample"}
        for kind in (
            "sticker",
            "voice",
            "video",
            "video_note",
            "audio",
            "animation",
            "document",
            "location",
            "venue",
            "contact",
            "poll",
            "dice",
        )
    },
    "/note": {"text": "/note ask for the papers"},
    "/hold": {"text": "/hold"},
    "/open": {"text": "/open"},
    "/help": {"text": "/help"},
    "/nonsense": {"text": "/nonsense"},
}
DEEDS = ("edit within an hour", "edit after an hour", "/delete", "👎", "/close", "/ban")


@pytest.fixture
def talking(relay):
    relay.buyer_says("Hello")
    relay.run()
    return relay


@pytest.fixture(scope="module")
def table():
    """Rows by section; written out at the end where that was asked for."""
    rows: dict[str, dict[str, str]] = {"From Avito": {}, "From Telegram": {}, "Deeds": {}}
    yield rows
    if IS_UPDATE:
        FILE.write_text(HEAD + "\n".join(_section(name, found) for name, found in rows.items()))


@pytest.mark.parametrize("kind", EFFECTS)
def test_what_a_buyer_sends(relay, table, kind):
    relay.buyer_says(**EFFECTS[kind].says)
    relay.run()
    check(table, "From Avito", kind, _as_shown(relay, relay.last_shown()))


@pytest.mark.parametrize("kind", SAID)
def test_what_a_seller_sends(talking, table, kind):
    before = len(talking.shown())
    number = talking.seller_says(**_said(kind))
    talking.run()
    notes = [entry for entry in talking.shown()[before:] if entry["from"]["is_bot"]]
    check(
        table,
        "From Telegram",
        kind,
        " · ".join(
            [
                *(f"buyer sees {_cut(seen)}" for seen in talking.seen_by_buyer()),
                *(f"topic is told “{_cut(note['text'])}”" for note in notes),
                *(f"reaction {emoji}" for emoji in talking.receipt(number)),
                *([f"dialog is {talking.dialog.status}"] if kind[:1] == "/" else []),
            ]
        ),
    )


@pytest.mark.parametrize("deed", DEEDS)
def test_what_a_seller_does(talking, table, deed):
    number = talking.seller_says("It is 5,000")
    talking.run()
    said = talking.on_avito()["messages"][-1]["id"]
    _do(talking, deed, number, said)
    talking.run()
    types = [entry["type"] for entry in talking.on_avito()["messages"]]
    topic = next(
        topic
        for topic in talking.in_group()["topics"]
        if topic["id"] == talking.dialog.telegram_topic_id
    )
    found = [
        f"buyer sees {', '.join(talking.seen_by_buyer()) or 'nothing'}",
        f"{types.count('deleted')} deleted on Avito",
        f"dialog is {talking.dialog.status}",
        f"topic is {'closed' if topic['closed'] else 'open'}",
    ]
    if talking.on_avito().get("banned"):
        found.append("buyer is on Avito's black list")
    check(table, "Deeds", deed, " · ".join(found))


@pytest.mark.skipif(IS_UPDATE, reason="the table is being written")
def test_the_table_has_no_rows_but_these():
    rows = {"From Avito": EFFECTS, "From Telegram": SAID, "Deeds": DEEDS}
    assert {name: set(found) for name, found in _written().items()} == {
        name: set(kinds) for name, kinds in rows.items()
    }


def check(table: dict[str, dict[str, str]], section: str, kind: str, effect: str) -> None:
    """Every type has some effect, and the one that is written."""
    assert effect
    table[section][kind] = effect
    if not IS_UPDATE:
        assert _written()[section].get(kind) == effect


def _said(kind: str) -> dict:
    said = dict(SAID[kind])
    if said.get("document") == "photo.jpg":
        said["document"] = {
            "name": "photo.jpg",
            "content_type": "image/jpeg",
            "base64": jpeg(),
        }
    return said


def _do(talking, deed: str, number: int, said: str) -> None:
    if deed == "edit after an hour":
        age = {"chat_id": talking.chat, "message_id": said, "seconds": 3700}
        talking.sandbox.control("avito/age", age)
        _age_ours()
    if deed.startswith("edit"):
        talking.seller_says("It is 4,500", edits=number)
    elif deed == "👎":
        talking.seller_reacts(number, "👎")
    elif deed == "/delete":
        talking.seller_says("/delete", reply_to=number)
    else:
        talking.seller_says(deed)


def _age_ours() -> None:
    hour = timedelta(seconds=3700)
    Message.objects.filter(is_incoming=False).update(
        written_at=F("written_at") - hour, created_at=F("created_at") - hour
    )
    Delivery.objects.update(
        dispatched_at=F("dispatched_at") - hour, settled_at=F("settled_at") - hour
    )


def _as_shown(relay, shown: dict) -> str:
    media = shown.get("media", "text")
    words = shown["text"].replace(relay.chat, "…")
    return f"{media}: {_cut(words)}" if words else media


def _cut(text: str) -> str:
    line = " ⏎ ".join(part for part in text.splitlines() if part.strip())
    line = " ".join(
        "(link)" if word.startswith("https://www.avito.ru/profile/") else word
        for word in line.split()
    ).replace("|", "\\|")
    return line if len(line) <= 120 else f"{line[:117]}…"


def _section(name: str, rows: dict[str, str]) -> str:
    lines = [f"| `{kind}` | {effect} |" for kind, effect in rows.items()]
    return "\n".join([f"## {name}", "", "| message | effect |", "|---|---|", *lines, ""])


def _written() -> dict[str, dict[str, str]]:
    """Return the rows that are written, by section: some types stand in two of them."""
    _head, *sections = FILE.read_text().split("## ")
    return {name: _rows(text) for name, text in (part.split("\n", 1) for part in sections)}


def _rows(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    return {line.split("`")[1]: line.split("` | ", 1)[1].removesuffix(" |") for line in lines}
