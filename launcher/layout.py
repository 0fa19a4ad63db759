"""Where things lie: the project, its virtual environment, and the folder for everything local."""

import fcntl
import os
import secrets
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
PRIVATE_FILE = 0o600


class LaunchError(Exception):
    """Something a person can mend: shown as one line, with exit code 1."""


def find_var_dir() -> Path:
    """Get the folder for data, logs and local secrets: VAR_DIR, by default `var` in the project."""
    return (ROOT / (os.environ.get("VAR_DIR") or "var")).absolute()


def make_folder(path: Path, *, mode: int = 0o755) -> Path:
    """Make a folder with this very mode, whatever the umask; one that exists keeps its own.

    :raises LaunchError: it cannot be made, or is not ours to write into.
    """
    if not path.is_dir():
        try:
            path.mkdir(parents=True)
            path.chmod(mode)
        except OSError as error:
            raise LaunchError(f"{path} cannot be made: {error.strerror}.") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise LaunchError(f"{path} belongs to another user; set VAR_DIR to a folder of your own.")
    return path


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "w") as file:
        file.write(text)
    draft.replace(path)


class FolderLock:
    """One owner at a time for a folder's servers; the kernel frees it when the owner dies."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "lock"
        self._file: IO[str] | None = None

    def take(self) -> bool:
        """Try to become the owner, without waiting."""
        file = self.path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        self._file = file
        return True

    def release(self) -> None:
        """Let the next one in."""
        if self._file:
            self._file.close()
            self._file = None
