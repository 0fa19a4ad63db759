"""The command line: finds the command, and turns what a person can mend into one line."""

import importlib
import sys
from collections.abc import Sequence

from launcher.layout import LaunchError
from launcher.site_environment import load_dotenv
from launcher.supervisor import StopRequestedError

COMMANDS = {
    "run": "start the whole site on this machine",
    "test": "run the tests (pytest's arguments may follow)",
    "check": "run every linter and consistency check",
    "bench": "measure speed",
    "chaos": "show that nothing is lost while things are being broken",
    "servers": "run a command beside the embedded servers: servers -- COMMAND …",
    "lock": "compile the requirements again",
    "clean": "remove what can be made again",
}
STOPPED_BY_SIGNAL = 130


def run_command_line(arguments: Sequence[str]) -> int:
    """Run a command.

    :returns: the exit code; 1 after one line on stderr for what a person can mend, 2 for a
        command that does not exist.
    """
    name, *rest = arguments or ["help"]
    if name not in COMMANDS:
        print_help()
        return 0 if name in {"help", "-h", "--help"} else 2
    try:
        load_dotenv()
        code: int = importlib.import_module(f"launcher.commands.{name}").run(rest)
        return code
    except LaunchError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except (KeyboardInterrupt, StopRequestedError):
        return STOPPED_BY_SIGNAL


def print_help() -> None:
    """List the commands."""
    sys.stdout.write("Usage: python3 -m launcher COMMAND\n\n")
    for name, purpose in COMMANDS.items():
        sys.stdout.write(f"  {name:8} {purpose}\n")
