"""A forgotten password, by mail; a known one, replaced."""

import pytest

from accounts.models import AuditEvent, LinkToken, Session
from accounts.tests.letters import token_in
from conftest import PASSWORD
from integrations.models import Delivery

pytestmark = pytest.mark.django_db(transaction=True)
NEW = "another-horse-battery-7"
RESET = "/api/auth/v1/password/reset"
CONFIRM = f"{RESET}/confirm"


def ask(api, email: str) -> None:
    answer = api().post(RESET, {"email": email}, format="json")
    assert answer.status_code == 202, answer.content
    assert answer.content == b""


def confirm(api, token: str, password: str = NEW):
    return api().post(CONFIRM, {"token": token, "password": password}, format="json")


def sign_in(api, login: str, password: str):
    return api().post("/api/auth/v1/login", {"login": login, "password": password}, format="json")


def test_a_reset_replaces_the_password_and_ends_everything(api, owner, mails):
    client = api(owner)
    ask(api, owner.email.upper())
    [letter] = mails()
    assert letter.to == [owner.email]

    assert confirm(api, token_in(letter)).status_code == 204

    assert client.get("/api/auth/v1/me").status_code == 401
    assert sign_in(api, owner.username, PASSWORD).status_code == 401
    assert sign_in(api, owner.username, NEW).status_code == 200
    owner.refresh_from_db()
    assert (owner.token_version, owner.is_verified) == (2, True)
    assert set(
        Session.objects.filter(revoked_at__isnull=False).values_list("revoke_reason", flat=True)
    ) == {"password_reset"}
    assert AuditEvent.objects.filter(action="user.password_reset").count() == 1


def test_a_reset_tells_the_person(api, owner, mails):
    from notifications.services.planning import plan_due

    ask(api, owner.email)
    confirm(api, token_in(mails()[0]))
    plan_due()

    assert [letter.subject for letter in mails()] == ["Your password was changed"]


def test_a_link_works_once(api, owner, mails):
    ask(api, owner.email)
    token = token_in(mails()[0])
    confirm(api, token)

    again = confirm(api, token, "third-horse-battery-5")

    assert (again.status_code, again.json()["code"]) == (400, "link_invalid")
    assert sign_in(api, owner.username, NEW).status_code == 200


def test_a_weak_password_leaves_the_link_good(api, owner, mails):
    ask(api, owner.email)
    token = token_in(mails()[0])

    refused = confirm(api, token, "12345678")

    assert refused.status_code == 400
    assert {error["field"] for error in refused.json()["errors"]} == {"password"}
    assert confirm(api, token).status_code == 204


def test_an_unknown_address_gets_the_same_answer_and_no_mail(api, owner, mails):
    ask(api, "nobody@example.org")

    assert mails() == []
    assert LinkToken.objects.get().user is None
    assert Delivery.objects.get().state == Delivery.State.CANCELLED


def test_a_banned_person_gets_no_mail(api, owner, mails):
    type(owner).objects.filter(pk=owner.pk).update(is_active=False)

    ask(api, owner.email)

    assert mails() == []


def test_a_newer_link_replaces_an_older_one(api, owner, mails):
    ask(api, owner.email)
    first = token_in(mails()[0])
    ask(api, owner.email)

    assert confirm(api, first).status_code == 400
    assert confirm(api, token_in(mails()[0])).status_code == 204


def test_an_old_link_opens_nothing(api, owner, mails):
    from datetime import timedelta

    from django.utils import timezone

    ask(api, owner.email)
    token = token_in(mails()[0])
    LinkToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert confirm(api, token).json()["code"] == "link_invalid"
    assert sign_in(api, owner.username, PASSWORD).status_code == 200


def test_the_sixth_mail_within_an_hour_is_not_sent(api, owner, mails):
    for _number in range(7):
        ask(api, owner.email)

    assert LinkToken.objects.filter(user=owner).count() == 5


def test_a_link_of_another_purpose_sets_no_password(api, owner, mails):
    from accounts.services.email_links import ask_to_verify

    ask_to_verify(owner)

    assert confirm(api, token_in(mails()[0])).json()["code"] == "link_invalid"


def test_a_reset_ends_tokens_of_programs(api, owner, mails):
    from accounts.services.api_tokens import create_token

    made = create_token(user=owner, name="script", scopes=["profile:read"])
    ask(api, owner.email)
    confirm(api, token_in(mails()[0]))

    made.token.refresh_from_db()
    assert made.token.revoked_at is not None


def test_a_change_keeps_this_session_and_ends_the_others(api, owner):
    here, there = api(owner), api(owner)

    answer = here.post(
        "/api/auth/v1/password/change",
        {"current_password": PASSWORD, "password": NEW},
        format="json",
    )

    assert answer.status_code == 200, answer.content
    assert there.get("/api/auth/v1/me").status_code == 401
    assert here.get("/api/auth/v1/me").status_code == 401
    here.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.json()['access_token']}")
    assert here.get("/api/auth/v1/me").status_code == 200


def test_a_change_asks_for_the_present_password(api, owner):
    answer = api(owner).post(
        "/api/auth/v1/password/change",
        {"current_password": "wrong", "password": NEW},
        format="json",
    )

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")
    assert sign_in(api, owner.username, PASSWORD).status_code == 200
