"""POST /api/auth/v1/login, /logout, GET/PATCH /me, sessions."""

import statistics
import time
import uuid

import pytest
from django.contrib.auth.hashers import make_password
from rest_framework.test import APIClient

from accounts.models import Session, User
from accounts.services.sessions import MAX_LIVE, issue_tokens, open_session
from accounts.tests.conftest import PASSWORD
from accounts.tests.races import at_once

pytestmark = pytest.mark.django_db
URL = "/api/auth/v1/login"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def post(body: object, **headers):
    return APIClient().post(URL, body, format="json", **headers)


@pytest.mark.parametrize(
    "name",
    [
        {"login": "olga"},
        {"login": " OLGA@Example.org "},
        {"email": "olga@example.org"},
        {"username": "Olga"},
    ],
)
def test_login_by_any_name(owner, organization, name):
    answer = post({**name, "password": PASSWORD})

    assert answer.status_code == 200
    body = answer.json()
    assert body["user"]["id"] == owner.pk
    assert body["user"]["organizations"] == [
        {"id": str(organization.pk), "name": "Bicycles", "role": "owner"}
    ]
    assert body["access_token"].count(".") == 2


def test_login_records_device_and_address(owner):
    post({"login": "olga", "password": PASSWORD}, HTTP_USER_AGENT=FIREFOX, REMOTE_ADDR="192.0.2.7")

    session = Session.objects.get()
    assert session.device == "Firefox, Linux"
    assert session.ip == "192.0.2.7"
    assert session.method == "password"
    owner.refresh_from_db()
    assert owner.last_login is not None


@pytest.mark.parametrize("agent", ["", "x" * 5000, "\x00nul", "curl/8.5"])
def test_any_user_agent_signs_in(owner, agent):
    assert post({"login": "olga", "password": PASSWORD}, HTTP_USER_AGENT=agent).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"login": "olga", "password": "wrong"},
        {"login": "nobody", "password": PASSWORD},
        {"login": "olga", "password": PASSWORD.upper()},
        {"login": "%", "password": PASSWORD},
    ],
)
def test_wrong_credentials_look_alike(owner, body):
    answer = post(body, HTTP_ACCEPT_LANGUAGE="en")

    assert answer.status_code == 401
    assert answer.json()["code"] == "invalid_credentials"
    assert answer.json()["detail"] == "Wrong login or password."
    assert not Session.objects.exists()


def test_banned_person_is_told_nothing_else(owner):
    User.objects.update(is_active=False)

    answer = post({"login": "olga", "password": PASSWORD})

    assert answer.status_code == 401
    assert answer.json()["code"] == "invalid_credentials"


def test_person_without_password_cannot_sign_in_by_one(owner):
    owner.set_unusable_password()
    owner.save()

    assert post({"login": "olga", "password": "!"}).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"password": PASSWORD},
        {"login": "olga"},
        {"login": ["olga"], "password": PASSWORD},
        {"login": "olga\x00", "password": PASSWORD},
        {"login": "olga", "password": "\x00"},
        {"login": "olga", "password": {"$ne": ""}},
    ],
)
def test_malformed_login_is_400(owner, body):
    answer = post(body)

    assert answer.status_code == 400
    assert {item["field"] for item in answer.json()["errors"]} <= {"login", "password"}
    assert not Session.objects.exists()


@pytest.fixture
def three_a_minute(settings):
    settings.RATE_LIMIT_ENABLED = True
    settings.AUTH_REQUESTS_PER_MINUTE = 3
    return {"REMOTE_ADDR": f"192.0.2.{uuid.uuid4().int % 250}", "HTTP_ACCEPT_LANGUAGE": "en"}


def test_sign_in_is_limited_over_all_its_doors(owner, three_a_minute):
    client = APIClient(**three_a_minute)
    wrong = {"login": "olga", "email": "olga@example.org", "password": "wrong"}
    assert client.post("/api/auth/v1/login", wrong).status_code == 401
    assert client.post("/auth/login", wrong).status_code == 401
    assert client.post("/login", wrong).status_code == 401

    for door in ("/api/auth/v1/login", "/auth/login", "/login", "/api/auth/v1/register"):
        refused = client.post(door, {"login": "olga", "password": PASSWORD})
        assert refused.status_code == 429, door
        assert int(refused["Retry-After"]) > 0
    assert not Session.objects.exists()


def test_limit_of_one_address_is_not_anothers(owner, three_a_minute):
    for _ in range(4):
        post({"login": "olga", "password": "wrong"}, **three_a_minute)

    elsewhere = {**three_a_minute, "REMOTE_ADDR": "198.51.100.9"}
    assert post({"login": "olga", "password": PASSWORD}, **elsewhere).status_code == 200


def test_unknown_login_costs_a_hash_too(owner, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    User.objects.update(password=make_password(PASSWORD))

    def median(login: str) -> float:
        times = []
        for _ in range(5):
            began = time.perf_counter()
            post({"login": login, "password": "wrong"})
            times.append(time.perf_counter() - began)
        return statistics.median(times)

    known, unknown = median("olga"), median("nobody")
    assert unknown > known * 0.5


def test_old_hash_is_renewed_at_sign_in(owner, settings):
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.Argon2PasswordHasher",
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    ]
    User.objects.update(password=make_password(PASSWORD, hasher="pbkdf2_sha256"))

    assert post({"login": "olga", "password": PASSWORD}).status_code == 200

    owner.refresh_from_db()
    assert owner.password.startswith("argon2")


def test_login_takes_at_most_four_queries(owner, organization, statements):
    with statements() as seen:
        post({"login": "olga", "password": PASSWORD})

    assert len(seen.asked) <= 4, seen.asked


def test_me_by_bearer_and_patch(owner, organization, api):
    client = api(owner)

    me = client.get("/api/auth/v1/me").json()
    assert me["id"] == owner.pk
    assert me["telegram_id"] is None
    assert me["timezone"] == "Europe/Moscow"

    changed = client.patch(
        "/api/auth/v1/me", {"lang_code": "ru", "timezone": "Asia/Omsk"}, format="json"
    )
    assert changed.status_code == 200
    assert changed.json()["timezone"] == "Asia/Omsk"
    owner.refresh_from_db()
    assert (owner.lang_code, owner.timezone) == ("ru", "Asia/Omsk")


@pytest.mark.parametrize(
    "body",
    [
        {"timezone": "Mars/Base"},
        {"timezone": "../../etc/passwd"},
        {"lang_code": "xx"},
        {"theme": "pink"},
        {"first_name": "x" * 129},
        {"first_name": "\x00"},
    ],
)
def test_bad_profile_is_refused_whole(owner, api, body):
    answer = api(owner).patch("/api/auth/v1/me", {"last_name": "New", **body}, format="json")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == next(iter(body))
    owner.refresh_from_db()
    assert owner.last_name == ""


def test_role_and_verification_cannot_be_patched(owner, api):
    api(owner).patch("/api/auth/v1/me", {"role": "SUPERUSER", "is_verified": True}, format="json")

    owner.refresh_from_db()
    assert owner.role == "USER"
    assert not owner.is_verified


def test_bearer_answers_in_the_persons_language(owner, api):
    client = api(owner)

    refused = client.get("/api/clients/" + str(uuid.uuid4()), HTTP_ACCEPT_LANGUAGE="ru")

    assert refused.json()["detail"] == "There is nothing here."


def test_session_list_marks_the_callers_own(owner, api):
    first, second = api(owner), api(owner)

    rows = second.get("/api/auth/v1/sessions").json()

    assert len(rows) == 2
    assert set(rows[0]) == {
        "id", "device", "method", "ip", "created_at", "last_seen_at", "current",
    }  # fmt: skip
    assert [row["current"] for row in rows].count(True) == 1
    assert rows[0]["created_at"].endswith("Z")
    ended = next(row["id"] for row in rows if not row["current"])
    assert second.delete(f"/api/auth/v1/sessions/{ended}").status_code == 204
    assert first.get("/api/auth/v1/me").json()["code"] == "session_revoked"
    assert second.get("/api/auth/v1/me").status_code == 200


def test_foreign_session_is_not_found_and_lives_on(owner, stranger, api):
    mine, foreign = api(owner), api(stranger)
    theirs = Session.objects.get(user=stranger)

    assert mine.delete(f"/api/auth/v1/sessions/{theirs.pk}").status_code == 404
    assert mine.delete(f"/api/auth/v1/sessions/{uuid.uuid4()}").status_code == 404
    assert mine.delete("/api/auth/v1/sessions/rubbish").status_code == 404
    assert foreign.get("/api/auth/v1/me").status_code == 200


def test_logout_by_bearer(owner, api):
    client = api(owner)

    assert client.post("/api/auth/v1/logout").status_code == 204
    refused = client.get("/api/auth/v1/me")
    assert refused.status_code == 401
    assert refused.json()["code"] == "session_revoked"
    assert refused["WWW-Authenticate"].startswith("Bearer")


def test_logout_by_refresh_token(signed_in, bearer):
    _, tokens = signed_in

    answer = APIClient().post(
        "/api/auth/v1/logout", {"refresh_token": tokens.refresh_token}, format="json"
    )

    assert answer.status_code == 204
    assert bearer(tokens.access_token).get("/api/auth/v1/me").status_code == 401


@pytest.mark.parametrize("body", [{}, {"refresh_token": "unknown"}])
def test_logout_of_nobody_ends_nothing(owner, signed_in, body):
    assert APIClient().post("/api/auth/v1/logout", body, format="json").status_code == 204
    assert Session.objects.filter(revoked_at__isnull=True).count() == 1


def test_the_session_seen_longest_ago_makes_room(owner):
    sessions = [open_session(user=owner) for _ in range(MAX_LIVE)]
    extra = open_session(user=owner)

    live = set(Session.objects.filter(revoked_at=None).values_list("pk", flat=True))
    assert live == {item.pk for item in [*sessions[1:], extra]}
    sessions[0].refresh_from_db()
    assert sessions[0].revoke_reason == "surplus"


@pytest.mark.django_db(transaction=True)
def test_rivals_leave_at_most_twenty_sessions(owner):
    for _ in range(MAX_LIVE - 1):
        open_session(user=owner)

    results = at_once(8, lambda _: issue_tokens(open_session(user=owner)))

    assert not [item for item in results if isinstance(item, Exception)]
    assert Session.objects.filter(revoked_at=None).count() == MAX_LIVE


def test_surplus_of_one_person_spares_others(owner, stranger):
    kept = open_session(user=stranger)
    for _ in range(MAX_LIVE + 2):
        open_session(user=owner)

    kept.refresh_from_db()
    assert kept.revoked_at is None
