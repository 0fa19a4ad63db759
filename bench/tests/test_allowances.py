"""The reading of the journal after a burst: each breach is found in calls that we make up."""

import pytest

from bench.chaos import allowances
from bench.world import Dialog, Shop

CROWDED, OTHER = (Shop(n, f"bot-{n}", f"{n}:t", -n, n) for n in (1, 2))


def talk(shop, number, said_at):
    return Dialog(shop, number, f"u2i-{number}", thread=number, said_at=said_at)


@pytest.fixture
def cast():
    """A noisy dialog with three messages, a quiet one with one, and one in another group."""
    return {
        "noisy": talk(CROWDED, 1, [0.0, 0.0, 0.0]),
        "quiet": [talk(CROWDED, 2, [0.0])],
        "aside": talk(OTHER, 100, [0.0, 10.0]),
    }


def call(at, dialog, number, *, status=200):
    params = {"chat_id": dialog.shop.group, "text": dialog.question(number)}
    return {"on": "telegram.sendMessage", "at": at, "params": params, "status": status}


def good_calls(cast):
    noisy, (quiet,), aside = cast["noisy"], cast["quiet"], cast["aside"]
    return [
        call(1.0, noisy, 1),
        call(3.0, quiet, 1),
        call(5.0, noisy, 2),
        call(8.0, noisy, 3),
        call(9.0, aside, 1),
        call(11.0, aside, 2),
    ]


def broken(calls, cast):
    return [check.name for check in allowances.check_journal(calls, **cast) if not check.is_kept]


def test_good_manners_break_nothing(cast):
    assert broken(good_calls(cast), cast) == []


def test_two_messages_within_a_second_are_too_many_for_a_chat(cast):
    calls = [*good_calls(cast), call(8.5, cast["noisy"], 3)]
    assert broken(calls, cast) == ["a chat: 1 a second"]


def test_the_twenty_first_call_within_a_minute_is_one_too_many_for_a_group(cast):
    later = [call(10.0 + 2 * n, cast["noisy"], 3) for n in range(18)]
    assert broken([*good_calls(cast), *later], cast) == ["a group: 20 a minute"]


def test_a_call_before_a_refusal_has_passed_is_found(cast):
    calls = [*good_calls(cast), call(20.0, cast["noisy"], 3, status=429)]
    assert broken(calls, cast) == []
    assert broken([*calls, call(24.0, cast["noisy"], 3)], cast) == ["no request under a hold"]


def test_a_refusal_that_nobody_ordered_is_found(cast):
    refused = [call(20.0 + 10 * n, cast["noisy"], 3, status=429) for n in range(4)]
    assert broken([*good_calls(cast), *refused], cast) == [
        "Telegram refused only what it was told to"
    ]


def test_another_group_that_waits_is_found(cast):
    calls = good_calls(cast)
    calls[-1]["at"] = 16.0
    assert broken(calls, cast) == ["another group: within 5 s"]


def test_a_quiet_dialog_behind_the_backlog_is_found(cast):
    noisy = cast["noisy"]
    noisy.said_at = [0.0] * 6
    backlog = [call(2.0 * n, noisy, n) for n in range(1, 7)]
    late = [call(20.0, cast["quiet"][0], 1), *good_calls(cast)[-2:]]
    assert broken([*backlog, *late], cast) == ["a quiet dialog is not behind the noisy one"]
