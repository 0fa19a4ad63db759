"""No input to a route of accounts gives a fault, and refused input changes nothing."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from accounts.models import Organization, User

PUBLIC = (
    "/api/auth/v1/register",
    "/api/auth/v1/login",
    "/api/auth/v1/refresh",
    "/api/auth/v1/logout",
    "/auth/register",
    "/auth/login",
    "/auth/refresh",
)
NAMES = st.sampled_from(
    [
        "email", "username", "login", "password", "lang_code", "refresh_token", "refreshToken",
        "firstName", "lastName", "name", "timezone", "theme", "first_name",
    ]
)  # fmt: skip
# With surrogates and NUL, which PostgreSQL takes neither of.
TEXT = st.text(st.characters(), max_size=40) | st.sampled_from(
    ["\x00", "\ud800", "a@b.ru", "olga", "ru", "Europe/Moscow", "a" * 300, "%s", "'; --"]
)
LEAF = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
ANY_JSON = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner), max_leaves=8
)
BODY = st.dictionaries(NAMES, LEAF | ANY_JSON, max_size=6) | ANY_JSON
FUZZ = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def send(client: APIClient, method: str, url: str, body: object, **headers):
    raw = json.dumps(body)
    return client.generic(method, url, raw, content_type="application/json", **headers)


@pytest.mark.django_db
@pytest.mark.parametrize("url", PUBLIC)
@FUZZ
@given(body=BODY)
def test_public_routes_take_any_json(owner, url, body):
    answer = send(APIClient(), "POST", url, body)

    assert answer.status_code in (200, 201, 204, 400, 401, 409), answer.content
    if answer.status_code >= 400:
        assert answer.json()["status"] == answer.status_code


@pytest.mark.django_db
@pytest.mark.parametrize("url", PUBLIC)
@FUZZ
@given(raw=st.binary(max_size=80))
def test_public_routes_take_any_bytes(owner, url, raw):
    for content_type in (
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ):
        answer = APIClient().generic("POST", url, raw, content_type=content_type)
        assert answer.status_code < 500, (content_type, answer.content)
    assert User.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "url"), [("PATCH", "/api/auth/v1/me"), ("POST", "/api/clients")]
)
@FUZZ
@given(body=BODY)
def test_routes_of_a_person_take_any_json(owner, signed_in, bearer, method, url, body):
    answer = send(bearer(signed_in[1].access_token), method, url, body)

    assert answer.status_code in (200, 201, 400), answer.content
    owner.refresh_from_db()
    assert (owner.role, owner.is_verified, owner.email) == ("USER", False, "olga@example.org")


@pytest.mark.django_db
@FUZZ
@given(
    key=st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=300),
    named=st.text(st.characters(max_codepoint=255, exclude_characters="\r\n")),
)
def test_any_header_is_taken(signed_in, bearer, named, key):
    client = bearer(signed_in[1].access_token)
    before = Organization.objects.count()

    opened = send(client, "POST", "/api/clients", {"name": "K"}, HTTP_IDEMPOTENCY_KEY=key)
    assert opened.status_code in (201, 400)
    is_new = opened.status_code == 201 and "Idempotent-Replayed" not in opened
    assert Organization.objects.count() == before + is_new
    assert client.get("/auth/me", HTTP_X_ORGANIZATION=named).status_code in (200, 404)


@pytest.mark.django_db
@FUZZ
@given(
    login=st.text(st.characters(), max_size=60),
    password=st.text(st.characters(), max_size=60),
    where=st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
)
def test_sign_in_page_takes_any_form(owner, login, password, where):
    from urllib.parse import quote, urlencode

    from django.test import Client

    fields = {"login": login, "password": password, "next": where}
    raw = urlencode({name: value.encode(errors="surrogatepass") for name, value in fields.items()})
    answer = Client().post(
        f"/login?next={quote(where)}", raw, content_type="application/x-www-form-urlencoded"
    )

    assert answer.status_code in (400, 401), (answer.status_code, fields)


@pytest.mark.django_db
def test_a_refusal_may_quote_what_utf8_cannot_say():
    answer = send(APIClient(), "POST", PUBLIC[0], {"lang_code": "\ud800", "password": "x"})
    assert answer.status_code == 400
    said = {error["field"]: error["message"] for error in answer.json()["errors"]}
    assert "\ud800" in said["lang_code"]
