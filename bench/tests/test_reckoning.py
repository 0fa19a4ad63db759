"""What stands in a topic, held against what was said: only what an unclear send explains passes."""

import pytest

from bench.chaos import reckoning
from bench.chaos.forms import write_script
from bench.chaos.reckoning import Ends
from bench.world import Dialog, Shop

ONE, TWO, VOICE = "b002-001", "b002-002", "b002-003#voice"
SHOP = Shop(number=1, bot_id="1", token="1:t", group=-100, seller=1)


def broken(messages: list[list[str]], uncertain: set[str]) -> list[str]:
    """Get the promises that a topic with these messages breaks."""
    ends = Ends(
        script=write_script(Dialog(SHOP, 2, "u2i-2"), 2, is_mixed=False),
        messages=messages,
        struck=[],
        on_avito=[],
        words=[],
        receipts={},
        topics=1,
        unread=0,
    )
    checks = reckoning._check_telegram([ends], uncertain)
    return [name_of(check.name) for check in checks if not check.is_kept]


def name_of(check: str) -> str:
    return check.removeprefix("to Telegram: ").partition(" ")[0]


@pytest.mark.parametrize(
    ("messages", "uncertain", "found"),
    [
        ([[ONE], [TWO]], set(), []),
        # A burst whose pump was killed is sent again as it was.
        ([[ONE, TWO], [ONE, TWO]], {ONE, TWO}, []),
        ([[ONE, TWO], [ONE, TWO]], set(), ["doubled", "in"]),
        ([[ONE], [TWO], [ONE]], {ONE, TWO}, ["in"]),
        ([[TWO], [ONE]], {ONE, TWO}, ["in"]),
        ([[TWO]], {ONE, TWO}, ["nothing"]),
    ],
)
def test_a_topic_is_judged_by_what_was_said_and_what_is_unclear(messages, uncertain, found):
    assert broken(messages, uncertain) == found


def test_a_voice_keeps_its_place_among_the_messages():
    mark = reckoning.VOICE_MARK
    named = reckoning._name_voices([[ONE, TWO], [mark], []], [ONE, TWO, VOICE])
    assert named == [[ONE, TWO], [VOICE], []]
