"""POST /api/auth/v1/register: shapes, refusals that change nothing, rivals."""

import pytest
from rest_framework.test import APIClient

from accounts.models import Organization, RefreshToken, Session, User
from accounts.services.registration import NewPerson, register
from accounts.services.settings import update_site_settings
from accounts.tests.conftest import PASSWORD
from accounts.tests.races import at_once
from config.lib.errors import ConflictError

URL = "/api/auth/v1/register"


def post(body: object, **headers):
    return APIClient().post(URL, body, format="json", **headers)


@pytest.mark.django_db
def test_register_answers_with_tokens_and_person():
    answer = post({"email": "New@Example.org", "password": PASSWORD, "lang_code": "en"})

    assert answer.status_code == 201
    body = answer.json()
    assert set(body) == {"access_token", "refresh_token", "token_type", "expires_in", "user"}
    assert body["token_type"] == "bearer"
    assert body["expires_in"] == 600
    assert body["user"]["email"] == "New@Example.org"
    assert body["user"]["username"] is None
    assert body["user"]["role"] == "USER"
    assert body["user"]["lang_code"] == "en"
    assert body["user"]["is_verified"] is False
    assert body["user"]["organizations"] == []


@pytest.mark.django_db
def test_register_by_user_name_alone():
    answer = post({"username": "some.body", "password": PASSWORD})

    assert answer.status_code == 201
    assert answer.json()["user"]["username"] == "some.body"
    assert answer.json()["user"]["email"] is None


@pytest.mark.django_db
def test_stored_password_is_a_hash_and_tokens_are_not_stored():
    body = post({"email": "a@example.org", "password": PASSWORD}).json()

    user = User.objects.get()
    assert PASSWORD not in user.password
    assert user.check_password(PASSWORD)
    assert body["refresh_token"].encode() not in bytes(RefreshToken.objects.get().token_hash)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("taken", "code"),
    [
        ({"email": "OLGA@example.org"}, "email_taken"),
        ({"username": "Olga"}, "username_taken"),
        ({"email": "free@example.org", "username": "OLGA"}, "username_taken"),
    ],
)
def test_taken_names_are_refused_in_any_case(owner, taken, code):
    answer = post({**taken, "password": PASSWORD})

    assert answer.status_code == 409
    assert answer.json()["code"] == code
    assert User.objects.count() == 1
    assert not Session.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"password": PASSWORD}, "email"),
        ({"email": "", "username": " ", "password": PASSWORD}, "email"),
        ({"email": "no address", "password": PASSWORD}, "email"),
        ({"email": f"{'a' * 250}@example.org", "password": PASSWORD}, "email"),
        ({"username": "a@b", "password": PASSWORD}, "username"),
        ({"username": "ab", "password": PASSWORD}, "username"),
        ({"username": "Ольга", "password": PASSWORD}, "username"),
        ({"email": "a@example.org"}, "password"),
        ({"email": "a@example.org", "password": "short"}, "password"),
        ({"email": "a@example.org", "password": "password1"}, "password"),
        ({"email": "correcthorse@example.org", "password": "correcthorse"}, "password"),
        ({"email": "a@example.org", "password": "x" * 257}, "password"),
        ({"email": "a@example.org", "password": "nul\x00" + PASSWORD}, "password"),
        ({"email": "a\x00@example.org", "password": PASSWORD}, "email"),
        ({"email": "a@example.org", "password": PASSWORD, "lang_code": "xx"}, "lang_code"),
        ({"email": {"a": 1}, "password": [1]}, "email"),
    ],
)
def test_bad_fields_are_named(body, field):
    answer = post(body)

    assert answer.status_code == 400
    assert field in [item["field"] for item in answer.json()["errors"]]
    assert not User.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b'{"password": NaN}',
        b"1",
        b'{"email": "a\\ud800@example.org", "password": "correct-horse-battery-9"}',
    ],
)
def test_rubbish_bodies_get_400(raw):
    answer = APIClient().generic("POST", URL, raw, content_type="application/json")

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert not User.objects.exists()


@pytest.mark.django_db
def test_closed_registration_refuses_and_says_so_publicly():
    update_site_settings(actor=None, changes={"is_registration_open": False})
    from accounts.selectors.settings import forget_site_settings

    forget_site_settings()

    answer = post({"email": "a@example.org", "password": PASSWORD})

    assert answer.status_code == 403
    assert answer.json()["code"] == "registration_closed"
    assert not User.objects.exists()
    assert APIClient().get("/api/app/v1/settings").json()["is_registration_open"] is False


@pytest.mark.django_db
def test_refusal_is_in_the_callers_language():
    refused = post({"email": "bad", "password": PASSWORD}, HTTP_ACCEPT_LANGUAGE="en").json()

    assert refused["errors"][0]["message"] == "Enter a valid e-mail address."


@pytest.mark.django_db
def test_stale_bearer_does_not_keep_anybody_from_registering():
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Bearer a.b.c")

    answer = client.post(URL, {"email": "a@example.org", "password": PASSWORD}, format="json")

    assert answer.status_code == 201


@pytest.mark.django_db
def test_failing_organization_takes_the_person_with_it():
    person = NewPerson(password=PASSWORD, email="a@example.org")

    with pytest.raises(Exception, match="invalid"):
        register(person, organization_name="x" * 200)

    assert not User.objects.exists()
    assert not Organization.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_rivals_for_one_address_make_one_person():
    person = NewPerson(password=PASSWORD, email="rival@example.org")

    results = at_once(6, lambda _: register(person, organization_name=""))

    made = [item for item in results if isinstance(item, User)]
    refused = [item for item in results if isinstance(item, ConflictError)]
    assert len(made) == 1
    assert {item.error_code for item in refused} == {"email_taken"}
    assert len(refused) == 5
    assert User.objects.count() == Organization.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_control_rivals_do_pass_a_look_beforehand():
    """The race is real: every rival finds the address free before any of them has written."""

    def look(_: int) -> bool:
        return not User.objects.filter(email__iexact="rival@example.org").exists()

    assert at_once(6, look) == [True] * 6
