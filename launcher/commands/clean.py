"""`clean [--all]`: back towards a fresh clone."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from launcher import console
from launcher.layout import ROOT, VENV, FolderLock, LaunchError, find_var_dir

CACHES = (".mypy_cache", ".ruff_cache", ".pytest_cache", ".import_linter_cache", ".hypothesis")


def run(arguments: Sequence[str]) -> int:
    """Remove what can be made again; with `--all` the local data and secrets as well.

    :raises LaunchError: something runs in VAR_DIR, or an option that we do not know.
    """
    if set(arguments) - {"--all"}:
        raise LaunchError("Usage: python3 -m launcher clean [--all]")
    var_dir = find_var_dir()
    for folder in (var_dir, var_dir / "test"):
        require_idle(folder)
    data = [var_dir / "test"] if "--all" not in arguments else [var_dir]
    made = [VENV, ROOT / "staticfiles", *(ROOT / name for name in CACHES)]
    made += [found for found in ROOT.glob("[!.]*/**/__pycache__") if var_dir not in found.parents]
    for folder in (*data, *made):
        remove(folder)
    return 0


def require_idle(folder: Path) -> None:
    """Make sure that no command uses a folder.

    :raises LaunchError: one does.
    """
    if (folder / "run").is_dir():
        lock = FolderLock(folder / "run")
        if not lock.take():
            raise LaunchError(f"A command is running in {folder}; stop it first.")
        lock.release()


def remove(folder: Path) -> None:
    """Remove a tree, and data of the servers that it only links to."""
    servers = folder / "servers"
    if servers.is_symlink():
        shutil.rmtree(servers.resolve(), ignore_errors=True)
    if folder.is_dir():
        shutil.rmtree(folder)
        if folder.name != "__pycache__":
            console.say(f"removed {folder}")
