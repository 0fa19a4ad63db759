"""``sess:<sid>`` in Redis: who a session stands for, so that a request asks no database.

Never the truth, so it must be impossible to trust an entry that a revocation has missed.

*Late writers.* Who misses an entry first puts a claim in its place, then reads the database, and
stores only if his claim still stands. A drop takes the claim away, so what was read before the
drop is never stored after it.

*Lost drops.* Every entry belongs to an epoch, a random mark in Redis that is read together with
the entry. Each new connection begins a new epoch, which ends all entries stored before it: a
Redis that comes back from disk without its last second, and a process that starts after another
died with an undone drop, both begin with a new connection. A drop that fails makes its process
stop trusting entries at once, and a thread of it tries for as long as an entry can live to begin
a new epoch, which reaches all other processes with their next look.

What remains: a process that is cut off from a Redis that others still reach cannot tell them
before it is back. Nothing is trusted longer than ``ENTRY_SECONDS``.
"""

import json
import logging
import threading
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from redis import ConnectionPool, Redis
from redis.connection import Connection

from config.lib.redis import BreakingRedis, RedisError

logger = logging.getLogger(__name__)

EPOCH_KEY = "sess:epoch"
ENTRY_SECONDS = 600
CLAIM_SECONDS = 10
RETRY_SECONDS = 0.2
# Compare and set: the claim of whoever read the database must still stand.
_STORE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
  return 1
end
return 0
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to store what is about to be read."""

    session_id: uuid.UUID
    epoch: str
    text: str


def look_up(session_id: uuid.UUID) -> tuple[dict[str, Any] | None, Claim | None]:
    """Return the entry of a session, or a claim to fill it, in one round trip when it is there.

    :returns: ``(entry, None)``; or ``(None, claim)``; or ``(None, None)`` when Redis is gone or
        somebody else is filling the entry: then read the database and store nothing.
    """
    if _doubt.is_set():
        return None, None
    try:
        found: list[Any] = get_client().mget(EPOCH_KEY, _key(session_id))
        epoch, value = found
        entry = _parse(value, epoch)
        return (entry, None) if entry is not None else (None, _claim(session_id, epoch, value))
    except RedisError as error:
        logger.debug("session cache not read", extra={"error": str(error)})
        return None, None


def store(claim: Claim, entry: dict[str, Any], *, seconds: int) -> None:
    """Fill an entry, unless it was dropped since the claim was made.

    :param seconds: how long the session lives at least; an entry lives ``ENTRY_SECONDS`` at most.
    """
    lifetime = min(seconds, ENTRY_SECONDS)
    if lifetime < 1:
        return
    value = f"{claim.epoch} {json.dumps(entry, separators=(',', ':'))}"
    try:
        get_client().eval(_STORE, 1, _key(claim.session_id), claim.text, value, lifetime)
    except RedisError as error:
        logger.debug("session cache not filled", extra={"error": str(error)})


def drop(session_ids: Iterable[uuid.UUID]) -> None:
    """Forget sessions now. Call it after the commit that changed what they stand for."""
    keys = [_key(session_id) for session_id in session_ids]
    if not keys:
        return
    try:
        get_client().delete(*keys)
    except RedisError as error:
        logger.warning("session cache not dropped", extra={"error": str(error)})
        _stop_trusting()


def get_client() -> Redis:
    """Return a client of its own: each of its connections begins a new epoch."""
    return _client_at(settings.REDIS_URL)


@cache
def _client_at(url: str) -> Redis:
    pool = ConnectionPool.from_url(
        url,
        decode_responses=True,
        redis_connect_func=_connect,
        **settings.REDIS_OPTIONS,
    )
    return BreakingRedis(connection_pool=pool)


def _connect(connection: Connection) -> None:
    connection.on_connect()  # type: ignore[no-untyped-call]  # redis-py is typed in part
    connection.send_command("SET", EPOCH_KEY, uuid.uuid4().hex)  # type: ignore[no-untyped-call]
    connection.read_response()


def _key(session_id: uuid.UUID) -> str:
    return f"sess:{session_id}"


def _parse(value: str | None, epoch: str | None) -> dict[str, Any] | None:
    if not value or not epoch or not value.startswith(f"{epoch} "):
        return None
    entry: dict[str, Any] = json.loads(value[len(epoch) + 1 :])
    return entry


def _claim(session_id: uuid.UUID, epoch: str | None, found: str | None) -> Claim | None:
    client = get_client()
    if not epoch:
        # Somebody has flushed Redis under open connections.
        client.set(EPOCH_KEY, uuid.uuid4().hex, nx=True)
        epoch = str(client.get(EPOCH_KEY))
    elif found and not found.startswith("?"):
        # An entry of an earlier epoch stands in the way.
        client.delete(_key(session_id))
    claim = Claim(session_id, epoch, f"?{uuid.uuid4().hex}")
    made = client.set(_key(session_id), claim.text, nx=True, ex=CLAIM_SECONDS)
    return claim if made else None


# Set from a drop that failed until a new epoch has begun.
_doubt = threading.Event()
_doubt_lock = threading.Lock()


def _stop_trusting() -> None:
    with _doubt_lock:
        if _doubt.is_set():
            return
        _doubt.set()
        threading.Thread(target=_begin_epoch, name="session-epoch", daemon=True).start()


def _begin_epoch() -> None:
    """Try to begin a new epoch until it is done, or until every old entry has run out."""
    give_up_at = time.monotonic() + ENTRY_SECONDS
    while time.monotonic() < give_up_at and not _try_epoch():
        time.sleep(RETRY_SECONDS)
    _doubt.clear()


def _try_epoch() -> bool:
    try:
        with Redis.from_url(settings.REDIS_URL, **settings.REDIS_OPTIONS) as client:
            client.set(EPOCH_KEY, uuid.uuid4().hex)
    except RedisError:
        return False
    return True
