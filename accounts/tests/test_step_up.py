"""Step-up: what cannot be undone asks who it is once more."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Session
from accounts.services.step_up import mark_fresh, require_fresh
from config.lib.errors import ForbiddenError
from conftest import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
AGAIN = "/api/auth/v1/reauthenticate"


def grow_old(minutes: int = 11) -> None:
    Session.objects.update(authenticated_at=timezone.now() - timedelta(minutes=minutes))


def is_fresh(session_id) -> bool:
    try:
        require_fresh(session_id)
    except ForbiddenError:
        return False
    return True


def test_a_new_session_is_fresh_for_ten_minutes(signed_in):
    session, _tokens = signed_in
    assert is_fresh(session.pk)

    grow_old(9)
    assert is_fresh(session.pk)
    grow_old(11)
    assert not is_fresh(session.pk)


def test_no_session_is_never_fresh(db):
    assert not is_fresh(None)


def test_an_ended_session_is_not_fresh(signed_in):
    Session.objects.update(revoked_at=timezone.now())

    assert not is_fresh(signed_in[0].pk)


def test_who_acts_as_another_is_never_fresh(signed_in, staff):
    session, _tokens = signed_in
    Session.objects.update(impersonator=staff)
    assert not is_fresh(session.pk)

    mark_fresh(session.pk)

    Session.objects.update(impersonator=None)
    before = Session.objects.get().authenticated_at
    assert before == session.authenticated_at


def test_the_password_makes_a_session_fresh(api, owner):
    client, other = api(owner), api(owner)
    grow_old()

    assert client.post(AGAIN, {"password": PASSWORD}, format="json").status_code == 204

    body = {"name": "x", "scopes": ["bots:read"]}
    assert client.post("/api/auth/v1/tokens", body, format="json").status_code == 201
    assert other.post("/api/auth/v1/tokens", body, format="json").status_code == 403


@pytest.mark.parametrize("body", [{}, {"password": "wrong"}, {"otp": "123456"}, {"password": ""}])
def test_anything_else_does_not(api, owner, body):
    client = api(owner)
    grow_old()

    assert client.post(AGAIN, body, format="json").status_code == 401
    assert not is_fresh(Session.objects.get().pk)


def test_another_persons_password_does_not(api, owner, stranger):
    stranger.set_password("strangers-own-password-1")
    stranger.save()
    client = api(owner)
    grow_old()

    answer = client.post(AGAIN, {"password": "strangers-own-password-1"}, format="json")

    assert answer.json()["code"] == "invalid_credentials"


def test_a_page_asks_and_goes_back(page, owner):
    client = page(owner)
    grow_old()

    sent = client.get("/account/tokens")
    assert sent["Location"] == "/account/confirm?next=%2Faccount%2Ftokens"
    assert client.post(sent["Location"], {"password": "wrong"}).status_code == 401
    back = client.post(sent["Location"], {"password": PASSWORD})

    assert back["Location"] == "/account/tokens"
    assert client.get("/account/tokens").status_code == 200


def test_the_way_back_leads_to_no_other_site(page, owner):
    answer = page(owner).post("/account/confirm?next=https://example.com/", {"password": PASSWORD})

    assert answer["Location"] == "/home"


@pytest.mark.parametrize("path", ["/account/email", "/account/totp", "/account/delete"])
def test_every_guarded_page_asks(page, owner, path):
    client = page(owner)
    assert client.get(path).status_code == 200
    grow_old()

    assert client.get(path)["Location"].startswith("/account/confirm")
    assert client.post(path, {})["Location"].startswith("/account/confirm")
