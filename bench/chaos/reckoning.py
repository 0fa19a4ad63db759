"""Both ends of each dialog after a run, held against what was said."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from bench.chaos import ledger
from bench.chaos.forms import VOICE_MARK, Form, Line, Script
from bench.chaos.ledger import Check, Reading
from bench.pictures import measure, name_of
from bench.world import SELLER, World

# A call that was being made when the message came in.
NOTICE_SECONDS = 0.25
DONE, DELETED = frozenset("👌👀"), frozenset("🙈")

UNCERTAIN = """
SELECT message.avito_message_id FROM dialogs_message AS message
JOIN integrations_delivery AS delivery ON delivery.id = message.delivery_id
WHERE delivery.uncertain AND message.is_incoming
UNION
SELECT message.avito_message_id FROM integrations_delivery AS delivery
JOIN dialogs_attachment AS media ON media.id = (delivery.payload->>'attachment_id')::bigint
JOIN dialogs_message AS message ON message.id = media.message_id
WHERE delivery.kind = 'dialogs.late_media' AND delivery.uncertain
"""
RECEIVED = """
SELECT payload->'value'->'content'->>'text', extract(epoch FROM received_at)
FROM integrations_inboundevent WHERE source = 'avito'
"""
GIVEN_UP = """
SELECT kind || ' ' || state || ' ' || last_error_code FROM integrations_delivery
WHERE state = 'dead' OR needs_person
UNION ALL
SELECT source || ' event set aside: ' || last_error FROM integrations_inboundevent
WHERE state = 'set_aside'
"""

Json = dict[str, Any]


@dataclass(frozen=True)
class Ends:
    """What stands at both ends of a dialog.

    :param messages: the buyer's pieces, message by message as the bot wrote them, in the topic's
        order.
    :param struck: those of them that are struck out.
    :param on_avito: the seller's pieces in the buyer's chat, in their order.
    :param words: the texts among them, whole.
    :param receipts: an operator's message → the reactions on it, one set for each picture.
    """

    script: Script
    messages: list[list[str]]
    struck: list[str]
    on_avito: list[str]
    words: list[str]
    receipts: Mapping[str, list[set[str]]]
    topics: int
    unread: int

    @property
    def in_topic(self) -> list[str]:
        return [piece for message in self.messages for piece in message]

    @property
    def chat_id(self) -> str:
        return self.script.dialog.chat_id


async def reckon(world: World, scripts: Sequence[Script]) -> list[Check]:
    """Compare both ends of each dialog, and look at what was given up."""
    shops = {script.dialog.shop.number: script.dialog.shop for script in scripts}
    groups = {number: await world.group_messages(shop) for number, shop in shops.items()}
    ends = [await _look(world, s, groups[s.dialog.shop.number]) for s in scripts]
    return [
        *_check_telegram(ends, _find_uncertain(world, scripts)),
        *_check_avito(ends),
        *_check_second_thoughts(ends),
        Check("one topic for each dialog", [e.chat_id for e in ends if e.topics != 1]),
        Check("read only after delivery", await _find_read_too_early(world, ends)),
        Check("read in the end", [e.chat_id for e in ends if e.unread]),
        Check("nothing given up", [row[0] for row in world.site.query(GIVEN_UP)]),
    ]


async def _look(world: World, script: Script, group: Sequence[Json]) -> Ends:
    own = [message for message in group if message["from"]["id"] != SELLER]
    questions = script.expected(script.questions)
    topics = {m["thread_id"] for m in own if set(ledger.tokens_in([m["text"]])) & set(questions)}
    in_topic = sorted((m for m in own if m["thread_id"] in topics), key=_place_of)
    chat = await world.control(f"avito/chats/{script.dialog.chat_id}")
    standing = [m for m in chat["messages"] if m["direction"] == "out"]
    return Ends(
        script=script,
        messages=_name_voices([_pieces_in_topic(message) for message in in_topic], questions),
        struck=[
            token
            for message in in_topic
            for token in ledger.struck_tokens(message["text"], message.get("entities", []))
        ],
        on_avito=[piece for m in standing for piece in await _pieces_on_avito(world, m)],
        words=[m["content"]["text"] for m in standing if m["type"] == "text"],
        receipts=_receipts(script, group),
        topics=len(topics),
        unread=chat["unread"],
    )


def _place_of(message: Json) -> int:
    """What was slow to be fetched follows in answer to what stands in for it, and counts there."""
    is_late = "media" in message and "reply_to" in message
    return int(message["reply_to"] if is_late else message["message_id"])


def _pieces_in_topic(message: Json) -> list[str]:
    if message.get("media") == "voice":
        return [VOICE_MARK]
    if message.get("media") == "photo":
        largest = message["photo"][-1]
        return [name for name in [name_of(largest["width"], largest["height"])] if name]
    return ledger.tokens_in([message["text"]])


def _name_voices(messages: Sequence[list[str]], said: Sequence[str]) -> list[list[str]]:
    pieces = [piece for message in messages for piece in message]
    named = iter(ledger.name_by_place(pieces, said=said, mark=VOICE_MARK))
    return [list(islice(named, len(message))) for message in messages]


async def _pieces_on_avito(world: World, message: Json) -> list[str]:
    content = message["content"]
    if message["type"] != "image":
        return ledger.tokens_in([content.get("text", "")])
    size = measure(await world.fetch(content["image"]["sizes"]["1280x960"]))
    return [name_of(*size) or "a picture of nobody's"]


def _receipts(script: Script, group: Sequence[Json]) -> dict[str, list[set[str]]]:
    reactions = {m["message_id"]: set(m.get("reactions", ())) for m in group}
    return {
        token: [reactions.get(number, set()) for number in numbers]
        for token, numbers in script.in_telegram.items()
    }


def _find_uncertain(world: World, scripts: Sequence[Script]) -> set[str]:
    lines = {number: line for script in scripts for number, line in script.ids.items()}
    known = [lines[row[0]] for row in world.site.query(UNCERTAIN) if row[0] in lines]
    return {piece for line in known for piece in line.pieces}


def _check_telegram(ends: Sequence[Ends], uncertain: set[str]) -> list[Check]:
    def said(end: Ends) -> list[str]:
        return end.script.expected(end.script.questions)

    def first_of(end: Ends) -> list[str]:
        return ledger.without_repeats(end.messages, repeated=uncertain)

    return [
        Check(
            "to Telegram: nothing lost",
            _each(ends, lambda end: ledger.find_lost(said(end), end.in_topic)),
        ),
        Check(
            f"to Telegram: doubled only where uncertain ({len(uncertain)})",
            _each(ends, lambda end: ledger.find_doubled(end.in_topic, allowed=uncertain)),
        ),
        Check(
            "to Telegram: in order",
            _each(ends, lambda end: ledger.find_overtaken(first_of(end), said=said(end))),
        ),
        Check(
            "to Telegram: nothing of another dialog, no echo",
            _each(ends, lambda end: ledger.find_strange(said(end), end.in_topic)),
        ),
    ]


def _check_avito(ends: Sequence[Ends]) -> list[Check]:
    def said(end: Ends, *without: Form) -> list[str]:
        return end.script.expected(end.script.answers, without=without)

    return [
        Check(
            "to Avito: nothing lost",
            _each(ends, lambda end: ledger.find_lost(said(end, Form.DELETED), end.on_avito)),
        ),
        Check(
            "to Avito: nothing doubled", _each(ends, lambda end: ledger.find_doubled(end.on_avito))
        ),
        # What is edited after it was sent stands where the new words were sent.
        Check(
            "to Avito: in order",
            _each(
                ends,
                lambda end: ledger.find_overtaken(end.on_avito, said=said(end, Form.EDITED)),
            ),
        ),
        Check(
            "to Avito: nothing of another dialog",
            _each(ends, lambda end: ledger.find_strange(said(end), end.on_avito)),
        ),
    ]


def _check_second_thoughts(ends: Sequence[Ends]) -> list[Check]:
    return [
        Check("edits: the newest words and no others", _each(ends, _find_old_words)),
        Check("deleted by the seller: gone on Avito", _each(ends, _find_standing)),
        Check("deleted by the buyer: struck out in Telegram", _each(ends, _find_unstruck)),
        Check("receipts: each as it ended", _each(ends, _find_wrong_receipts)),
    ]


def _find_old_words(end: Ends) -> list[str]:
    found = {token: [w for w in end.words if token in w] for token in _tokens(end, Form.EDITED)}
    newest = {line.token: line.versions[-1] for line in end.script.answers}
    return [f"{token}: {words}" for token, words in found.items() if words != [newest[token]]]


def _find_standing(end: Ends) -> list[str]:
    return [token for token in _tokens(end, Form.DELETED) if token in end.on_avito]


def _find_unstruck(end: Ends) -> list[str]:
    deleted = _of_form(end.script.questions, Form.DELETED)
    wrong = {line.token for line in deleted} ^ set(end.struck)
    return sorted(wrong)


def _find_wrong_receipts(end: Ends) -> list[str]:
    gone = set(_tokens(end, Form.DELETED))
    return [
        f"{token}: {''.join(sorted(shown)) or 'none'}"
        for token, pictures in end.receipts.items()
        for shown in pictures
        if not shown & (DELETED if token in gone else DONE)
    ]


def _tokens(end: Ends, form: Form) -> list[str]:
    return [line.token for line in _of_form(end.script.answers, form)]


def _of_form(lines: Iterable[Line], form: Form) -> list[Line]:
    return [line for line in lines if line.form is form]


def _each(ends: Iterable[Ends], find: Callable[[Ends], list[str]]) -> list[str]:
    return [breach for end in ends for breach in find(end)]


async def _find_read_too_early(world: World, ends: Sequence[Ends]) -> list[str]:
    readings = [
        Reading(call["params"]["chat_id"], call["at"])
        for call in await world.calls("avito.read")
        if call["status"] == 200
    ]
    delivered: dict[str, float] = {}
    for call in await world.calls("telegram.sendMessage"):
        if call["status"] == 200:
            for token in ledger.tokens_in([call["params"].get("text", "")]):
                delivered.setdefault(token, call["at"])
    received = {str(text): float(at) for text, at in world.site.query(RECEIVED)}
    known = {
        end.chat_id: {
            line.token: received[line.token]
            for line in end.script.questions
            if line.token in received
        }
        for end in ends
    }
    return ledger.find_read_too_early(
        readings, known_at=known, delivered_at=delivered, notice_seconds=NOTICE_SECONDS
    )
