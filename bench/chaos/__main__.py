"""`python -m bench.chaos [names]`: break everything, and show that nothing is lost."""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from bench.chaos import ledger, storm
from bench.site import Site, SiteError

RUNS = ("storm", "redis", "allowances")


def main(arguments: Sequence[str]) -> int:
    """Run what is named, or all.

    :returns: 0 when every promise was kept, else 1.
    """
    options = _read(arguments)
    size = storm.Size(dialogs=options.dialogs, messages=options.messages, pace=options.pace)
    verdicts = [_run(name, size) for name in options.names or RUNS]
    return 0 if all(verdicts) else 1


def _read(arguments: Sequence[str]) -> argparse.Namespace:
    whole = storm.Size()
    parser = argparse.ArgumentParser(prog="python -m bench.chaos", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(RUNS))
    parser.add_argument("--dialogs", type=int, default=whole.dialogs)
    parser.add_argument("--messages", type=int, default=whole.messages, help="each way")
    parser.add_argument("--pace", type=float, default=whole.pace, help="seconds between two")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(RUNS):
        parser.error(f"no such run: {', '.join(sorted(unknown))}")
    return options


def _run(name: str, size: storm.Size) -> bool:
    say(f"\n{name}: starting a site …")
    try:
        with Site(f"chaos-{name}", storm.SETTINGS) as site:
            result = asyncio.run(storm.run_storm(site, size, say=say))
    except SiteError as error:
        say(f"{name}: {error}")
        return False
    return ledger.print_checks(name, result.checks, say=say)


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
