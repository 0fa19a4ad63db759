"""Ten wrong passwords close a login, and an address, for a quarter of an hour."""

import pytest
from django.test import Client

from accounts.services.lockout import forget_failures
from config.lib.redis import get_redis_at
from conftest import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
LOGIN = "/api/auth/v1/login"


@pytest.fixture(autouse=True)
def _locks(settings):
    settings.AXES_ENABLED = True
    redis = get_redis_at(settings.RATE_LIMIT_REDIS_URL)
    redis.flushdb()
    yield
    redis.flushdb()


def attempt(api, login: str, password: str = "wrong", address: str = "10.0.0.1"):
    return api().post(
        LOGIN, {"login": login, "password": password}, format="json", REMOTE_ADDR=address
    )


def fail_ten_times(api, login: str, addresses=None) -> None:
    for number in range(10):
        answer = attempt(api, login, address=(addresses or f"10.1.0.{number}"))
        assert answer.json()["code"] == "invalid_credentials", number


@pytest.mark.parametrize("login", ["olga", "nobody-at-all"])
def test_a_login_closes_whether_or_not_anybody_has_it(api, owner, login):
    fail_ten_times(api, login)

    locked = attempt(api, login.upper(), PASSWORD, address="10.2.0.1")

    assert (locked.status_code, locked.json()["code"]) == (429, "locked_out")
    assert 890 <= int(locked["Retry-After"]) <= 900
    assert locked["Content-Type"] == "application/problem+json"


def test_other_logins_stay_open(api, owner, stranger):
    fail_ten_times(api, "olga")

    assert attempt(api, "stas", PASSWORD, address="10.2.0.1").status_code == 200


def test_an_address_closes_whatever_logins_it_tries(api, owner):
    for number in range(10):
        assert attempt(api, f"guess{number}").status_code == 401

    assert attempt(api, "olga", PASSWORD).status_code == 429
    assert attempt(api, "olga", PASSWORD, address="10.0.0.2").status_code == 200


def test_ipv6_counts_by_network(api, owner):
    for number in range(10):
        attempt(api, f"guess{number}", address=f"2001:db8::{number + 1:x}")

    assert attempt(api, "olga", PASSWORD, address="2001:db8::ffff").status_code == 429
    assert attempt(api, "olga", PASSWORD, address="2001:db8:0:1::1").status_code == 200


def test_the_right_password_forgives_the_login_but_not_the_address(api, owner):
    for _number in range(9):
        attempt(api, "olga")
    assert attempt(api, "olga", PASSWORD).status_code == 200

    assert attempt(api, "olga", address="10.0.0.2").status_code == 401
    assert attempt(api, "somebody").status_code == 401
    assert attempt(api, "olga", PASSWORD).status_code == 429


def test_trying_on_does_not_lengthen_it(api, owner, settings):
    fail_ten_times(api, "olga")
    redis = get_redis_at(settings.RATE_LIMIT_REDIS_URL)
    for key in redis.keys("lockout:login:*"):
        redis.expire(key, 5)

    attempt(api, "olga", address="10.2.0.1")

    assert all(redis.ttl(key) <= 5 for key in redis.keys("lockout:login:*"))


def test_the_page_says_it_too(owner):
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    for _number in range(10):
        client.post("/login", {"login": "olga", "password": "wrong"})

    page = client.post("/login", {"login": "olga", "password": PASSWORD})

    assert page.status_code == 429
    assert int(page["Retry-After"]) > 800
    assert "Too many wrong passwords" in page.content.decode()


@pytest.mark.parametrize("url", ["/auth/login", "/api/auth/admin"])
def test_every_door_counts(api, staff, url):
    fail_ten_times(api, staff.email)
    name = "email" if url == "/auth/login" else "login"

    answer = api().post(
        url, {name: staff.email, "password": PASSWORD}, format="json", REMOTE_ADDR="10.2.0.1"
    )

    assert answer.json()["code"] == "locked_out"


def test_without_redis_people_still_get_in(api, owner, settings):
    settings.RATE_LIMIT_REDIS_URL = "redis://127.0.0.1:1/0"

    assert attempt(api, "olga").status_code == 401
    assert attempt(api, "olga", PASSWORD).status_code == 200


def test_a_login_can_be_opened_again(api, owner):
    fail_ten_times(api, "olga")

    forget_failures("Olga")

    assert attempt(api, "olga", PASSWORD, address="10.2.0.1").status_code == 200


@pytest.mark.django_db
def test_signing_in_costs_four_queries_and_one_hash(api, owner, statements, monkeypatch):
    from django.contrib.auth import hashers

    hashed = []
    encode = hashers.MD5PasswordHasher.encode
    monkeypatch.setattr(
        hashers.MD5PasswordHasher,
        "encode",
        lambda self, *given: hashed.append(given) or encode(self, *given),
    )

    with statements() as seen:
        answer = attempt(api, "olga", PASSWORD)

    assert answer.status_code == 200
    assert len(seen.asked) <= 4, seen.asked
    assert len(hashed) == 1
