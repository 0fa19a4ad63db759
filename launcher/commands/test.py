"""`test [pytest's arguments]`: all tests, on servers of their own."""

import os
import shutil
from collections.abc import Sequence

from launcher import console
from launcher.bootstrap import ensure_environment
from launcher.hosting import host_servers
from launcher.layout import VENV_PYTHON, find_var_dir
from launcher.site_environment import build_environment

# A whole site that is killed again and again takes both cores of a small machine for minutes:
# `make chaos` does that, and a later -m overrules this.
WITHOUT_STORM = ("-m", "not whole_site")
BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


def run(arguments: Sequence[str]) -> int:
    """Run pytest in parallel; further arguments are pytest's.

    :returns: pytest's exit code.
    """
    ensure_environment()
    browser = find_browser()
    if browser is None:
        console.say("No Chromium found: the browser tests are skipped (set CHROMIUM to its path).")
    var_dir = find_var_dir() / "test"
    with host_servers(var_dir, is_relaxed=True) as hosted:
        env = {
            **build_environment(var_dir, servers=hosted.urls),
            "DJANGO_SETTINGS_MODULE": "config.settings.test",
            "CHROMIUM": browser or "",
        }
        # One more than there are cores: a test often waits, for the sandbox or for a browser.
        workers = str((os.cpu_count() or 1) + 1)
        command = [str(VENV_PYTHON), "-m", "pytest", "-n", workers, *WITHOUT_STORM, *arguments]
        return hosted.supervisor.run_in_foreground(command, env=env)


def find_browser() -> str | None:
    """Get the path of a Chromium: CHROMIUM, else whichever the system has."""
    candidates = (os.environ.get("CHROMIUM"), *BROWSERS)
    return next((found for name in candidates if name and (found := shutil.which(name))), None)
