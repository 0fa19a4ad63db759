"""The one place where the environment is read.

Every value may also come from a file: ``NAME_FILE`` names a path whose content is the value of
``NAME``, as container secrets are mounted.
"""

from pathlib import Path
from urllib.parse import quote

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.FileAwareEnv()
env.read_env(str(BASE_DIR / ".env"))


def database_url(name: str = "DATABASE_URL") -> str:
    """Return the database address; a driver suffix such as ``+asyncpg`` is ignored."""
    scheme, separator, rest = str(env.str(name)).partition("://")
    return scheme.partition("+")[0] + separator + rest


def redis_url(prefix: str, *, default: str | None = None) -> str:
    """Return ``<prefix>_URL``, or an address put together from ``<prefix>_HOST`` and its kin.

    :param default: what to return when neither is set; without it both being absent stops the
        start with the name of the missing variable.
    """
    url = env.str(f"{prefix}_URL", default="")
    host = env.str(f"{prefix}_HOST", default="")
    if url:
        return str(url)
    if not host:
        return str(env.str(f"{prefix}_URL")) if default is None else default
    password = env.str(f"{prefix}_PASSWORD", default="")
    credentials = f":{quote(password, safe='')}@" if password else ""
    port = env.int(f"{prefix}_PORT", default=6379)
    return f"redis://{credentials}{host}:{port}/{env.int(f'{prefix}_DB', default=0)}"
