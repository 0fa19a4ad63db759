"""`servers [--relaxed] -- CMD…`: run a command beside the embedded servers."""

from collections.abc import Sequence

from launcher.bootstrap import ensure_environment
from launcher.hosting import host_servers
from launcher.layout import LaunchError, find_var_dir
from launcher.site_environment import build_environment

USAGE = "Usage: python3 -m launcher servers [--relaxed] -- COMMAND [ARGUMENTS]"


def run(arguments: Sequence[str]) -> int:
    """Run a command with DATABASE_URL and REDIS_URL of this VAR_DIR's servers.

    Servers that a running site or another such command has started are used as they are.
    `--relaxed` starts them without fsync, for data that may be lost at a power cut.

    :returns: the command's exit code.
    """
    options, command = split_command(arguments)
    ensure_environment()
    var_dir = find_var_dir()
    with host_servers(var_dir, is_relaxed="--relaxed" in options, may_share=True) as hosted:
        environment = build_environment(var_dir, servers=hosted.urls)
        return hosted.supervisor.run_in_foreground(command, env=environment)


def split_command(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split our own options from the command behind `--`.

    :raises LaunchError: there is no command, or an option that we do not know.
    """
    if "--" not in arguments:
        raise LaunchError(USAGE)
    at = list(arguments).index("--")
    options, command = list(arguments[:at]), list(arguments[at + 1 :])
    if not command or set(options) - {"--relaxed"}:
        raise LaunchError(USAGE)
    return options, command
