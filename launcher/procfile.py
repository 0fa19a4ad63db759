"""The Procfile: which processes make up the site."""

import re
from collections.abc import Mapping
from pathlib import Path

from launcher.layout import ROOT, LaunchError
from launcher.processes import Service

LINE = re.compile(r"^([A-Za-z0-9_-]+):\s*(\S.*)$")


def read_procfile(path: Path = ROOT / "Procfile") -> dict[str, str]:
    """Get name → shell command, in the file's order.

    :raises LaunchError: the file is missing, or a line is not `name: command`.
    """
    if not path.exists():
        raise LaunchError(f"{path} is missing.")
    commands = {}
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        match = LINE.match(line)
        if match is None:
            raise LaunchError(f"{path.name}, line {number}: expected `name: command`.")
        commands[match[1]] = match[2]
    return commands


def describe_process(name: str, command: str, *, env: Mapping[str, str]) -> Service:
    """Describe a line of the Procfile for the supervisor.

    The shell gives way to the command (`exec`), so that signals reach it.
    """
    return Service(name=name, argv=["/bin/sh", "-c", f"exec {command}"], env=env)
