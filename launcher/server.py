"""What the embedded servers have in common: a folder, a port, a password, and whom they run as."""

import os
import pwd
import secrets
import shutil
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from launcher.layout import LaunchError
from launcher.ports import choose_port
from launcher.processes import Service

SERVER_ENV = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True, kw_only=True)
class Home:
    """Where the servers of one VAR_DIR keep what, and their user (None: ourselves)."""

    folder: Path
    logs: Path
    run_dir: Path
    user: pwd.struct_passwd | None

    def give_away(self, path: Path) -> None:
        """Make the servers' user the owner."""
        if self.user:
            shutil.chown(path, self.user.pw_uid, self.user.pw_gid)

    def make_data_folder(self, folder: Path) -> Path:
        """Make an empty folder that only the servers' user can enter."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        self.give_away(folder)
        return folder

    def require_own(self, folder: Path) -> None:
        """Make sure that data belongs to the servers' user.

        :raises LaunchError: it was made by another one; says whom.
        """
        if folder.stat().st_uid != (self.user.pw_uid if self.user else os.geteuid()):
            raise LaunchError(
                f"{folder} belongs to {folder.owner()}; start as that user, or set VAR_DIR."
            )

    def run_as_server(self, argv: Sequence[str], *, text: str = "") -> None:
        """Run a program as the servers' user, with `text` on its stdin.

        :raises LaunchError: it failed; the last line that it wrote says why.
        """
        answer = subprocess.run(
            argv,
            cwd="/",
            env=SERVER_ENV,
            input=text,
            capture_output=True,
            text=True,
            check=False,
            user=self.user.pw_uid if self.user else None,
            group=self.user.pw_gid if self.user else None,
            extra_groups=[] if self.user else None,
        )
        if answer.returncode:
            reason = (answer.stderr.strip() or answer.stdout.strip()).splitlines()[-1:]
            raise LaunchError(f"{Path(argv[0]).name} failed: {' '.join(reason)}")


@dataclass
class Access:
    """How to get at a server: a port on loopback, and a password."""

    port: int
    password: str

    @property
    def at_loopback(self) -> str:
        """The middle of a URL: password, address and port."""
        return f"{self.password}@127.0.0.1:{self.port}"

    @classmethod
    def choose(cls, taken: set[int]) -> "Access":
        """Make up a password, and choose a port that is free and not among `taken`."""
        return cls(port=choose_port(taken), password=secrets.token_urlsafe(24))


class Server(ABC):
    """One embedded server.

    `setting` is the name that leads the site to it; any of `outside_settings` in the environment
    means that a person brings a server of their own. `is_relaxed` trades safety at a power cut
    for speed (tests).
    """

    name: ClassVar[str]
    setting: ClassVar[str]
    outside_settings: ClassVar[tuple[str, ...]]

    def __init__(self, home: Home, access: Access, *, is_relaxed: bool) -> None:
        self.home = home
        self.access = access
        self.is_relaxed = is_relaxed

    @classmethod
    def is_wanted(cls) -> bool:
        """Tell whether nobody has named a server of their own."""
        return not any(map(os.environ.get, cls.outside_settings))

    @property
    def folder(self) -> Path:
        """Where its data lies."""
        return self.home.folder / self.name

    @property
    def pid_files(self) -> list[Path]:
        """Where the PID of an earlier process may be found."""
        return [self.home.run_dir / f"{self.name}.pid"]

    @property
    @abstractmethod
    def url(self) -> str:
        """The value of `setting`, password included."""

    @abstractmethod
    def answers(self) -> bool:
        """Tell whether it serves now, and knows our password."""

    @abstractmethod
    def prepare(self) -> None:
        """Put on disk what a start needs.

        :raises LaunchError: it cannot be done.
        """

    @abstractmethod
    def describe(self) -> Service:
        """Describe it for the supervisor."""
