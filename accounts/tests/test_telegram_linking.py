"""One person in Telegram is one account; joining it with an account that has a password."""

from urllib.parse import urlsplit

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import AuditEvent, LinkToken, Session, User
from accounts.services.telegram_linking import link_by_bot
from accounts.services.telegram_sign_in import make_sign_in_link
from accounts.telegram.person import TelegramPerson
from accounts.tests.telegram import USER, init_data, widget_data
from accounts.tests.test_oidc import begin, come_back, press, telegram  # noqa: F401
from config.lib.errors import ConflictError

pytestmark = pytest.mark.django_db
URL = "/api/auth/v1/telegram"
PERSON = TelegramPerson(telegram_id=501, first_name="Ivan", username="ivan")
IVAN = {**USER, "id": 501}


def by_mini_app(platform, _sandbox):
    body = {"init_data": init_data(platform.token, user=IVAN)}
    return APIClient().post("/api/auth/v1/login/social/telegram", body, format="json")


def by_bearer(platform, _sandbox):
    text = init_data(platform.token, user=IVAN, query_id="AA2")
    return APIClient().get("/api/auth/v1/me", HTTP_AUTHORIZATION=f"tma {text}")


def by_widget(platform, _sandbox):
    body = widget_data(platform.token, id=501)
    return APIClient().post("/api/auth/telegram", body, format="json")


def by_link(_platform, _sandbox):
    body = {"token": make_sign_in_link(PERSON).token, "email": "ivan@example.org"}
    return APIClient().post("/api/auth/master/exchange", body, format="json")


def by_oidc(_platform, sandbox):
    client = Client()
    come_back(client, press(sandbox, begin(client)))
    return client.get("/account")


WAYS = [by_mini_app, by_bearer, by_widget, by_link, by_oidc]


@pytest.mark.parametrize("second", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("first", WAYS, ids=lambda way: way.__name__)
def test_two_ways_are_one_account(platform, telegram, first, second):  # noqa: F811
    assert first(platform, telegram).status_code == 200
    user = User.objects.get()

    assert second(platform, telegram).status_code == 200
    assert User.objects.get() == user
    assert user.telegram_id == 501


def link(client: APIClient, platform, **fields):
    body = {"init_data": init_data(platform.token, user=IVAN, **fields)}
    return client.post(URL, body, format="json")


def test_password_account_takes_telegram_in(platform, owner, api):
    answer = link(api(owner), platform)

    assert (answer.status_code, answer.json()["telegram_id"]) == (200, 501)
    assert by_mini_app(platform, None).json()["user"]["id"] == owner.pk
    assert AuditEvent.objects.filter(action="user.telegram_linked", actor=owner).count() == 1


def test_widget_links_as_well(platform, owner, api):
    body = {"widget": widget_data(platform.token, id=501)}

    assert api(owner).post(URL, body, format="json").json()["telegram_id"] == 501


@pytest.mark.parametrize("side", ["session", "telegram"])
def test_both_sides_must_be_fresh(platform, owner, api, side):
    import time

    client, fields = api(owner), {}
    if side == "session":
        Session.objects.update(authenticated_at="2026-01-01T00:00Z")
    else:
        fields = {"auth_date": str(int(time.time()) - 601)}

    answer = link(client, platform, **fields)

    assert (answer.status_code, answer.json()["code"]) == (403, "reauthentication_required")
    assert not User.objects.filter(telegram_id=501).exists()


def test_person_with_another_account_is_taken(platform, owner, api):
    by_mini_app(platform, None)

    answer = link(api(owner), platform)

    assert (answer.status_code, answer.json()["code"]) == (409, "telegram_taken")
    owner.refresh_from_db()
    assert owner.telegram_id is None


def test_account_has_one_person(platform, owner, api):
    User.objects.filter(pk=owner.pk).update(telegram_id=600)

    assert link(api(owner), platform).json()["code"] == "telegram_linked"
    owner.refresh_from_db()
    assert owner.telegram_id == 600


def test_forged_proof_links_nothing(platform, make_bot, organization, owner, api):
    other = make_bot(organization)

    assert link(api(owner), other).status_code == 401
    assert api(owner).post(URL, {}, format="json").status_code == 400
    assert APIClient().post(URL, {}, format="json").status_code == 401
    owner.refresh_from_db()
    assert owner.telegram_id is None


def test_unlinking_ends_what_telegram_opened(platform, owner, api):
    client = api(owner)
    link(client, platform)
    by_mini_app(platform, None)

    answer = client.delete(URL)

    assert (answer.status_code, answer.json()["telegram_id"]) == (200, None)
    live = Session.objects.filter(revoked_at__isnull=True)
    assert [session.method for session in live] == ["password"]
    assert by_bearer(platform, None).json()["id"] != owner.pk


def test_last_way_in_stays(platform):
    token = by_mini_app(platform, None).json()["access_token"]
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")

    answer = client.delete(URL)

    assert (answer.status_code, answer.json()["code"]) == (422, "last_way_in")
    assert User.objects.get().telegram_id == 501


def test_page_makes_a_link_into_the_bot(platform, owner, page):
    text = page(owner).post("/account/link/telegram").content.decode()

    address = f"https://t.me/{platform.bot.username}?start=link-"
    token = text.partition(address)[2][:43]
    assert link_by_bot(token=token, person=PERSON) == owner
    owner.refresh_from_db()
    assert owner.telegram_id == 501
    assert LinkToken.objects.get().used_at is not None


def test_link_into_the_bot_can_be_used_again_after_a_refusal(platform, owner, stranger, page):
    User.objects.filter(pk=stranger.pk).update(telegram_id=501)
    text = page(owner).post("/account/link/telegram").content.decode()
    token = text.partition("?start=link-")[2][:43]

    with pytest.raises(ConflictError):
        link_by_bot(token=token, person=PERSON)
    assert LinkToken.objects.get().used_at is None


def test_page_links_by_oidc(platform, telegram, owner, page):  # noqa: F811
    client = page(owner)
    answer = come_back(client, press(telegram, begin(client, "?link=1")))

    assert urlsplit(answer["Location"]).path == "/account/link/telegram"
    owner.refresh_from_db()
    assert owner.telegram_id == 501


def test_page_unlinks(owner, page):
    User.objects.filter(pk=owner.pk).update(telegram_id=501)
    client = page(owner)
    assert "501" in client.get("/account/link/telegram").content.decode()

    client.post("/account/link/telegram", {"unlink": "1"})

    owner.refresh_from_db()
    assert owner.telegram_id is None


def test_page_of_nobody_asks_to_sign_in():
    assert Client().post("/account/link/telegram").status_code == 302
