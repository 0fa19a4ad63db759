"""`chaos [arguments]`: the proof that nothing is lost, which starts a site of its own."""

from collections.abc import Sequence

from launcher.commands.bench import give_way_to


def run(arguments: Sequence[str]) -> int:
    """Give way to `python -m bench.chaos`; never returns."""
    return give_way_to("bench.chaos", arguments)
