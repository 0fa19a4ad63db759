"""Credentials that a panel has refused, remembered by all processes.

Five failures in five minutes close a panel to us for a quarter of an hour (3.0.0), and its answer
to a right password is then the same. So credentials that were refused once are not tried again
before a person changes them or asks to.
"""

import hashlib
import hmac
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import astuple

from django.conf import settings
from redis.lock import Lock

from config.lib.redis import RedisError, get_redis
from integrations.xui.types import Credentials

KEPT_SECONDS = 30 * 86400
TURN_SECONDS = 60
# What is known here also when Redis is gone.
_known: set[str] = set()
_turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


def fingerprint(url: str, credentials: Credentials) -> str:
    """Return a name for an address and credentials from which neither can be found out."""
    said = "\0".join(("xui.refusals", url, *astuple(credentials))).encode()
    return hmac.new(settings.SECRET_KEY.encode(), said, hashlib.sha256).hexdigest()


def is_refused(name: str) -> bool:
    """Say whether the credentials were refused, as far as this process can know."""
    with suppress(RedisError):
        # What another process has forgotten by hand counts for this one, too.
        return bool(get_redis().exists(_key(name)))
    return name in _known


def remember(name: str) -> None:
    """Keep that credentials were refused."""
    _known.add(name)
    with suppress(RedisError):
        get_redis().set(_key(name), int(time.time()), ex=KEPT_SECONDS)


def forget(name: str) -> None:
    """Let credentials be tried again: a person has asked for it."""
    _known.discard(name)
    with suppress(RedisError):
        get_redis().delete(_key(name))


@contextmanager
def turn(name: str) -> Iterator[None]:
    """Let one caller at a time try credentials, so that the next ones hear of a refusal.

    Without Redis only callers of the same process wait for each other.
    """
    with _turns[name], ExitStack() as held:
        lock = get_redis().lock(
            f"{_key(name)}:turn", timeout=TURN_SECONDS, blocking_timeout=TURN_SECONDS, sleep=0.05
        )
        with suppress(RedisError):
            if lock.acquire():
                held.callback(_release, lock)
        yield


def _release(lock: Lock) -> None:
    # Redis may be gone by now, or the turn have run out; the lock itself runs out in either case.
    with suppress(RedisError):
        lock.release()


def _key(name: str) -> str:
    return f"xui:refused:{name}"
