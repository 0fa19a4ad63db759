"""What a test button shows: what came of it, how long it took, and the other side's own words."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from config.lib.errors import AppError


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The outcome of a test. ``raw`` is what the other side said, word for word."""

    is_good: bool
    text: str
    latency_ms: int
    raw: str = ""


def run_check(check: Callable[[], str]) -> CheckResult:
    """Run a test that returns what it found, and time it; a refusal is a result as well."""
    started = time.monotonic()
    try:
        text = check()
    except AppError as error:
        raw = f"{error.status} {error.error_code}"
        return CheckResult(False, str(error.detail), _since(started), raw)
    return CheckResult(True, text, _since(started))


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
