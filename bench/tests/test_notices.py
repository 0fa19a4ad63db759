"""The reckoning over notices sees what it is there for."""

import pytest

from bench import notices as sizes
from bench.chaos import notices
from bench.chaos.notices import Fate


@pytest.fixture(autouse=True)
def _two(monkeypatch):
    monkeypatch.setattr(sizes, "PEOPLE", 2)


def call(text: str, status: int = 200) -> dict:
    return {"params": {"text": text}, "status": status, "at": 1.0}


def broken(fates, calls, kills=notices.KILLS) -> list[str]:
    return [c.name for c in notices.reckon(fates, calls, kills=kills) if not c.is_kept]


OFTEN, ONCE = Fate("chaos1", False, "sent", False), Fate("chaos2", True, "sent", False)
CAME = [call("The bot @chaos1 was"), call("@chaos2 ... @chaos2")]


def test_a_good_run_keeps_everything():
    assert broken([OFTEN, ONCE], CAME) == []


@pytest.mark.parametrize(
    ("fates", "calls", "names"),
    [
        ([OFTEN, ONCE], CAME[1:], ["none lost"]),
        ([OFTEN, ONCE], [*CAME, CAME[0]], ["twice only where marked"]),
        ([Fate("chaos1", False, "sent", True), ONCE], [*CAME, CAME[0]], []),
        ([OFTEN, ONCE], [*CAME, CAME[1]], ["at most once: none twice"]),
        (
            [OFTEN, Fate("chaos2", True, "sent", True)],
            [*CAME, CAME[1]],
            ["at most once: none twice"],
        ),
        ([OFTEN, ONCE], CAME[:1], ["at most once: what did not come waits for a person"]),
        ([OFTEN, Fate("chaos2", True, "ambiguous", True)], CAME[:1], []),
        ([OFTEN], CAME[:1], ["all were written"]),
        ([Fate("chaos1", False, "dead", False), ONCE], CAME, ["none given up"]),
        ([OFTEN, ONCE], [*CAME, call("@chaos1", 429)], ["never too fast"]),
    ],
)
def test_each_breach_is_seen(fates, calls, names):
    assert broken(fates, calls) == names


def test_too_few_kills_are_no_proof():
    assert broken([OFTEN, ONCE], CAME, kills=3) == [f"killed {notices.KILLS} times"]
