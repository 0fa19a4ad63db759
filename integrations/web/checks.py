"""What a test button shows: what came of it, how long it took, and the other side's own words."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from config.lib.errors import AppError
from config.lib.http import OutsideError
from integrations.services.bots import refusal_of


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
        raw = str(error.__cause__) if isinstance(error.__cause__, OutsideError) else ""
        return CheckResult(False, str(error.detail), _since(started), raw)
    except OutsideError as error:
        return CheckResult(False, str(refusal_of(error).detail), _since(started), str(error))
    return CheckResult(True, text, _since(started))


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
