"""Each check finds the breach that it is for, and nothing where there is none."""

import pytest

from bench.chaos import ledger
from bench.chaos.ledger import Check, Reading, Sent


def test_numbered_messages_are_found_in_any_text():
    texts = ["Anna · bicycle:\nb001-001", "b001-002 and b001-003", "xb001-004", "b1-5"]
    assert ledger.tokens_in(texts) == ["b001-001", "b001-002", "b001-003"]


def test_lost_doubled_and_strange_messages_are_named():
    said = ["b001-001", "b001-002", "b001-003"]
    arrived = ["b001-001", "b001-003", "b001-003", "b002-001"]
    assert ledger.find_lost(said, arrived) == ["b001-002"]
    assert ledger.find_doubled(arrived) == ["b001-003"]
    assert ledger.find_doubled(arrived, allowed={"b001-003"}) == []
    assert ledger.find_strange(said, arrived) == ["b002-001"]
    assert ledger.find_lost(said, said) == ledger.find_doubled(said) == []


@pytest.mark.parametrize(
    ("arrived", "overtaken"),
    [
        (["b001-001", "b001-002", "b001-010"], []),
        (["b001-001", "b001-001", "b001-002"], []),
        (["b001-002", "b001-001"], ["b001-002 before b001-001"]),
        (["b001-001", "b001-002", "b001-001"], ["b001-002 before b001-001"]),
    ],
)
def test_a_later_message_before_an_earlier_one_is_named(arrived, overtaken):
    said = ["b001-001", "b001-002", "b001-010"]
    assert ledger.find_overtaken(arrived, said=said) == overtaken


@pytest.mark.parametrize(
    ("messages", "repeated", "kept"),
    [
        # What left together and may not have arrived is sent again together.
        ([["1", "2"], ["1", "2"], ["3"]], "12", "123"),
        ([["1"], [], ["1"], ["1"], ["2"]], "1", "12"),
        ([["1", "2"], ["1", "2"]], "1", "1212"),
        ([["1", "2"], ["1"]], "12", "121"),
        ([["1", "2"], ["3"], ["1", "2"]], "12", "12312"),
        ([["1"], ["2"], ["1"], ["2"]], "12", "1212"),
    ],
)
def test_only_a_whole_message_right_behind_itself_is_a_repeat(messages, repeated, kept):
    assert ledger.without_repeats(messages, repeated=repeated) == list(kept)


def test_order_is_that_of_what_was_said_and_nothing_else_counts():
    said = ["s001-001#1", "s001-001", "s001-001#2"]
    assert ledger.find_overtaken(said, said=said) == []
    assert ledger.find_overtaken(["s001-001", "x", "s001-001#1"], said=said) == [
        "s001-001 before s001-001#1"
    ]


def test_a_voice_is_the_one_that_was_said_at_its_place():
    said = ["b001-001", "b001-002", "b001-003#voice", "b001-004"]

    def name(*arrived):
        return ledger.name_by_place(arrived, said=said, mark="#voice")

    assert name("b001-001", "b001-002", "#voice", "b001-004") == said
    assert name("b001-002", "#voice", "#voice") == ["b001-002", *["b001-003#voice"] * 2]
    # There is none behind the first and none at the end: it belongs to nothing that was said.
    assert name("b001-001", "#voice") == ["b001-001", "#voice"]
    assert name("#voice") == ["#voice"]


def test_struck_out_is_what_the_entity_covers_counted_as_telegram_does():
    text = "🙂 b001-001\nb001-002"
    strike = {"type": "strikethrough", "offset": 3, "length": 8}
    assert ledger.struck_tokens(text, [strike]) == ["b001-001"]
    assert ledger.struck_tokens(text, [{**strike, "type": "bold"}]) == []


@pytest.mark.parametrize(
    ("read_at", "delivered_at", "is_early"),
    [
        (20.0, {"b001-001": 15.0}, False),
        (20.0, {"b001-001": 25.0}, True),
        (20.0, {}, True),
        # It came in the very moment.
        (10.1, {"b001-001": 15.0}, False),
        (5.0, {"b001-001": 15.0}, False),
    ],
)
def test_a_message_read_before_its_delivery_is_named(read_at, delivered_at, is_early):
    early = ledger.find_read_too_early(
        [Reading("u2i-1", read_at), Reading("u2i-2", 99.0)],
        known_at={"u2i-1": {"b001-001": 10.0}},
        delivered_at=delivered_at,
        notice_seconds=0.25,
    )
    assert early == (["b001-001"] if is_early else [])


def test_more_calls_than_allowed_in_any_span_are_found():
    even = [float(second) for second in range(0, 60, 3)]
    assert ledger.find_crowded([*even, 60.0], most=20, seconds=60, tolerance=0.05) == []
    assert ledger.find_crowded([*even[:-1], 54.5, 55.0], most=20, seconds=60, tolerance=0.05) == [
        0.0
    ]
    assert ledger.find_crowded([0.0, 0.96, 1.5], most=1, seconds=1, tolerance=0.05) == [0.96]


def test_a_call_under_a_hold_is_found_for_its_own_chat_only():
    refused = Sent(10.0, -1, "sendMessage", held_seconds=5)
    early, other = Sent(14.9, -1, "sendMessage"), Sent(11.0, -2, "sendMessage")
    on_time = Sent(15.1, -1, "sendMessage")
    assert ledger.find_under_hold([on_time, early, refused, other]) == [early]


def test_broken_promises_are_printed_with_their_breaches():
    lines = []
    is_kept = ledger.print_checks(
        "storm", [Check("in order", []), Check("lost", ["b001-001"])], say=lines.append
    )
    assert not is_kept
    assert lines == ["\nstorm", "  in order  kept", "  lost      BROKEN 1 times", "      b001-001"]
