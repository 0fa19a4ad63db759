"""What a measurement found, held against what was promised."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the table.

    :param target: what was promised, in words; empty for a figure that only informs.
    :param is_met: whether it was kept; None without a target.
    """

    name: str
    value: str
    target: str = ""
    is_met: bool | None = None


def at_most(name: str, value: float, limit: float, *, unit: str) -> Figure:
    """Hold a value against an upper limit that it must stay below."""
    return Figure(
        name=name,
        value=f"{value:,.3g} {unit}" if value < 1000 else f"{value:,.0f} {unit}",
        target=f"< {limit:g} {unit}",
        is_met=value < limit,
    )


def at_least(name: str, value: float, limit: float, *, unit: str) -> Figure:
    """Hold a value against a lower limit."""
    return Figure(
        name=name,
        value=f"{value:,.0f} {unit}",
        target=f">= {limit:,g} {unit}",
        is_met=value >= limit,
    )


def percentile(values: Iterable[float], share: float) -> float:
    """Get the smallest value that at least `share` (0 to 1) of all values do not exceed.

    :raises ValueError: there are none.
    """
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values")
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


def spread(name: str, seconds: Sequence[float]) -> Figure:
    """Show median, 95th percentile and maximum of latencies."""
    p50, p95 = percentile(seconds, 0.5), percentile(seconds, 0.95)
    shown = f"p50 {p50 * 1000:.0f}, p95 {p95 * 1000:.0f}, max {max(seconds) * 1000:.0f} ms"
    return Figure(name=f"{name} ({len(seconds)} samples)", value=shown)


def is_kept(figures: Iterable[Figure]) -> bool:
    """Tell whether every promise among the figures was kept."""
    return all(figure.is_met is not False for figure in figures)


def print_table(title: str, figures: Sequence[Figure], *, say: Callable[[str], None]) -> None:
    """Print the figures of a measurement with their verdicts."""
    say(f"\n{title}")
    names = max((len(figure.name) for figure in figures), default=0)
    values = max((len(figure.value) for figure in figures), default=0)
    for figure in figures:
        verdict = {True: "kept", False: "MISSED", None: ""}[figure.is_met]
        line = f"  {figure.name:{names}}  {figure.value:{values}}  {figure.target:16} {verdict}"
        say(line.rstrip())
