"""`lock [uv's arguments]`: compile the requirements again, with hashes, for every system."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from launcher import console
from launcher.layout import ROOT, LaunchError

OUTPUTS = {
    "requirements.txt": [],
    # The versions of production hold in development too.
    "requirements-dev.txt": ["--extra", "dev", "--constraint", "requirements.txt"],
}


def run(arguments: Sequence[str]) -> int:
    """Compile both lock files.

    Versions stay as they are, unless `--upgrade` or `-P <package>` is among the arguments. uv comes
    as a package, in a virtual environment that is thrown away.

    :raises LaunchError: uv cannot be installed, or finds no set of versions.
    """
    with tempfile.TemporaryDirectory(prefix="depesha-lock-") as folder:
        python = Path(folder) / "bin" / "python"
        call([sys.executable, "-m", "venv", folder])
        call([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv"])
        for output, options in OUTPUTS.items():
            console.say(f"compiling {output}")
            call([str(python), "-m", "uv", *compile_command(output, options), *arguments])
    return 0


def compile_command(output: str, options: Sequence[str]) -> list[str]:
    """Get uv's arguments for one lock file."""
    return [
        *("pip", "compile", "pyproject.toml", "--quiet", "--universal", "--generate-hashes"),
        *("--no-header", "--python-version", "3.11", "--output-file", output, *options),
    ]


def call(argv: Sequence[str]) -> None:
    """Run a step in the project's folder, with pip's settings handed to uv as well.

    :raises LaunchError: it failed.
    """
    env = {**translate_pip_settings(), **os.environ}
    if subprocess.run(argv, cwd=ROOT, env=env, check=False).returncode:
        raise LaunchError(f"{' '.join(argv[:4])} … failed.")


def translate_pip_settings() -> dict[str, str]:
    """Get uv's names for what a person has set for pip."""
    names = {
        "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
        "PIP_EXTRA_INDEX_URL": "UV_INDEX",
        "PIP_FIND_LINKS": "UV_FIND_LINKS",
        "PIP_CERT": "SSL_CERT_FILE",
    }
    return {uv: os.environ[pip] for pip, uv in names.items() if os.environ.get(pip)}
