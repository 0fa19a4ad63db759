"""/auth: the bots' clients, in camelCase."""

import pytest
from rest_framework.test import APIClient

from accounts.models import Membership, Organization, User
from accounts.tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
PERSON = {
    "id",
    "email",
    "firstName",
    "lastName",
    "telegramId",
    "telegramUsername",
    "role",
    "isActive",
    "isEmailVerified",
}


def post(url: str, body: object):
    return APIClient().post(url, body, format="json")


def test_register_opens_an_organization_named_after_the_person():
    answer = post(
        "/auth/register",
        {
            "email": "anna@example.org",
            "password": PASSWORD,
            "firstName": "Anna",
            "lastName": "Orlova",
        },
    )

    assert answer.status_code == 201
    body = answer.json()
    assert set(body) == {"accessToken", "refreshToken", "user"}
    assert set(body["user"]) == PERSON
    assert body["user"]["role"] == "owner"
    assert body["user"]["isActive"] is True
    assert body["user"]["isEmailVerified"] is False
    assert Organization.objects.get().name == "Anna Orlova"
    assert Membership.objects.get().user.email == "anna@example.org"


def test_register_with_bare_minimum_names_the_organization_by_address():
    post("/auth/register", {"email": "anna@example.org", "password": PASSWORD})

    assert Organization.objects.get().name == "anna@example.org"


def test_register_again_conflicts_and_opens_nothing(owner):
    answer = post("/auth/register", {"email": "olga@example.org", "password": PASSWORD})

    assert answer.status_code == 409
    assert answer.json()["code"] == "email_taken"
    assert not Organization.objects.exists()


@pytest.mark.parametrize(
    "body", [{}, {"email": "a@example.org"}, {"email": "a", "password": PASSWORD}, [], None]
)
def test_malformed_register_is_400(body):
    assert post("/auth/register", body).status_code == 400
    assert not User.objects.exists()


def test_login_me_refresh(owner, organization):
    signed_in = post("/auth/login", {"email": "olga@example.org", "password": PASSWORD}).json()
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {signed_in['accessToken']}")

    assert client.get("/auth/me").json() == signed_in["user"]
    renewed = post("/auth/refresh", {"refreshToken": signed_in["refreshToken"]}).json()
    assert set(renewed) == {"accessToken", "refreshToken", "user"}
    assert renewed["user"] == signed_in["user"]
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {renewed['accessToken']}")
    assert client.get("/auth/me").status_code == 200


def test_role_of_the_colleague_and_of_nobody(colleague, stranger, organization, api):
    assert api(colleague).get("/auth/me").json()["role"] == "manager"
    assert api(stranger).get("/auth/me").json()["role"] is None


def test_wrong_password():
    answer = post("/auth/login", {"email": "olga@example.org", "password": "x"})

    assert answer.status_code == 401
    assert answer.json()["code"] == "invalid_credentials"


def test_one_sign_in_serves_both_dialects(owner, organization):
    token = post("/auth/login", {"email": "olga@example.org", "password": PASSWORD}).json()
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token['accessToken']}")

    assert client.get("/api/auth/v1/me").json()["id"] == token["user"]["id"]
    crossed = post("/api/auth/v1/refresh", {"refresh_token": token["refreshToken"]})
    assert crossed.status_code == 200


@pytest.mark.parametrize("path", ["/auth/me/", "/api/auth/v1/me/", "/api/clients/"])
def test_a_slash_at_the_end_answers_the_same(owner, api, path):
    client = api(owner)

    assert client.get(path).json() == client.get(path.rstrip("/")).json()
