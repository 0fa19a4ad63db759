"""`python -m bench.chaos [names]`: break everything, and show that nothing is lost."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from bench.chaos import allowances, fuzz, ledger, notices, outage, redis_away, storm
from bench.chaos.ledger import Check
from bench.chaos.redis_away import OwnValkey
from bench.site import Site, SiteError

Run = Callable[[storm.Size], Sequence[Check]]


def main(arguments: Sequence[str]) -> int:
    """Run what is named, or all.

    :returns: 0 when every promise was kept, else 1.
    """
    options = _read(arguments)
    size = storm.Size(dialogs=options.dialogs, messages=options.messages, pace=options.pace)
    runs: dict[str, Run] = {**RUNS, "outage": partial(_outage, options.outage, options.factor)}
    verdicts = [_run(name, partial(runs[name], size)) for name in options.names or RUNS]
    return 0 if all(verdicts) else 1


def _read(arguments: Sequence[str]) -> argparse.Namespace:
    whole = storm.Size()
    parser = argparse.ArgumentParser(prog="python -m bench.chaos", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(RUNS))
    parser.add_argument("--dialogs", type=int, default=whole.dialogs)
    parser.add_argument("--messages", type=int, default=whole.messages, help="each way")
    parser.add_argument("--pace", type=float, default=whole.pace, help="seconds between two")
    parser.add_argument(
        "--outage", type=float, default=outage.OUTAGE_SECONDS, help="seconds of the outage"
    )
    parser.add_argument(
        "--factor", type=int, default=outage.FACTOR, help="of the outage's allowances; 1: the real"
    )
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(RUNS):
        parser.error(f"no such run: {', '.join(sorted(unknown))}")
    return options


def _run(name: str, run: Callable[[], Sequence[Check]]) -> bool:
    say(f"\n{name}: starting a site …")
    try:
        return ledger.print_checks(name, run(), say=say)
    except SiteError as error:
        say(f"{name}: {error}")
        return False


def _storm(size: storm.Size) -> Sequence[Check]:
    with Site("chaos-storm", storm.SETTINGS) as site:
        return asyncio.run(storm.run_storm(site, size, say=say)).checks


def _outage(seconds: float, factor: int, _: storm.Size) -> Sequence[Check]:
    with Site("chaos-outage", outage.settings(factor)) as site:
        return asyncio.run(outage.run_outage(site, outage.SIZE, seconds, say=say))


def _redis(_: storm.Size) -> Sequence[Check]:
    with OwnValkey() as valkey:
        valkey.start()
        settings = {**redis_away.SETTINGS, "REDIS_URL": valkey.url}
        with Site("chaos-redis", settings) as site:
            return asyncio.run(redis_away.run_without_redis(site, valkey))


def _allowances(_: storm.Size) -> Sequence[Check]:
    with Site("chaos-allowances") as site:
        return asyncio.run(allowances.run_burst(site))


def _notices(_: storm.Size) -> Sequence[Check]:
    with Site("chaos-notices", notices.SETTINGS) as site:
        return asyncio.run(notices.run_notices(site, say=say))


def _fuzz(_: storm.Size) -> Sequence[Check]:
    with Site("chaos-fuzz", fuzz.SETTINGS) as site:
        return asyncio.run(fuzz.run_fuzz(site))


RUNS: Mapping[str, Run] = {
    "storm": _storm,
    "outage": partial(_outage, outage.OUTAGE_SECONDS, outage.FACTOR),
    "redis": _redis,
    "allowances": _allowances,
    "notices": _notices,
    "fuzz": _fuzz,
}


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
