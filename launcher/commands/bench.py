"""`bench [arguments]`: the measurements, which start a site of their own."""

import os
from collections.abc import Sequence

from launcher.bootstrap import ensure_environment
from launcher.layout import ROOT, VENV_PYTHON


def run(arguments: Sequence[str]) -> int:
    """Give way to `python -m bench`; never returns."""
    return give_way_to("bench", arguments)


def give_way_to(module: str, arguments: Sequence[str]) -> int:
    """Replace this process by a module run with the project's Python; never returns."""
    ensure_environment()
    os.chdir(ROOT)
    os.execv(VENV_PYTHON, [str(VENV_PYTHON), "-m", module, *arguments])  # noqa: S606 - no shell is wanted
