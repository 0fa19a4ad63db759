"""The virtual environment: made once, and again brought up to date when the requirements change."""

import fcntl
import hashlib
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from importlib import metadata

from launcher import console
from launcher.binaries import find_site_packages
from launcher.layout import ROOT, VENV, VENV_PYTHON, LaunchError
from launcher.processes import die_with_parent

REQUIREMENTS = ROOT / "requirements-dev.txt"
STAMP = VENV / "requirements.sha256"
HEARTBEAT_SECONDS = 5.0
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+?)(?: ;.*)? \\$", re.MULTILINE)
PIN_FOR_EVERYBODY = re.compile(r"^([A-Za-z0-9._-]+)==(\S+) \\$", re.MULTILINE)


def is_up_to_date() -> bool:
    """Tell, in milliseconds, whether the virtual environment holds what the lock asks for.

    :raises LaunchError: it is out of our reach.
    """
    try:
        return VENV_PYTHON.exists() and STAMP.read_text() == hash_requirements()
    except FileNotFoundError:
        return False
    except PermissionError as error:
        raise LaunchError(
            f"{VENV} was made by another user; remove it, or start as that user."
        ) from error


def ensure_environment() -> None:
    """Make the virtual environment and install the locked requirements, where that is to do.

    pip's own settings (indexes, certificates, proxies) are inherited. Two starts at once wait
    for each other.

    :raises LaunchError: Python lacks its venv module, or pip failed; the reason is shown.
    """
    if is_up_to_date():
        return
    VENV.mkdir(exist_ok=True)
    with (VENV / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_up_to_date():
            return
        if not holds_every_pin():
            if not VENV_PYTHON.exists():
                make_environment()
            install_requirements()
        STAMP.write_text(hash_requirements())


def hash_requirements() -> str:
    """Get the fingerprint of the lock file."""
    return hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()


def holds_every_pin() -> bool:
    """Tell whether each package of the lock is installed in its version, by whatever means.

    Those for some systems only (with a marker) are taken on trust.
    """
    if not VENV_PYTHON.exists():
        return False
    places = [str(find_site_packages())]
    installed = {
        normalize(found.name): found.version for found in metadata.distributions(path=places)
    }
    pins = PIN_FOR_EVERYBODY.findall(REQUIREMENTS.read_text())
    return all(installed.get(normalize(name)) == version for name, version in pins)


def normalize(name: str) -> str:
    """Get a package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def make_environment() -> None:
    """Make `.venv` with the Python that runs us.

    :raises LaunchError: Debian's Python without its python3-venv package, for one.
    """
    console.say(f"  making {VENV.name} with Python {sys.version.split()[0]}")
    answer = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(VENV)],
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        shutil.rmtree(VENV)
        version = "{}.{}".format(*sys.version_info)
        raise LaunchError(
            f"This Python cannot make virtual environments; on Debian and Ubuntu: "
            f"apt-get install python{version}-venv"
        )


def install_requirements() -> None:
    """Install the lock with its hashes, with a line now and then to show that it goes on.

    :raises LaunchError: pip failed; its last lines have been printed.
    """
    total = len(PIN.findall(REQUIREMENTS.read_text()))
    console.say(f"  installing {total} packages from {REQUIREMENTS.name}")
    process = subprocess.Popen(
        [
            *(str(VENV_PYTHON), "-m", "pip", "install", "--disable-pip-version-check"),
            # The lock names every dependency, and modules are compiled when first imported.
            *("--require-hashes", "--no-deps", "--no-compile", "--progress-bar=off"),
            *("-r", str(REQUIREMENTS)),
        ],
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - one thread
    )
    lines = follow_pip(process, total=total)
    if process.wait():
        console.say("\n".join(f"    {line}" for line in lines[-15:]))
        raise LaunchError("pip could not install the requirements; its last lines are above.")


def follow_pip(process: subprocess.Popen[str], *, total: int) -> list[str]:
    """Read pip's output to its end, reporting how far it is every few seconds.

    :returns: its lines.
    """
    lines: list[str] = []
    fetched, reported_at = 0, time.monotonic()
    assert process.stdout is not None  # noqa: S101 - we asked for a pipe
    for line in process.stdout:
        lines.append(line.rstrip())
        fetched += line.startswith(("Collecting ", "Requirement already satisfied"))
        if line.startswith("Installing collected packages"):
            console.say("  all fetched, writing them")
            reported_at = math.inf
        elif time.monotonic() - reported_at > HEARTBEAT_SECONDS:
            console.say(f"  {fetched} of {total} fetched")
            reported_at = time.monotonic()
    return lines
