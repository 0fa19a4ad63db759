"""`check`: every linter and consistency check, all of them even when one fails."""

import base64
import os
import secrets
import subprocess
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from launcher import console
from launcher.bootstrap import ensure_environment
from launcher.layout import ROOT, VENV, VENV_PYTHON, LaunchError, find_var_dir, make_folder

GREEN, RED = 32, 31
MANAGE = (str(VENV_PYTHON), "manage.py")
# The sandbox's page is no Django template.
TEMPLATES = [
    str(path.relative_to(ROOT)) for path in (ROOT / "templates", *ROOT.glob("*/templates"))
]
CHECKS: Mapping[str, Sequence[str]] = {
    "types": ("mypy", "."),
    "lint": ("ruff", "check", "."),
    "format": ("ruff", "format", "--check", "."),
    "import contracts": ("lint-imports",),
    "templates": ("djlint", "--lint", "--quiet", *TEMPLATES),
    "migrations": (*MANAGE, "makemigrations", "--check", "--dry-run"),
    "deployment": (*MANAGE, "check", "--deploy", "--fail-level", "WARNING"),
    "OpenAPI": (*MANAGE, "spectacular", "--validate", "--fail-on-warn", "--file", os.devnull),
}


@dataclass(frozen=True)
class Result:
    """How one check went."""

    name: str
    is_passed: bool
    output: str
    seconds: float


def run(arguments: Sequence[str]) -> int:
    """Run the checks, as many at once as there are processors; arguments choose some by name.

    :returns: 0 when all passed, else 1.
    :raises LaunchError: there is no check of a given name.
    """
    if unknown := set(arguments) - set(CHECKS):
        raise LaunchError(f"No such check: {', '.join(sorted(unknown))}.")
    ensure_environment()
    env = build_check_environment()
    results = []
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        running = [pool.submit(run_check, name, env=env) for name in arguments or CHECKS]
        for finished in as_completed(running):
            results.append(finished.result())
            report(results[-1])
    print_table(results)
    return 0 if all(result.is_passed for result in results) else 1


def build_check_environment() -> dict[str, str]:
    """Get production settings with secrets made up for the occasion.

    The servers named here do not exist: no check needs one.
    """
    inherited = {name: value for name, value in os.environ.items() if name != "SANDBOX_URL"}
    return {
        **inherited,
        "DJANGO_SETTINGS_MODULE": "config.settings.production",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "SECRETS_KEYS": f"k1:{base64.b64encode(secrets.token_bytes(32)).decode()}",
        "SITE_URL": "https://depesha.example.com",
        "ALLOWED_HOSTS": "depesha.example.com",
        "DATABASE_URL": "postgres://check@127.0.0.1:1/check",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "STATIC_ROOT": str(make_folder(find_var_dir() / "static")),
        "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }


def run_check(name: str, *, env: Mapping[str, str]) -> Result:
    """Run one check to its end."""
    began = time.monotonic()
    answer = subprocess.run(
        CHECKS[name],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Result(name, answer.returncode == 0, answer.stdout, time.monotonic() - began)


def report(result: Result) -> None:
    """Say that a check ended; what it found follows when it failed."""
    console.say(f"{result.name}: {'passed' if result.is_passed else 'failed'}")
    if not result.is_passed:
        console.say(result.output.rstrip())


def print_table(results: Sequence[Result]) -> None:
    """Print every check with its outcome and its time."""
    console.say()
    for result in results:
        verdict = (
            console.paint("passed", GREEN) if result.is_passed else console.paint("FAILED", RED)
        )
        console.say(f"  {result.name:18} {verdict} {result.seconds:6.1f} s")
