"""One-time links: from the platform bot to an owner with an organization."""

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import LinkToken, Membership, Organization, Session, User
from accounts.services.links import LinkRefusedError, make_link, read_link, use_link
from accounts.services.telegram_sign_in import make_sign_in_link
from accounts.telegram.person import TelegramPerson
from accounts.tests.races import at_once
from conftest import make_organization

LINK = "/api/auth/master/link"
EXCHANGE = "/api/auth/master/exchange"
SIGN_IN = LinkToken.Purpose.SIGN_IN
PERSON = TelegramPerson(telegram_id=500, first_name="Ivan", username="ivan")
pytestmark = pytest.mark.django_db


@pytest.fixture
def service(settings):
    """The bot that runs apart."""
    settings.MASTER_SERVICE_TOKEN = "service-token"
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Bearer service-token")
    return client


def exchange(token: str, **body):
    return APIClient().post(EXCHANGE, {"token": token, **body}, format="json")


def test_bot_asks_for_a_link_and_a_person_becomes_an_owner(service, settings):
    made = service.post(LINK, {"telegram_user_id": 500, "username": "ivan"}, format="json")

    assert made.status_code == 201
    token = made.json()["link_token"]
    assert made.json()["url"] == f"{settings.SITE_URL}/login?token={token}"
    answer = APIClient().post(
        EXCHANGE,
        {"link_token": token, "email": "ivan@example.org", "name": "Ivan"},
        format="json",
    )
    assert answer.status_code == 200
    body = answer.json()
    assert body["expires_in"] == settings.JWT_EXPIRES_SECONDS
    assert [row["role"] for row in body["user"]["organizations"]] == ["owner"]
    assert (body["user"]["email"], body["user"]["telegram_id"]) == ("ivan@example.org", 500)
    assert Session.objects.get().method == "link"


@pytest.mark.parametrize("credentials", ["", "Bearer", "Bearer wrong", "Basic service-token", "ы"])
def test_only_the_service_asks_for_links(service, credentials):
    service.credentials(HTTP_AUTHORIZATION=credentials)

    assert service.post(LINK, {"telegram_user_id": 500}, format="json").status_code == 401
    assert not LinkToken.objects.exists()


def test_without_a_service_token_there_is_no_such_address(settings):
    settings.MASTER_SERVICE_TOKEN = ""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Bearer ")

    assert client.post(LINK, {"telegram_user_id": 500}, format="json").status_code == 404


@pytest.mark.parametrize("who", [None, 0, -1, "x", 2**52 + 1, True])
def test_nobody_in_telegram_gets_no_link(service, who):
    answer = service.post(LINK, {"telegram_user_id": who}, format="json")

    assert answer.status_code == 400
    assert not LinkToken.objects.exists()


def test_token_stands_nowhere_in_clear():
    link = make_link(purpose=SIGN_IN)

    assert len(link.token) == 43
    row = LinkToken.objects.values().get()
    assert link.token not in str(row)
    assert link.token.encode() not in bytes(row["token_hash"])


def test_link_works_once():
    token = make_sign_in_link(PERSON).token
    assert exchange(token, email="ivan@example.org").status_code == 200

    again = exchange(token, email="other@example.org")

    assert (again.status_code, again.json()["code"]) == (401, "link_used")
    assert User.objects.count() == Organization.objects.count() == 1


def test_link_runs_out():
    token = make_sign_in_link(PERSON).token
    LinkToken.objects.update(expires_at="2026-01-01T00:00Z")

    answer = exchange(token, email="ivan@example.org")

    assert (answer.status_code, answer.json()["code"]) == (401, "link_expired")
    assert not User.objects.exists()


@pytest.mark.parametrize("token", ["x", "x" * 64, "токен"])
def test_unknown_link(token):
    assert exchange(token, email="a@example.org").json()["code"] == "link_invalid"


def test_link_of_another_purpose_opens_nothing():
    token = make_link(purpose=LinkToken.Purpose.RESET_PASSWORD).token

    assert exchange(token, email="a@example.org").json()["code"] == "link_invalid"
    with pytest.raises(LinkRefusedError):
        use_link(token, purpose=SIGN_IN)
    assert read_link(token, purpose=LinkToken.Purpose.RESET_PASSWORD).used_at is None


@pytest.mark.parametrize(
    ("email", "status", "code"),
    [
        ("", 400, "invalid"),
        ("no address", 400, "invalid"),
        ("OLGA@example.org", 409, "email_taken"),
    ],
)
def test_refused_address_leaves_the_link_alive(owner, email, status, code):
    token = make_sign_in_link(PERSON).token

    answer = exchange(token, email=email)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert list(User.objects.all()) == [owner]
    assert exchange(token, email="ivan@example.org").status_code == 200


def test_known_person_signs_in_and_gets_no_second_organization():
    exchange(make_sign_in_link(PERSON).token, email="ivan@example.org", name="Ivan")

    answer = exchange(make_sign_in_link(PERSON).token, email="new@example.org", name="New")

    assert answer.json()["user"]["email"] == "ivan@example.org"
    assert (User.objects.count(), Organization.objects.count()) == (1, 1)


def test_known_member_stays_where_they_are(owner, stranger):
    User.objects.filter(pk=stranger.pk).update(telegram_id=500)
    make_organization("Bicycles", owner=owner, manager=stranger)

    assert exchange(make_sign_in_link(PERSON).token).status_code == 200
    assert Membership.objects.filter(user=stranger).count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_of_rivals_gets_the_link():
    token = make_sign_in_link(PERSON).token

    answers = at_once(8, lambda n: exchange(token, email=f"ivan{n}@example.org").status_code)

    assert sorted(answers) == [200] + [401] * 7
    assert (User.objects.count(), Organization.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_looking_before_using_would_let_rivals_in():
    """The control: the look alone lets all of them pass."""
    token = make_sign_in_link(PERSON).token

    rows = at_once(8, lambda _: read_link(token, purpose=SIGN_IN).pk)

    assert len(rows) == 8
    assert len(set(rows)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_links_of_one_person_at_once_make_one_owner():
    tokens = [make_sign_in_link(PERSON).token for _ in range(6)]

    answers = at_once(6, lambda n: exchange(tokens[n], email="ivan@example.org").status_code)

    assert answers == [200] * 6
    assert (User.objects.count(), Organization.objects.count()) == (1, 1)


def test_opening_the_page_uses_nothing_up():
    link = make_sign_in_link(PERSON)
    client = Client(HTTP_ACCEPT_LANGUAGE="en")

    for _ in range(3):
        page = client.get(f"/login?token={link.token}")
        assert page.status_code == 200
        assert 'name="email"' in page.content.decode()
    assert LinkToken.objects.get().used_at is None
    assert not User.objects.exists()


def test_page_signs_in_by_post():
    link = make_sign_in_link(PERSON)
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    form = {"token": link.token, "email": "ivan@example.org", "name": "Ivan"}

    assert client.post("/login/link", form).status_code == 302
    assert client.get("/account").status_code == 200
    assert Session.objects.get().method == "link"
    assert client.post("/login/link", form).status_code == 401


def test_page_tells_a_known_person_who_they_are_and_asks_for_nothing(owner, organization):
    User.objects.filter(pk=owner.pk).update(telegram_id=500)
    link = make_sign_in_link(PERSON)
    client = Client(HTTP_ACCEPT_LANGUAGE="en")

    page = client.get(f"/login?token={link.token}").content.decode()

    assert "Olga" in page
    assert 'name="email"' not in page
    assert client.post("/login/link", {"token": link.token}).status_code == 302


def test_page_shows_a_refusal_on_the_form(owner):
    link = make_sign_in_link(PERSON)

    answer = Client(HTTP_ACCEPT_LANGUAGE="en").post(
        "/login/link", {"token": link.token, "email": owner.email, "name": ""}
    )

    assert answer.status_code == 409
    assert "registered already" in answer.content.decode()


def test_page_needs_the_forms_token():
    link = make_sign_in_link(PERSON)

    answer = Client(enforce_csrf_checks=True).post("/login/link", {"token": link.token})

    assert answer.status_code == 403
    assert LinkToken.objects.get().used_at is None


@pytest.mark.parametrize("method", ["get", "post"])
def test_page_of_no_link(method):
    client = Client()
    answer = client.get("/login?token=x") if method == "get" else client.post("/login/link", {})

    assert answer.status_code == 401
