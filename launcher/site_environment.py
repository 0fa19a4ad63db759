"""The environment of the site's processes: what a person set, and what we can know without."""

import base64
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from launcher.layout import ROOT, VENV, write_private

SECRETS_FILE = "secrets.env"


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
    """Get the environment for any of the project's processes.

    :param servers: the settings that lead to the embedded servers.
    """
    own = {
        "PYTHONUNBUFFERED": "1",
        **load_local_secrets(var_dir),
    }
    return {
        **own,
        **{name: value for name, value in os.environ.items() if value or name not in own},
        **servers,
        "VAR_DIR": str(var_dir),
        "VIRTUAL_ENV": str(VENV),
        "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }
