"""The embedded Valkey, which speaks Redis."""

from pathlib import Path

from launcher import probes
from launcher.binaries import find_programs
from launcher.layout import write_private
from launcher.processes import Service
from launcher.server import SERVER_ENV, Server


class ValkeyServer(Server):
    """Valkey on loopback TCP, for those who know the password; every second goes to disk."""

    name = "valkey"
    setting = "REDIS_URL"
    outside_settings = ("REDIS_URL", "REDIS_URL_FILE", "REDIS_HOST")

    @property
    def url(self) -> str:
        """The address of its first database."""
        return f"redis://:{self.access.at_loopback}/0"

    def answers(self) -> bool:
        """Tell whether it serves now, and knows our password."""
        return probes.valkey_answers(self.access.port, password=self.access.password)

    def prepare(self) -> None:
        """Write its settings; in a file, since others can read a command line.

        :raises LaunchError: the data folder belongs to somebody else.
        """
        if self.folder.is_dir():
            self.home.require_own(self.folder)
        else:
            self.home.make_data_folder(self.folder)
        lines = [
            "bind 127.0.0.1",
            f"port {self.access.port}",
            f"requirepass {self.access.password}",
            f'dir "{self.folder}"',
            f"appendonly {'no' if self.is_relaxed else 'yes'}",
            "appendfsync everysec",
            'save ""',
            "maxmemory-policy noeviction",
            # The folder must stay on the command line, see `end_leftover`.
            "set-proc-title no",
        ]
        write_private(self._settings_file, "\n".join(lines) + "\n")
        self.home.give_away(self._settings_file)

    def describe(self) -> Service:
        """Describe it for the supervisor."""
        _, program = find_programs(self.home.user)
        return Service(
            name=self.name,
            argv=[str(program), str(self._settings_file)],
            env=SERVER_ENV,
            cwd=Path("/"),
            log=self.home.logs / f"{self.name}.log",
            user=self.home.user,
            is_ready=self.answers,
        )

    @property
    def _settings_file(self) -> Path:
        return self.folder / "valkey.conf"
