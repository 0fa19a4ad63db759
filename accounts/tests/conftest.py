import socket

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.selectors import principal_cache
from accounts.selectors.settings import forget_site_settings

PASSWORD = "correct-horse-battery-9"


@pytest.fixture(autouse=True)
def _fresh_caches():
    """What a process remembers must not reach the next test."""
    forget_site_settings()
    yield
    forget_site_settings()


@pytest.fixture
def redis_gone(settings):
    """Point the site at a port where nothing listens; return a way back."""
    there = settings.REDIS_URL
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings.REDIS_URL = f"redis://127.0.0.1:{port}/0"

    def bring_back() -> None:
        settings.REDIS_URL = there

    yield bring_back
    bring_back()
    # A drop that failed above would keep this process from trusting Redis in later tests.
    assert wait_until(lambda: not principal_cache._doubt.is_set())


def wait_until(is_true, seconds: float = 5.0) -> bool:
    import time

    deadline = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture
def statements():
    """Return a context that collects SQL statements, without those that frame transactions."""

    class Statements(CaptureQueriesContext):
        @property
        def asked(self) -> list[str]:
            frames = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "ROLLBACK")
            return [q["sql"] for q in self.captured_queries if not q["sql"].startswith(frames)]

    return lambda: Statements(connection)


@pytest.fixture
def signed_in(owner):
    """A session of the owner with its first tokens: ``(session, tokens)``."""
    from accounts.services.sessions import issue_tokens, open_session

    session = open_session(user=owner)
    return session, issue_tokens(session)


@pytest.fixture
def bearer():
    """Return a maker of API clients that carry the given access token."""
    from rest_framework.test import APIClient

    def carry(token: str) -> APIClient:
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        return client

    return carry


@pytest.fixture
def mails(sandbox, mailoutbox):
    """Send what waits, and return the letters since the last look, the oldest first."""
    from integrations.services import pump

    def look():
        pump.drain("mail")
        letters = list(mailoutbox)
        mailoutbox.clear()
        return letters

    return look
