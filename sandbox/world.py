"""Everything that the sandbox remembers over a restart."""

from dataclasses import dataclass, field
from typing import Any

from .avito.state import AvitoState
from .telegram.state import TelegramState
from .xui.state import XuiState
from .yandex.state import YandexState


@dataclass(kw_only=True)
class World:
    """One world; ``revision`` rises with every change, a reset included."""

    revision: int = 1
    last_seq: int = 0
    telegram: TelegramState = field(default_factory=TelegramState)
    avito: AvitoState = field(default_factory=AvitoState)
    xui: XuiState = field(default_factory=XuiState)
    yandex: YandexState = field(default_factory=YandexState)
    mail: list[dict[str, Any]] = field(default_factory=list)
