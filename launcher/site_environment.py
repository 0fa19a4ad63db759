"""The environment of the site's processes: what a person set, and what we can know without."""

import base64
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from launcher.layout import ROOT, VENV, make_folder, write_private

SECRETS_FILE = "secrets.env"
SMTP_OFFSET = 2
# Opens nothing but the sandbox.
SANDBOX_YANDEX_TOKEN = "y0_demo-bot-of-the-sandbox"  # noqa: S105
# On one's own machine, in a container for one, root is nothing to be warned about four times.
CELERY_AS_ROOT = "You're running the worker with superuser privileges"


def load_dotenv(path: Path = ROOT / ".env") -> None:
    """Take settings from `.env`, where there is one; the environment itself goes first."""
    if path.exists():
        for name, value in parse_settings(path.read_text()).items():
            os.environ.setdefault(name, value)


def parse_settings(text: str) -> dict[str, str]:
    """Read lines `NAME=value`; quotes around a value go, empty lines and `#` lines are passed."""
    settings = {}
    for line in text.splitlines():
        name, separator, value = line.strip().removeprefix("export ").partition("=")
        if separator and not name.startswith("#"):
            value = value.strip()
            is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
            settings[name.strip()] = value[1:-1] if is_quoted else value
    return settings


def load_local_secrets(var_dir: Path) -> dict[str, str]:
    """Get the secrets of this copy, made up at its first start and kept in VAR_DIR.

    SECRETS_KEYS is `<name>:<32 bytes in base64>`, the key ring that seals secrets in the database.
    """
    path = var_dir / SECRETS_FILE
    if not path.exists():
        made_up = {
            "SECRET_KEY": secrets.token_urlsafe(50),
            "SECRETS_KEYS": f"k1:{base64.b64encode(secrets.token_bytes(32)).decode()}",
        }
        write_private(path, "".join(f"{name}={value}\n" for name, value in made_up.items()))
    return parse_settings(path.read_text())


def build_environment(var_dir: Path, *, servers: Mapping[str, str]) -> dict[str, str]:
    """Get the environment for any of the project's commands.

    :param servers: the settings that lead to the embedded servers.
    """
    return {
        **os.environ,
        **fill_gaps(load_local_secrets(var_dir)),
        **servers,
        "VAR_DIR": str(var_dir),
        "VIRTUAL_ENV": str(VENV),
        "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",
    }


def build_site_environment(
    var_dir: Path, *, servers: Mapping[str, str], port: int, sandbox_port: int
) -> dict[str, str]:
    """Get the environment of a site on this machine, with the sandbox as its outside world.

    What a person has set stays: `AVITO_API_BASE=… make run` talks to that address.
    """
    site, sandbox = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{sandbox_port}"
    return {
        **build_environment(var_dir, servers=servers),
        **fill_gaps(
            {
                "DJANGO_SETTINGS_MODULE": "config.settings.local",
                "PORT": str(port),
                "SITE_URL": site,
                "SANDBOX_PORT": str(sandbox_port),
                "SANDBOX_URL": sandbox,
                "SANDBOX_SITE_URL": site,
                "TELEGRAM_API_BASE": f"{sandbox}/telegram",
                "AVITO_API_BASE": f"{sandbox}/avito",
                "YANDEX_API_BASE": f"{sandbox}/yandex",
                "YANDEX_BOT_TOKEN": SANDBOX_YANDEX_TOKEN,
                "EMAIL_HOST": "127.0.0.1",
                "EMAIL_PORT": str(sandbox_port + SMTP_OFFSET),
                "PYTHONWARNINGS": f"ignore:{CELERY_AS_ROOT}",
                "MEDIA_ROOT": str(make_folder(var_dir / "media")),
                "STATIC_ROOT": str(make_folder(var_dir / "static")),
            }
        ),
    }


def fill_gaps(settings: Mapping[str, str]) -> dict[str, str]:
    """Get those settings that nobody has set, neither as `NAME` nor as `NAME_FILE`."""
    return {
        name: value
        for name, value in settings.items()
        if not os.environ.get(name) and not os.environ.get(f"{name}_FILE")
    }
