"""Contents that were uploaded or said, beside the snapshot on disk."""

import re
import secrets
from pathlib import Path

SAMPLES = Path(__file__).parent / "samples"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class FileStore:
    """A folder of contents under names that the sandbox gives out."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, content: bytes) -> str:
        """The new name of ``content``."""
        name = secrets.token_urlsafe(12)
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / name).write_bytes(content)
        return name

    def get(self, name: str) -> bytes | None:
        """The content of that name; ``None`` where there is none."""
        path = self._folder / name
        return path.read_bytes() if _NAME.fullmatch(name) and path.is_file() else None

    def clear(self) -> None:
        for path in self._folder.glob("*"):
            path.unlink()


def read_sample(name: str) -> bytes:
    """The content of a file that the sandbox brings along."""
    return (SAMPLES / name).read_bytes()
