"""Allowances: how often an outside system may be called, held in Redis for all processes.

A sliding log: at most ``count`` calls in any ``seconds``. A call counts from its start until
``seconds`` after its *end*, so neither the wire nor a busy machine can bring two closer together
than allowed; a call that never ended is taken as ended after ``IN_AIR_SECONDS``. Every bucket of
the same capacity and rate admits what this log admits. A limit with a ``burst`` keeps no log but
the time of its next turn.

Without Redis each process keeps a pace of its own, at most one call a second under each key.
"""

import logging
import random
import time
from collections.abc import Sequence
from functools import cache
from typing import Any

from config.lib.redis import RedisError, get_redis
from integrations.services.calls import Limit

logger = logging.getLogger(__name__)

IN_AIR_SECONDS = 2.0
PACE_SECONDS = 1.0

# All limits of one call or none. Answers milliseconds to wait: 0 is a grant.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local wait = 0
for i, key in ipairs(KEYS) do
  local count, window = tonumber(ARGV[i * 3 - 1]), tonumber(ARGV[i * 3])
  local burst = tonumber(ARGV[i * 3 + 1])
  if burst > 0 then
    local next = tonumber(redis.call('GET', key) or 0)
    local left = next - (burst - 1) * window / count - now
    if left > 0 then wait = math.max(wait, left, 1) end
  else
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)
    if redis.call('ZCARD', key) >= count then
      local oldest = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
      local left = tonumber(oldest[2]) + window - now
      if tonumber(oldest[2]) > now then left = math.min(left, 50) end
      wait = math.max(wait, left, 1)
    end
  end
end
if wait > 0 then return math.ceil(wait) end
for i, key in ipairs(KEYS) do
  local count, window = tonumber(ARGV[i * 3 - 1]), tonumber(ARGV[i * 3])
  if tonumber(ARGV[i * 3 + 1]) > 0 then
    local next = math.max(now, tonumber(redis.call('GET', key) or 0)) + window / count
    redis.call('SET', key, tostring(next), 'PX', math.ceil(next - now + 1000))
  else
    redis.call('ZADD', key, now + tonumber(ARGV[#ARGV]), ARGV[1])
    redis.call('PEXPIRE', key, window + tonumber(ARGV[#ARGV]) + 1000)
  end
end
return 0
"""
_FINISH = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for _, key in ipairs(KEYS) do redis.call('ZADD', key, 'XX', now, ARGV[1]) end
"""
_GIVE_BACK = "for _, key in ipairs(KEYS) do redis.call('ZREM', key, ARGV[1]) end"

# Nobody is sent away for longer: what else uses the allowance may stop at any time.
MOST_SPREAD_SECONDS = 15.0

_local_next: dict[str, float] = {}
# Until when the turns at an allowance are given out, by this process.
_booked: dict[str, float] = {}


def take(limits: Sequence[Limit], *, member: str) -> float:
    """Spend all of ``limits`` for one call, or none of them.

    :param member: names the call in ``finish`` and ``give_back``.
    :returns: seconds to wait before asking again; 0 means that the call may go out.
    """
    try:
        waited = _script(_TAKE)(
            keys=_keys(limits), args=_arguments(limits, member), client=get_redis()
        )
    except RedisError as error:
        logger.warning("allowances without Redis", extra={"error": str(error)})
        return _take_locally(limits)
    return float(waited) / 1000


def finish(limits: Sequence[Limit], *, member: str) -> None:
    """Say that the call ended now."""
    _run(_FINISH, _logged(limits), member)


def give_back(limits: Sequence[Limit], *, member: str) -> None:
    """Say that the call was not made after all; of an even pace its turn is lost."""
    _run(_GIVE_BACK, _logged(limits), member)


Taken = tuple[Sequence[Limit], str]


def take_many(asked: Sequence[Taken]) -> list[float]:
    """Do as ``take`` does for each, in this order and one round trip.

    Where many wait for the sender's own allowance they are told to come one after another, not
    all at the moment when the next one may go.
    """
    if not asked:
        return []
    try:
        with get_redis().pipeline(transaction=False) as pipe:
            for limits, member in asked:
                _script(_TAKE)(keys=_keys(limits), args=_arguments(limits, member), client=pipe)
            waits = [float(waited) / 1000 for waited in pipe.execute()]
    except RedisError as error:
        logger.warning("allowances without Redis", extra={"error": str(error)})
        return [_take_locally(limits) for limits, _member in asked]
    return _spread([limits for limits, _member in asked], waits)


def finish_many(ended: Sequence[Taken]) -> None:
    """Say that these calls ended now, in one round trip."""
    try:
        with get_redis().pipeline(transaction=False) as pipe:
            for limits, member in ended:
                _script(_FINISH)(keys=_keys(_logged(limits)), args=[member], client=pipe)
            pipe.execute()
    except RedisError as error:
        logger.warning("allowances not written", extra={"error": str(error)})


def _spread(asked: Sequence[Sequence[Limit]], waits: Sequence[float]) -> list[float]:
    now = time.monotonic()
    return [
        _turn(max(limits, key=lambda limit: limit.count), wait, now) if wait > 0 else wait
        for limits, wait in zip(asked, waits, strict=True)
    ]


def _turn(limit: Limit, wait: float, now: float) -> float:
    """Give out the next turn at an allowance; return the seconds until it comes."""
    if limit.count == 1:
        return wait
    at = max(now + wait, _booked.get(limit.key, 0.0))
    if at - now > MOST_SPREAD_SECONDS:
        return MOST_SPREAD_SECONDS * random.uniform(0.8, 1)  # noqa: S311  not a secret
    _booked[limit.key] = at + limit.seconds / limit.count
    return at - now


def _arguments(limits: Sequence[Limit], member: str) -> list[Any]:
    arguments: list[Any] = [member]
    for limit in limits:
        arguments += [limit.count, round(limit.seconds * 1000), limit.burst]
    return [*arguments, round(IN_AIR_SECONDS * 1000)]


def _run(script: str, limits: Sequence[Limit], member: str) -> None:
    try:
        _script(script)(keys=_keys(limits), args=[member], client=get_redis())
    except RedisError as error:
        logger.warning("allowance not written", extra={"error": str(error)})


def _keys(limits: Sequence[Limit]) -> list[str]:
    return [f"{'pace' if limit.burst else 'allow'}:{limit.key}" for limit in limits]


def _logged(limits: Sequence[Limit]) -> list[Limit]:
    """Return those that keep a log of their calls."""
    return [limit for limit in limits if not limit.burst]


@cache
def _script(source: str) -> Any:
    return get_redis().register_script(source)


def _take_locally(limits: Sequence[Limit]) -> float:
    now = time.monotonic()
    wait = max((_local_next.get(limit.key, 0.0) - now for limit in limits), default=0.0)
    if wait > 0:
        return wait
    for limit in limits:
        _local_next[limit.key] = now + max(PACE_SECONDS, limit.seconds / limit.count)
    return 0.0
