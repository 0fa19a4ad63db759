"""The sandbox as a whole: the world, its faults and allowances, and what carries its events."""

from typing import Any

import aiohttp
from aiohttp import web

from .allowances import Allowances
from .avito.deliveries import AvitoDeliveries
from .faults import Faults
from .files import FileStore
from .journal import Journal
from .settings import Settings
from .snapshot import SnapshotFile, revive
from .telegram.deliveries import TelegramDeliveries
from .world import World
from .yandex.deliveries import YandexDeliveries


class Sandbox:
    """One world and everything that acts on it; lives inside a running event loop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.snapshot = SnapshotFile(settings.var_dir / "sandbox.json", content=self._content)
        self.files = FileStore(settings.var_dir / "sandbox-files")
        saved = self.snapshot.read()
        self.world: World = revive(World, saved) if isinstance(saved, dict) else World()
        self.journal = Journal(last_seq=self.world.last_seq)
        self.faults = Faults()
        self.allowances = Allowances()
        self.client = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        self.telegram_deliveries = TelegramDeliveries(self)
        self.avito_deliveries = AvitoDeliveries(self)
        self.yandex_deliveries = YandexDeliveries(self)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.settings.port}"

    def start(self) -> None:
        """Go on with the deliveries that the snapshot remembers."""
        for bot in self.world.telegram.bots.values():
            self.telegram_deliveries.start(bot)
        for yandex_bot in self.world.yandex.bots.values():
            self.yandex_deliveries.start(yandex_bot)

    def changed(self) -> None:
        """The world is another one than before: pages look again, the snapshot follows."""
        self.world.revision += 1
        self.snapshot.schedule()

    def reset(self) -> None:
        """An empty world. Sequence numbers go on, so that nobody takes new for old."""
        self.telegram_deliveries.stop_all()
        self.avito_deliveries.stop_all()
        self.yandex_deliveries.stop_all()
        self.world = World(revision=self.world.revision, last_seq=self.journal.last_seq)
        self.journal.clear()
        self.faults.clear()
        self.allowances = Allowances()
        self.files.clear()
        self.changed()

    async def close(self) -> None:
        """Stop what is under way and write the snapshot a last time."""
        self.telegram_deliveries.stop_all()
        self.avito_deliveries.stop_all()
        self.yandex_deliveries.stop_all()
        self.snapshot.write()
        await self.client.close()

    def _content(self) -> Any:
        self.world.last_seq = self.journal.last_seq
        return self.world


SANDBOX: web.AppKey[Sandbox] = web.AppKey("sandbox", Sandbox)
