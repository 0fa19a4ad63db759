import pytest

from bench.figures import Figure, at_least, at_most, is_kept, percentile, print_table, spread


def test_a_percentile_is_a_value_that_occurred():
    values = [float(number) for number in range(1, 101)]
    assert percentile(values, 0.5) == 50
    assert percentile(values, 0.99) == 99
    assert percentile(values, 1.0) == 100
    assert percentile([7.0], 0.99) == 7
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_a_promise_is_kept_or_missed_at_its_limit():
    assert at_most("latency", 0.99, 1.0, unit="s").is_met
    assert not at_most("latency", 1.0, 1.0, unit="s").is_met
    assert at_least("rate", 1700, 1700, unit="requests/s").is_met
    assert not at_least("rate", 1699, 1700, unit="requests/s").is_met


def test_one_missed_promise_is_enough_and_figures_without_one_do_not_count():
    told = Figure(name="share", value="0.4")
    kept, missed = (at_most("x", value, 1.0, unit="s") for value in (0.5, 2.0))
    assert is_kept([told, kept])
    assert not is_kept([kept, missed, told])


def test_the_table_says_value_target_and_verdict():
    lines = []
    figures = [spread("way", [0.1, 0.2]), at_most("p95", 2.0, 1.0, unit="s")]
    print_table("relay", figures, say=lines.append)
    assert lines[0] == "\nrelay"
    assert lines[1].split("  ")[1] == "way (2 samples)"
    assert "p50 100, p95 200, max 200 ms" in lines[1]
    assert lines[2].endswith("MISSED")
