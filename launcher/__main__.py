"""The way in, in the syntax of Python 3.6: an old Python gets a sentence, not a traceback."""

import sys

OLDEST = (3, 11)


def main() -> int:
    """Run the command line.

    :returns: the exit code; 1 with one line on stderr when this Python is too old.
    """
    if sys.version_info < OLDEST:
        sys.stderr.write(
            "Depesha needs Python %d.%d or newer; this is %d.%d (%s).\n"
            % (OLDEST + sys.version_info[:2] + (sys.executable,))
        )
        return 1
    # What follows does not parse on an old Python.
    from launcher.cli import run_command_line

    return run_command_line(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
