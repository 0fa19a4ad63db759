"""A supervisor in a process of its own, over a Procfile of dummies: what people would run."""

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from launcher.layout import ROOT

SUPERVISE = """
import os, signal, sys
from pathlib import Path
from launcher import processes
from launcher.processes import Service
from launcher.procfile import describe_process, read_procfile
from launcher.supervisor import StopRequestedError, Supervisor

# Whoever runs the tests may be under nohup himself.
handling = signal.SIG_IGN if "nohup" in sys.argv[2:] else signal.SIG_DFL
signal.signal(signal.SIGHUP, handling)
folder = Path(sys.argv[1])
processes.HAS_DEATH_SIGNAL = "kernel" in sys.argv[2:]
try:
    with Supervisor(
        run_dir=folder / "run",
        is_tied="tied" in sys.argv[2:],
        grace_seconds=2 if "hasty" in sys.argv[2:] else 10,
    ) as supervisor:
        for name, command in read_procfile(folder / "Procfile").items():
            supervisor.start(describe_process(name, command, env=os.environ))
        print("started", flush=True)
        supervisor.pump(lambda: False)
except StopRequestedError:
    print("stopped", flush=True)
"""


def wait_for(condition, *, seconds=10.0):
    """Wait until `condition()` is true; its last value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return value


def is_running(pid):
    """Whether a process runs; one that ended and waits to be collected does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


class Site:
    """A supervised folder: what it says, its processes, and the signals we send it."""

    def __init__(self, folder, *options):
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISE, str(folder), *options],
            cwd=ROOT,
            stdout=(folder / "out").open("w"),
            stderr=subprocess.STDOUT,
        )
        assert wait_for(lambda: "started" in self.output), self.output

    @property
    def output(self):
        return (self.folder / "out").read_text()

    def pid(self, name):
        """The PID that the supervisor noted for a service."""
        return self.noted_pid(f"run/{name}.pid")

    def noted_pid(self, name):
        """The PID in a file, such as a dummy writes about itself or a child of its own."""
        file = self.folder / name
        text = wait_for(lambda: file.exists() and file.read_text().strip())
        return int(text)

    def send(self, sig):
        self.process.send_signal(sig)

    def wait(self):
        return self.process.wait(25)


@pytest.fixture
def site(tmp_path):
    """Start a supervisor over Procfile lines, where {folder} is the test's; ends it afterwards."""
    sites = []

    def start(procfile, *options):
        text = textwrap.dedent(procfile).replace("{folder}", str(tmp_path))
        (tmp_path / "Procfile").write_text(text)
        sites.append(Site(tmp_path, *options))
        return sites[-1]

    yield start
    for started in sites:
        if started.process.poll() is None:
            started.send(signal.SIGTERM)
            started.wait()


@pytest.fixture
def bare_environment(monkeypatch):
    """No setting of the person who runs the tests."""
    settings = re.findall(r"^#([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    for name in (*settings, "REDIS_HOST", "DJANGO_SETTINGS_MODULE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)
    return os.environ
