"""The cast and the stage of every test: people, their clients, and the sandbox on a real socket."""

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent
# Both sides of the wire get the same allowances, a hundred times the real ones: the shape of a
# test stays, only its clock runs faster. Tests of the allowances themselves set their own.
# Of the longest journals only so much is held against the descriptions: it says the same again.
MOST_CALLS = 1000
FASTER = {
    "TELEGRAM_BOT_PER_SECOND": "3000",
    "TELEGRAM_CHAT_PER_SECOND": "100",
    "TELEGRAM_GROUP_PER_MINUTE": "2000",
    "AVITO_PER_SECOND": "500",
    "AVITO_CHAT_PER_SECOND": "100",
}
PASSWORD = "correct-horse-battery-9"
CHROMIUM = next(
    filter(None, map(shutil.which, (os.environ.get("CHROMIUM", ""), "chromium", "google-chrome"))),
    None,
)
CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Playwright runs an event loop in the test's thread, which Django takes for a request's.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def free_ports_in_a_row(count: int) -> int:
    """Return the first of ``count`` neighbouring free ports."""
    while True:
        first = free_port()
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first


class Sandbox:
    """The outside world: ``control`` plays the people in it, ``calls`` is what it heard of us."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def control(self, path: str, body: dict | None = None, *, method: str | None = None):
        """Call ``/control/<path>``; return the decoded answer, raise for a refusal."""
        request = urllib.request.Request(
            f"{self.url}/control/{path.lstrip('/')}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method=method or ("GET" if body is None else "POST"),
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read() or b"null")

    def calls(self, on: str, after: int = 0) -> list[dict]:
        return self.control(f"calls?on={on}&after={after}")

    def fault(self, on: str, do: str, **more) -> None:
        self.control("faults", {"on": on, "do": do, **more})

    def clear_faults(self) -> None:
        self.control("faults", method="DELETE")


def check_what_was_said(sandbox: Sandbox) -> None:
    """Fail for a call that Telegram's or Avito's description does not know."""
    from bench import specs

    if not (specs.TELEGRAM.exists() and specs.AVITO.exists()):
        return
    calls = sandbox.control(f"calls?on=*&limit={MOST_CALLS}")
    assert specs.find_breaches_in_journal(calls) == []


def start_sandbox(folder: Path, site_url: str = "http://127.0.0.1:1", **environment: str):
    """Start ``python -m sandbox`` on free ports; return ``(Sandbox, process)`` once it answers."""
    port = free_ports_in_a_row(3)
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox"],
        cwd=ROOT,
        env={
            **os.environ,
            **FASTER,
            "SANDBOX_PORT": str(port),
            "VAR_DIR": str(folder),
            "SANDBOX_SITE_URL": site_url,
            **environment,
        },
    )
    sandbox = Sandbox(port)
    deadline = time.monotonic() + 20
    while True:
        try:
            urllib.request.urlopen(f"{sandbox.url}/health", timeout=1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return sandbox, process


def stop_process(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def _sandbox_process(tmp_path_factory):
    sandbox, process = start_sandbox(tmp_path_factory.mktemp("sandbox"))
    yield sandbox
    stop_process(process)


@pytest.fixture
def sandbox(request, _sandbox_process, settings):
    """An empty outside world, with the site's settings pointing at it.

    What a test let us say to it is held against the published descriptions, where they are at
    hand; the mark ``off_spec`` is for tests that speak to it by hand.
    """
    _sandbox_process.control("reset", {})
    settings.TELEGRAM_API_BASE = f"{_sandbox_process.url}/telegram"
    settings.AVITO_API_BASE = f"{_sandbox_process.url}/avito"
    settings.YANDEX_API_BASE = f"{_sandbox_process.url}/yandex"
    settings.SANDBOX_URL = _sandbox_process.url
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = _sandbox_process.port + 2
    for name, value in FASTER.items():
        setattr(settings, name, float(value))
    yield _sandbox_process
    if not request.node.get_closest_marker("off_spec"):
        check_what_was_said(_sandbox_process)


# Made by the migrations themselves, and the same for every test.
KEPT_TABLES = frozenset(("django_migrations", "django_content_type", "auth_permission"))


def empty_tables(_case: object = None) -> None:
    """Delete all rows that a test has left.

    Django's flush truncates a hundred tables and writes all permissions anew: half a second after
    each test with transactions. Nearly all tables are empty, and deleting a few rows is quick.
    """
    from django.db import connection

    names = [name for name in connection.introspection.table_names() if name not in KEPT_TABLES]
    with connection.cursor() as cursor:
        looks = (f"(SELECT '{name}' WHERE EXISTS (SELECT FROM \"{name}\"))" for name in names)
        cursor.execute(" UNION ALL ".join(looks))
        found = [name for (name,) in cursor.fetchall()]
        if found:
            # Without triggers: neither foreign keys nor the ledger's guards have a say.
            deeds = "; ".join(f'DELETE FROM "{name}"' for name in found)
            cursor.execute(
                f"BEGIN; SET LOCAL session_replication_role = 'replica'; {deeds}; COMMIT"
            )


@pytest.fixture(scope="session", autouse=True)
def _quick_flush():
    from django.test import TransactionTestCase

    flush = TransactionTestCase._fixture_teardown
    TransactionTestCase._fixture_teardown = empty_tables
    yield
    TransactionTestCase._fixture_teardown = flush


@pytest.fixture(autouse=True)
def _clean_after(_django_db_marker):
    """Leave an empty Redis, and no thread of the pump with a connection to the test database."""
    yield
    if "integrations.services.pump" not in sys.modules:
        return
    from config.lib.redis import RedisError, get_redis
    from integrations.services import pump

    pump.shutdown()
    with contextlib.suppress(RedisError):
        get_redis().flushdb()


@pytest.fixture(scope="module")
def module_rows(django_db_setup, django_db_blocker):
    """Rows that are made once for a whole module; each of its tests runs in a savepoint above them.

    For modules without transactions of their own.
    """
    from django.db import transaction

    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


def make_user(name: str, **fields):
    from accounts.models import User

    user = User(username=name, email=f"{name}@example.org", first_name=name.title(), **fields)
    user.set_password(PASSWORD)
    user.save()
    return user


def make_organization(name: str, **members):
    """Open an organization; ``members`` maps a role to a person."""
    from accounts.models import Membership, Organization

    organization = Organization.objects.create(name=name)
    for role, user in members.items():
        Membership.objects.create(organization=organization, user=user, role=role)
    return organization


@pytest.fixture
def owner(db):
    return make_user("olga", lang_code="en")


@pytest.fixture
def colleague(db):
    return make_user("kirill", lang_code="en")


@pytest.fixture
def stranger(db):
    return make_user("stas", lang_code="en")


@pytest.fixture
def staff(db):
    return make_user("sveta", lang_code="en", role="SUPERUSER", is_superuser=True)


@pytest.fixture
def organization(owner, colleague):
    return make_organization("Bicycles", owner=owner, manager=colleague)


@pytest.fixture
def other_organization(stranger):
    return make_organization("Kettles", owner=stranger)


@pytest.fixture
def api():
    """Return a maker of API clients: ``api(user)`` is signed in by bearer, ``api()`` is nobody."""
    from rest_framework.test import APIClient

    def sign_in(user=None, *, organization=None):
        client = APIClient()
        headers = {}
        if user is not None:
            answer = client.post(
                "/api/auth/v1/login",
                {"login": user.username, "password": PASSWORD},
                format="json",
            )
            assert answer.status_code == 200, answer.content
            headers["HTTP_AUTHORIZATION"] = f"Bearer {answer.json()['access_token']}"
        if organization is not None:
            headers["HTTP_X_ORGANIZATION"] = str(organization.pk)
        client.credentials(**headers)
        return client

    return sign_in


@pytest.fixture
def page():
    """Return a maker of browser-like clients: ``page(user)`` is signed in by cookie."""
    from django.test import Client

    def sign_in(user=None):
        client = Client(HTTP_ACCEPT_LANGUAGE="en")
        if user is not None:
            answer = client.post("/login", {"login": user.username, "password": PASSWORD})
            assert answer.status_code == 302, answer.content
        return client

    return sign_in


@pytest.fixture(scope="module")
def browser():
    """The system's Chromium; a visible skip where there is none.

    It ends with its module: while it runs, Playwright keeps an event loop running in the test's
    thread, and what needs a loop of its own there would fail.
    """
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def bot_token():
    """A token of the shape that Telegram gives out, made up for this test."""
    return f"{secrets.randbelow(9 * 10**8) + 10**8}:{secrets.token_urlsafe(26)[:35]}"


@pytest.fixture
def live_site(transactional_db, live_server, settings, sandbox):
    """The site on a real socket, with the sandbox's webhooks finding it."""
    settings.SITE_URL = live_server.url
    return live_server


@pytest.fixture
def make_bot(db):
    """Return a maker of bots that are known here: ``.bot`` is the row, ``.token`` its token."""
    import uuid
    from types import SimpleNamespace

    from integrations.models import Bot
    from integrations.services import secrets as store
    from integrations.services.bots import token_ref

    def make(organization, *, is_platform=False):
        telegram_id = 10**8 + secrets.randbelow(10**9)
        token = f"{telegram_id}:{secrets.token_urlsafe(26)[:35]}"
        bot = Bot(
            pk=uuid.uuid4(),
            organization=organization,
            name="Bot",
            telegram_id=telegram_id,
            username=f"bot_{telegram_id}",
            is_platform=is_platform,
        )
        bot.sealed_token = store.seal(token_ref(bot), token)
        bot.token_hint = store.token_hint(token)
        bot.save(force_insert=True)
        return SimpleNamespace(bot=bot, token=token)

    return make


@pytest.fixture
def platform(make_bot):
    """The platform's bot, of the organization that stands for the installation."""
    from accounts.models import Organization

    home = Organization.objects.create(name="Depesha", is_installation=True)
    return make_bot(home, is_platform=True)
