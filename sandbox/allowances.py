"""Token buckets that let a caller spend 5 % more than the documented allowance."""

import time
from dataclasses import dataclass
from math import ceil

TOLERANCE = 1.05


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """``per_second`` calls on the long run, ``capacity`` at once, for whatever ``key`` names."""

    key: tuple[str | int, ...]
    per_second: float
    capacity: float


@dataclass
class _Bucket:
    tokens: float
    at: float


class Allowances:
    """Every bucket of one reset of the world."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str | int, ...], _Bucket] = {}

    def spend(self, *allowances: Allowance) -> int:
        """Take one from each bucket, or nothing at all.

        :returns: 0, or the whole seconds (at least 1) after which it would have worked.
        """
        buckets = [self._filled(allowance) for allowance in allowances]
        wait = max(
            (
                (1 - bucket.tokens) / (allowance.per_second * TOLERANCE)
                for bucket, allowance in zip(buckets, allowances, strict=True)
            ),
            default=0.0,
        )
        if wait > 0:
            return max(1, ceil(wait))
        for bucket in buckets:
            bucket.tokens -= 1
        return 0

    def left(self, allowance: Allowance) -> int:
        """Whole calls that ``allowance`` would admit now."""
        return int(self._filled(allowance).tokens)

    def _filled(self, allowance: Allowance) -> _Bucket:
        now = time.monotonic()
        full = allowance.capacity * TOLERANCE
        bucket = self._buckets.setdefault(allowance.key, _Bucket(full, now))
        gained = (now - bucket.at) * allowance.per_second * TOLERANCE
        bucket.tokens = min(full, bucket.tokens + gained)
        bucket.at = now
        return bucket
