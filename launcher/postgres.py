"""The embedded PostgreSQL."""

import shutil
import signal
from pathlib import Path

from launcher import probes
from launcher.binaries import find_programs
from launcher.layout import write_private
from launcher.processes import Service
from launcher.server import SERVER_ENV, Server

USER = DATABASE = "depesha"
MAX_CONNECTIONS = 200
RELAXED = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class PostgresServer(Server):
    """PostgreSQL on loopback TCP, for those who know the password (scram)."""

    name = "postgres"
    setting = "DATABASE_URL"
    outside_settings = ("DATABASE_URL", "DATABASE_URL_FILE")

    @property
    def url(self) -> str:
        """The address of the site's database."""
        return f"postgres://{USER}:{self.access.at_loopback}/{DATABASE}"

    @property
    def pid_files(self) -> list[Path]:
        """The supervisor's, and PostgreSQL's own, which would keep it from starting."""
        return [*super().pid_files, self.folder / "postmaster.pid"]

    def answers(self) -> bool:
        """Tell whether it takes clients now."""
        return probes.postgres_answers(self.access.port, user=USER)

    def prepare(self) -> None:
        """Make the data folder, once; one that was half made at an earlier start is made again.

        :raises LaunchError: it belongs to somebody else, or cannot be made.
        """
        if (self.folder / "PG_VERSION").exists():
            self.home.require_own(self.folder)
            return
        draft = self.home.make_data_folder(self.folder.with_suffix(".new"))
        self._fill(draft)
        shutil.rmtree(self.folder, ignore_errors=True)
        draft.rename(self.folder)

    def describe(self) -> Service:
        """Describe it for the supervisor."""
        programs, _ = find_programs(self.home.user)
        settings = [
            "listen_addresses=127.0.0.1",
            f"port={self.access.port}",
            "unix_socket_directories=",
            f"max_connections={MAX_CONNECTIONS}",
            "shared_buffers=256MB",
            *(RELAXED if self.is_relaxed else ()),
        ]
        return Service(
            name=self.name,
            argv=[
                *(str(programs / "postgres"), "-D", str(self.folder)),
                *(part for setting in settings for part in ("-c", setting)),
            ],
            env=SERVER_ENV,
            cwd=Path("/"),
            log=self.home.logs / f"{self.name}.log",
            user=self.home.user,
            # Fast and immediate shutdown; SIGTERM would wait for every client to leave.
            stop_signal=signal.SIGINT,
            quit_signal=signal.SIGQUIT,
            is_ready=self.answers,
        )

    def _fill(self, folder: Path) -> None:
        programs, _ = find_programs(self.home.user)
        password_file = folder.with_name("password.new")
        write_private(password_file, self.access.password)
        self.home.give_away(password_file)
        try:
            self.home.run_as_server(
                [
                    *(str(programs / "initdb"), "-D", str(folder), "-U", USER),
                    *("--auth=scram-sha-256", f"--pwfile={password_file}", "--encoding=UTF8"),
                    *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                    *("--no-instructions", *(["--no-sync"] if self.is_relaxed else [])),
                ]
            )
        finally:
            password_file.unlink()
        self.home.run_as_server(
            [str(programs / "postgres"), "--single", "-D", str(folder), "postgres"],
            text=f"CREATE DATABASE {DATABASE}",
        )
