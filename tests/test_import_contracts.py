"""Each import contract of pyproject.toml is broken once on purpose, and each break is caught."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = (
    "config",
    "accounts",
    "integrations",
    "notifications",
    "vpnconfigs",
    "dialogs",
    "marketplace",
    "sandbox",
    "launcher",
)
# Contract, the file that breaks it, and the line that does; imports inside a function count too.
BREAKS = {
    "The house: apps depend downwards only": (
        "accounts/services/broken.py",
        "import dialogs.models",
    ),
    "Inside an app: entry points, services, selectors, models": (
        "dialogs/selectors/broken.py",
        "def later():\n    import dialogs.services.messages",
    ),
    "Business logic knows nothing of HTTP": (
        "integrations/services/broken.py",
        "import rest_framework.response",
    ),
    "The sandbox and the launcher stand apart": ("sandbox/broken.py", "import launcher.ports"),
    "The sandbox imports nothing of ours": ("sandbox/broken_too.py", "import config.lib.money"),
    "Nothing of ours imports the sandbox or the launcher": (
        "integrations/broken.py",
        "import sandbox.journal",
    ),
}


@pytest.fixture
def copy(tmp_path):
    for name in PACKAGES:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(folder: Path) -> str:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.stdout + done.stderr


def test_services_that_import_django_http_are_caught_by_the_linter(copy):
    broken = copy / "dialogs/services/broken.py"
    broken.write_text("from django.http import HttpRequest\n\nrequest: HttpRequest\n")
    ruff = str(Path(sys.executable).with_name("ruff"))
    done = subprocess.run(
        [ruff, "check", "--select", "TID251", "dialogs", "integrations/services"],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "dialogs/services/broken.py" in done.stdout
    assert done.stdout.count("TID251") == 1


def test_every_contract_is_named_here(copy):
    text = (ROOT / "pyproject.toml").read_text()
    named = [line.split('"')[1] for line in text.splitlines() if line.startswith('name = "')]
    assert set(named) - {"depesha"} == set(BREAKS)


def test_the_house_keeps_its_contracts_and_every_break_is_caught(copy):
    assert f"{len(BREAKS)} kept, 0 broken" in lint(copy)
    for path, line in BREAKS.values():
        (copy / path).write_text(line + "\n")
    report = lint(copy)
    assert f"0 kept, {len(BREAKS)} broken" in report
    for contract in BREAKS:
        assert f"{contract} BROKEN" in report
