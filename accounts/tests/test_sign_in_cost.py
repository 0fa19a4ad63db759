"""What a sign-in and a signed-in request cost, with every commit and what hangs on it done."""

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher, make_password
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Session, User
from accounts.services.sessions import open_session
from config.lib.redis import get_redis
from conftest import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
LOGIN = "/api/auth/v1/login"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1"
FRAMES = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


@pytest.fixture
def person(owner, organization, settings):
    """Somebody with a real hash, an organization, Telegram, and lock-out switched on."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    settings.AXES_ENABLED = True
    get_redis().flushdb()
    User.objects.filter(pk=owner.pk).update(password=make_password(PASSWORD), telegram_id=500)
    return owner


@pytest.fixture
def hashes(monkeypatch):
    """Every hash that is made or checked, in order."""
    made = []
    for name in ("encode", "verify"):
        deed = getattr(Argon2PasswordHasher, name)

        def counted(self, *args, _deed=deed, _name=name, **kwargs):
            made.append(_name)
            return _deed(self, *args, **kwargs)

        monkeypatch.setattr(Argon2PasswordHasher, name, counted)
    return made


def by_api(client: Client, password=PASSWORD, agent=PHONE):
    body = {"login": "olga", "password": password}
    return client.post(LOGIN, body, content_type="application/json", headers={"User-Agent": agent})


def by_page(client: Client, password=PASSWORD, agent=PHONE):
    body = {"login": "olga", "password": password}
    return client.post("/login", body, headers={"User-Agent": agent})


def statements_of(deed, *args, **kwargs):
    with CaptureQueriesContext(connection) as captured:
        answer = deed(*args, **kwargs)
    texts = [query["sql"] for query in captured.captured_queries]
    return answer, [text for text in texts if not text.startswith(FRAMES)]


@pytest.mark.parametrize(("way", "status"), [(by_api, 200), (by_page, 302)], ids=["api", "page"])
def test_a_sign_in_costs_one_hash_and_at_most_four_statements(person, hashes, way, status):
    way(Client(), agent="another device")  # so that there is somebody to be told of the next
    hashes.clear()

    answer, asked = statements_of(way, Client())

    assert answer.status_code == status
    assert hashes == ["verify"]
    assert 1 <= len(asked) <= 4, asked
    assert Session.objects.count() == 2
    assert get_redis().llen("default") == 2  # what tells of new devices waits for a worker


@pytest.mark.parametrize(("sessions", "most"), [(9, 4), (10, 5), (20, 5), (23, 5)])
def test_beside_ten_others_a_sign_in_costs_one_statement_more(person, sessions, most):
    """It counts them again behind the lock of the person's row, and ends the surplus at once."""
    for _ in range(sessions):
        open_session(user=person)

    answer, asked = statements_of(by_api, Client())

    assert answer.status_code == 200
    assert len(asked) <= most, asked
    assert Session.objects.filter(revoked_at=None).count() == min(sessions + 1, 20)


@pytest.mark.parametrize("login", ["known", "unknown"])
def test_a_refusal_costs_one_hash_as_well(person, hashes, login):
    if login == "unknown":
        User.objects.filter(pk=person.pk).update(username="anna", email="anna@example.org")

    answer, asked = statements_of(by_api, Client(), password="wrong-horse-battery-9")

    assert answer.status_code == 401
    assert len(hashes) == 1
    assert len(asked) == 1, asked
    assert not Session.objects.exists()


def test_a_request_with_a_valid_token_asks_the_database_nothing(person):
    client = Client()
    token = by_api(client).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/api/auth/v1/me", headers=headers).status_code == 200

    answer, asked = statements_of(client.get, "/api/auth/v1/me", headers=headers)

    assert answer.json()["organizations"][0]["name"] == "Bicycles"
    assert asked == []
