"""E-mail addresses: proven, changed; and links that stand nowhere in clear."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.apps import apps
from django.core import serializers
from django.db import connection
from rest_framework.test import APIClient

from accounts.models import LinkToken, Session, User
from accounts.services.email_links import Purpose, ask_to_verify, issue_link, token_of
from accounts.tests.letters import token_in
from conftest import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
VERIFY = "/api/auth/v1/email/verify"
CHANGE = "/api/auth/v1/email/change"
NEW = "olga.new@example.org"


def use(api, token: str):
    return api().post(VERIFY, {"token": token}, format="json")


def test_registration_mails_a_link_that_proves_the_address(api, mails):
    made = api().post(
        "/api/auth/v1/register",
        {"email": "vera@example.org", "password": PASSWORD, "lang_code": "en"},
        format="json",
    )
    assert made.json()["user"]["is_verified"] is False
    [letter] = mails()
    assert letter.to == ["vera@example.org"]

    answer = use(api, token_in(letter))

    assert answer.json() == {"email": "vera@example.org", "is_verified": True}
    assert use(api, token_in(letter)).json()["code"] == "link_invalid"
    client = api()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {made.json()['access_token']}")
    assert client.get("/api/auth/v1/me").json()["is_verified"] is True


def test_a_token_stands_nowhere_in_the_database(owner, mails):
    ask_to_verify(owner)
    token = token_in(mails()[0])

    assert token == token_of(LinkToken.objects.get())
    for model in apps.get_models():
        rows = serializers.serialize("python", model._default_manager.all())
        assert token not in json.dumps(rows, default=str), model


def test_a_proof_for_an_address_left_since_is_worth_nothing(api, owner, mails):
    ask_to_verify(owner)
    token = token_in(mails()[0])
    User.objects.filter(pk=owner.pk).update(email=NEW)

    assert use(api, token).json()["code"] == "link_invalid"
    owner.refresh_from_db()
    assert owner.is_verified is False


def test_resending_stops_after_five_mails(api, owner, mails):
    client = api(owner)

    codes = [client.post("/api/auth/v1/email/resend").status_code for _number in range(6)]

    assert codes == [202] * 5 + [429]
    assert len(mails()) == 1


def test_a_proven_address_is_not_mailed_again(api, owner, mails):
    User.objects.filter(pk=owner.pk).update(is_verified=True)

    assert api(owner).post("/api/auth/v1/email/resend").status_code == 202
    assert mails() == []


def test_an_address_changes_once_its_link_is_used(api, owner, mails):
    client = api(owner)
    old = owner.email

    assert client.post(CHANGE, {"email": NEW}, format="json").status_code == 202
    [letter] = mails()
    assert letter.to == [NEW]
    assert client.get("/api/auth/v1/me").json()["email"] == old

    assert use(api, token_in(letter)).json() == {"email": NEW, "is_verified": True}

    assert client.get("/api/auth/v1/me").json()["email"] == NEW
    [notice] = mails()
    assert (notice.to, notice.subject) == ([old], "Your e-mail address was changed")


def test_a_change_needs_a_fresh_sign_in(api, owner, mails):
    client = api(owner)
    Session.objects.update(authenticated_at=None)

    refused = client.post(CHANGE, {"email": NEW}, format="json")

    assert (refused.status_code, refused.json()["code"]) == (403, "reauthentication_required")
    assert mails() == []


@pytest.mark.parametrize("email", ["", "no address", "a" * 250 + "@b.ru"])
def test_no_change_to_what_is_no_address(api, owner, email):
    assert api(owner).post(CHANGE, {"email": email}, format="json").status_code == 400
    assert LinkToken.objects.count() == 0


def test_no_change_to_what_somebody_has(api, owner, stranger, mails):
    refused = api(owner).post(CHANGE, {"email": stranger.email.upper()}, format="json")
    assert (refused.status_code, refused.json()["code"]) == (409, "email_taken")

    api(owner).post(CHANGE, {"email": NEW}, format="json")
    User.objects.filter(pk=stranger.pk).update(email=NEW)
    late = use(api, token_in(mails()[0]))

    assert (late.status_code, late.json()["code"]) == (409, "email_taken")
    owner.refresh_from_db()
    assert owner.email == "olga@example.org"


def test_of_rivals_one_uses_a_link(owner, sandbox):
    link = issue_link(purpose=Purpose.CHANGE_EMAIL, user=owner, data={"email": NEW, "old": ""})
    token = token_of(link)

    def rival(_number: int) -> int:
        try:
            return APIClient().post(VERIFY, {"token": token}, format="json").status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        codes = sorted(pool.map(rival, range(8)))

    assert codes == [200] + [400] * 7


def test_looking_at_the_page_uses_nothing_up(page, owner, mails):
    ask_to_verify(owner)
    address = f"/email/confirm?token={token_in(mails()[0])}"
    client = page()

    assert owner.email in client.get(address).content.decode()
    assert client.post(address).status_code == 302

    owner.refresh_from_db()
    assert owner.is_verified is True
    assert "too old" in client.get(address).content.decode()
