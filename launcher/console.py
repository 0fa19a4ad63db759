"""What a person at the terminal sees: steps with their time, and the processes' lines by name."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

COLOURS = (36, 33, 35, 32, 34, 96, 93, 95)
NAME_WIDTH = 9


def is_coloured() -> bool:
    """Tell whether stdout is a terminal whose owner has not asked for plain text (NO_COLOR)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def paint(text: str, colour: int) -> str:
    """Wrap a text in an ANSI colour where colours are wanted."""
    return f"\033[{colour}m{text}\033[0m" if is_coloured() else text


def say(text: str = "") -> None:
    """Print a line at once; a reader that went away (`| head`) never stops the site."""
    with suppress(BrokenPipeError):
        print(text, flush=True)


def say_from(name: str, text: str, *, colour: int) -> None:
    """Print a process's line behind its name."""
    say(f"{paint(f'{name:{NAME_WIDTH}}|', colour)} {text}")


class Steps:
    """Numbered progress: "[2/6] Servers …" and how long the step took."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Announce a step, and say how long it took when it went well."""
        self.done += 1
        label = paint(f"[{self.done}/{self.total}]", 1)
        say(f"{label} {title} …")
        began = time.monotonic()
        yield
        say(f"{label} {title}: done in {time.monotonic() - began:.1f} s")
