"""What was said, where it arrived, and what must hold between the two. Pure functions."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

TOKEN = re.compile(r"\b[bs]\d{3}-\d{3}\b")


def tokens_in(texts: Iterable[str]) -> list[str]:
    """Get the numbered messages that stand in these texts, in their order."""
    return [token for text in texts for token in TOKEN.findall(text)]


def find_lost(said: Iterable[str], arrived: Collection[str]) -> list[str]:
    """Get what was said and did not arrive."""
    there = set(arrived)
    return [token for token in said if token not in there]


def find_strange(said: Collection[str], arrived: Iterable[str]) -> list[str]:
    """Get what arrived and belongs elsewhere."""
    own = set(said)
    return [token for token in arrived if token not in own]


def find_doubled(arrived: Iterable[str], *, allowed: Collection[str] = ()) -> list[str]:
    """Get what arrived more than once, save where that is allowed."""
    counts = Counter(arrived)
    return [token for token, count in counts.items() if count > 1 and token not in allowed]


def find_overtaken(arrived: Sequence[str], *, said: Sequence[str]) -> list[str]:
    """Get what arrived behind something that was said later: `later before earlier`.

    A repeat right behind its first arrival overtakes nothing; what was not said here is nobody's.

    :param said: everything whose order counts, in its order.
    """
    places = {piece: place for place, piece in enumerate(said)}
    known = [piece for piece in arrived if piece in places]
    return [
        f"{first} before {second}"
        for first, second in pairwise(known)
        if places[first] > places[second]
    ]


def without_repeats(messages: Iterable[Sequence[str]], *, repeated: Collection[str]) -> list[str]:
    """Get the pieces of messages in their order, of one that was sent again only the first time.

    What left as one message is repeated as one: the same pieces once more, right behind it.

    :param repeated: what may have been sent again; anything else that comes twice stays.
    """
    kept: list[Sequence[str]] = []
    for message in filter(None, messages):
        if not (kept and message == kept[-1] and set(message) <= set(repeated)):
            kept.append(message)
    return [piece for message in kept for piece in message]


def name_by_place(arrived: Iterable[str], *, said: Sequence[str], mark: str) -> list[str]:
    """Give what carries only a mark the name of what was said behind the piece before it.

    One more behind such a piece is its repeat; one for which there is no place keeps its mark.
    """
    following = dict(pairwise(said))
    named: list[str] = []
    for piece in arrived:
        before = named[-1] if named else ""
        after = following.get(before, "")
        if piece != mark:
            named.append(piece)
        elif after.endswith(mark):
            named.append(after)
        else:
            named.append(before if before.endswith(mark) else mark)
    return named


def struck_tokens(text: str, entities: Iterable[Mapping[str, Any]]) -> list[str]:
    """Get the numbered messages that are struck out in a text of Telegram's."""
    encoded = text.encode("utf-16-le")
    return tokens_in(
        encoded[2 * e["offset"] : 2 * (e["offset"] + e["length"])].decode("utf-16-le")
        for e in entities
        if e["type"] == "strikethrough"
    )


@dataclass(frozen=True)
class Reading:
    """A chat was marked read on Avito, at that moment."""

    chat_id: str
    at: float


def find_read_too_early(
    readings: Iterable[Reading],
    *,
    known_at: Mapping[str, Mapping[str, float]],
    delivered_at: Mapping[str, float],
    notice_seconds: float,
) -> list[str]:
    """Get the messages that were marked read before they stood in Telegram.

    Avito marks a whole chat, so what a buyer writes in the very moment is marked along with the
    rest; only what we had for longer than `notice_seconds` could be spared.

    :param known_at: chat → message → when it was in our hands.
    """
    early: dict[str, None] = {}
    for reading in readings:
        for token, at in known_at.get(reading.chat_id, {}).items():
            was_known = at + notice_seconds < reading.at
            if was_known and delivered_at.get(token, float("inf")) > reading.at:
                early[token] = None
    return list(early)


@dataclass(frozen=True)
class Sent:
    """A call towards a chat, as the journal has it. `held_seconds`: it was answered with 429."""

    at: float
    chat: int
    method: str
    held_seconds: float = 0.0


def find_crowded(
    times: Sequence[float], *, most: int, seconds: float, tolerance: float
) -> list[float]:
    """Get the moments that begin a span of `seconds` with more than `most` calls.

    :param tolerance: by what share the span may be shorter, the clocks of two processes being two.
    """
    ordered = sorted(times)
    span = seconds * (1 - tolerance)
    return [
        first for first, last in zip(ordered, ordered[most:], strict=False) if last - first < span
    ]


def find_under_hold(calls: Sequence[Sent]) -> list[Sent]:
    """Get the calls to a chat that came before an earlier refusal of it had passed."""
    held_until: dict[int, float] = {}
    early = []
    for call in sorted(calls, key=lambda call: call.at):
        if call.at < held_until.get(call.chat, 0.0):
            early.append(call)
        if call.held_seconds:
            until = call.at + call.held_seconds
            held_until[call.chat] = max(held_until.get(call.chat, 0.0), until)
    return early


@dataclass(frozen=True)
class Check:
    """One promise, and what breaks it."""

    name: str
    broken: Sequence[object]

    @property
    def is_kept(self) -> bool:
        return not self.broken


def print_checks(title: str, checks: Sequence[Check], *, say: Callable[[str], None]) -> bool:
    """Print each promise with its verdict and a few of the breaches; tell whether all hold."""
    say(f"\n{title}")
    width = max(len(check.name) for check in checks)
    for check in checks:
        verdict = "kept" if check.is_kept else f"BROKEN {len(check.broken)} times"
        say(f"  {check.name:{width}}  {verdict}")
        for breach in check.broken[:5]:
            say(f"      {breach}")
    return all(check.is_kept for check in checks)
