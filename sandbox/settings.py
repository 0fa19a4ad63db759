"""What the sandbox reads from its environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PRODUCTION = "config.settings.production"


class SettingsError(Exception):
    """The environment does not allow a start; the text is one line for a person."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Ports, places and allowances (calls per second, or per minute where the name says so)."""

    port: int = 8100
    var_dir: Path = Path("var")
    site_url: str = "http://127.0.0.1:8000"
    telegram_bot_per_second: float = 30
    telegram_chat_per_second: float = 1
    telegram_group_per_minute: float = 20
    avito_per_second: float = 5

    @property
    def smtp_port(self) -> int:
        return self.port + 2


def read_settings(env: Mapping[str, str]) -> Settings:
    """The settings that ``env`` asks for.

    :raises SettingsError: production settings are named, or a value is no positive number.
    """
    if env.get("DJANGO_SETTINGS_MODULE") == PRODUCTION:
        raise SettingsError(f"the sandbox does not start with {PRODUCTION}")
    port = _number(env, "SANDBOX_PORT", 8100)
    if not (port.is_integer() and port <= 65_533):
        raise SettingsError("SANDBOX_PORT must be a port number of at most 65533")
    return Settings(
        port=int(port),
        var_dir=Path(env.get("VAR_DIR") or "var"),
        site_url=(env.get("SANDBOX_SITE_URL") or "http://127.0.0.1:8000").rstrip("/"),
        telegram_bot_per_second=_number(env, "TELEGRAM_BOT_PER_SECOND", 30),
        telegram_chat_per_second=_number(env, "TELEGRAM_CHAT_PER_SECOND", 1),
        telegram_group_per_minute=_number(env, "TELEGRAM_GROUP_PER_MINUTE", 20),
        avito_per_second=_number(env, "AVITO_PER_SECOND", 5),
    )


def _number(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name) or str(default)
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise SettingsError(f"{name} must be a positive number, not {text!r}")
    return value
