"""The gauges of accounts."""

import time
from collections.abc import Iterable

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from accounts.selectors.ledger import count_differences

# The look reads every transfer.
LEDGER_SECONDS = 600.0
_last: tuple[float, int] = (-LEDGER_SECONDS, 0)


def ledger_differences() -> Iterable[Metric]:
    """Return how many wallets do not equal their transfers: must be 0; read every ten minutes."""
    global _last  # noqa: PLW0603  one figure for the process
    if time.monotonic() - _last[0] >= LEDGER_SECONDS:
        _last = (time.monotonic(), count_differences())
    return [
        GaugeMetricFamily(
            "depesha_ledger_differences", "Wallets unlike their transfers.", value=_last[1]
        )
    ]
