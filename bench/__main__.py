"""`python -m bench [names]`: measure the site, and say whether it keeps what we promise."""

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bench import authentication, expiry, ingest, notices, relay, subscriptions
from bench.figures import Figure, is_kept, print_table
from bench.site import Site, SiteError


@dataclass(frozen=True)
class Measurement:
    """Something that is measured on a site of its own, started with these settings."""

    title: str
    run: Callable[[Site], Awaitable[list[Figure]]]
    settings: Mapping[str, str] = field(default_factory=dict)


MEASUREMENTS = {
    "relay": Measurement("A message, idle site, real allowances", relay.measure_relay),
    "polling": Measurement(
        "A text, webhooks of Avito switched off", relay.measure_polling, relay.POLLING_SETTINGS
    ),
    "webhook": Measurement(
        "Taking in what Telegram sends", ingest.measure_webhook, ingest.SETTINGS
    ),
    "cold": Measurement("The first moment after a start", ingest.measure_cold, ingest.SETTINGS),
    "notices": Measurement(
        "Planning, and one bot with the real allowances", notices.measure_notices
    ),
    "ceiling": Measurement(
        "Fifty bots at once, raised allowances", notices.measure_ceiling, notices.CEILING_SETTINGS
    ),
    "expiry": Measurement(
        "Who is to be told that a config ends", expiry.measure_expiry, expiry.SETTINGS
    ),
    "auth": Measurement("Knowing who calls", authentication.measure_auth, authentication.SETTINGS),
    "subscriptions": Measurement(
        "What VPN apps read, with 10,000 configs",
        subscriptions.measure_subscriptions,
        subscriptions.SETTINGS,
    ),
}


def main(arguments: Sequence[str]) -> int:
    """Run the measurements that are named, or all.

    :returns: 0 when every promise was kept, else 1.
    """
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MEASUREMENTS))
    names = parser.parse_args(arguments).names or list(MEASUREMENTS)
    if unknown := set(names) - set(MEASUREMENTS):
        parser.error(f"no such measurement: {', '.join(sorted(unknown))}")
    verdicts = [measure(name) for name in names]
    return 0 if all(verdicts) else 1


def measure(name: str) -> bool:
    """Run one measurement and print its table; tell whether every promise was kept."""
    measurement = MEASUREMENTS[name]
    busy = f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}"
    say(f"\n{name}: starting a site ({busy}) …")
    try:
        with Site(name, measurement.settings) as site:
            figures = asyncio.run(run(measurement, site))
    except SiteError as error:
        say(f"{name}: {error}")
        return False
    print_table(f"{name}: {measurement.title}", figures, say=say)
    return is_kept(figures)


async def run(measurement: Measurement, site: Site) -> list[Figure]:
    return list(await measurement.run(site))


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
