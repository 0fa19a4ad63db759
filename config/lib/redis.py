"""Redis, as something that may be gone.

Nothing here is the truth, so every caller must be able to do without: it catches ``RedisError``
and goes on. After a failure the connection is not tried again for a second, or each request
would wait for the time-out.
"""

import time
from functools import cache
from typing import Any

from django.conf import settings
from redis import ConnectionPool, Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

__all__ = ["RedisError", "get_redis", "get_redis_at"]

PAUSE_SECONDS = 1.0


class BreakingRedis(Redis):
    """A client that fails at once for a second after a lost connection."""

    _closed_until = 0.0

    def execute_command(self, *args: Any, **options: Any) -> Any:
        if time.monotonic() < self._closed_until:
            raise RedisConnectionError("Redis was lost a moment ago.")
        try:
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        except (RedisConnectionError, RedisTimeoutError):
            self._closed_until = time.monotonic() + PAUSE_SECONDS
            raise


def get_redis() -> Redis:
    """Return the process's client; answers are text. Commands raise ``RedisError`` when it is gone.

    Made on first use, so after a fork each process has connections of its own.
    """
    return get_redis_at(settings.REDIS_URL)


@cache
def get_redis_at(url: str) -> Redis:
    """Return the process's client of another server, such as that of the rate limits.

    Each server has a breaker of its own: the loss of one says nothing about the others.
    """
    pool = ConnectionPool.from_url(url, decode_responses=True, **settings.REDIS_OPTIONS)
    return BreakingRedis(connection_pool=pool)
