"""POST /api/auth/admin, and the second factor on the ways that lead through Telegram."""

import time

import pytest
from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice
from rest_framework.test import APIClient

from accounts.models import Session, User
from accounts.services.telegram_sign_in import make_sign_in_link
from accounts.telegram.person import TelegramPerson
from accounts.tests.conftest import PASSWORD
from accounts.tests.telegram import init_data, widget_data
from accounts.tests.test_oidc import begin, come_back, press, telegram  # noqa: F401

pytestmark = pytest.mark.django_db
URL = "/api/auth/admin"


def login(**body):
    return APIClient().post(URL, {"password": PASSWORD, **body}, format="json")


@pytest.fixture
def guarded(staff):
    """Staff with an authenticator app, known in Telegram; returns its present code."""
    device = TOTPDevice.objects.create(user=staff, name="authenticator", confirmed=True)
    User.objects.filter(pk=staff.pk).update(telegram_id=500)

    def code() -> str:
        totp = TOTP(device.bin_key, device.step, device.t0, device.digits)
        totp.time = time.time()
        return f"{totp.token():06d}"

    return code


def test_staff_gets_a_token_of_a_week(staff, settings):
    answer = login(login="sveta")

    assert answer.status_code == 200
    assert answer.json()["expires_in"] == settings.JWT_EXPIRES_SECONDS
    assert answer.json()["user"]["role"] == "SUPERUSER"


def test_others_are_turned_away(owner, staff):
    assert login(login="olga").status_code == 403
    assert login(login="sveta", password="wrong").json()["code"] == "invalid_credentials"
    assert not Session.objects.exists()


def test_second_factor_is_asked_for(guarded):
    missing, wrong = login(login="sveta"), login(login="sveta", otp="000000x")

    assert (missing.status_code, missing.json()["code"]) == (401, "otp_required")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "otp_invalid")
    assert not Session.objects.exists()
    assert login(login="sveta", otp=guarded()).status_code == 200


def by_mini_app(platform, **more):
    body = {"init_data": init_data(platform.token), **more}
    return APIClient().post("/api/auth/v1/login/social/telegram", body, format="json")


def by_widget(platform, **more):
    body = {**widget_data(platform.token), **more}
    return APIClient().post("/api/auth/telegram", body, format="json")


def by_link(_platform, **more):
    link = make_sign_in_link(TelegramPerson(telegram_id=500))
    body = {"token": link.token, **more}
    return APIClient().post("/api/auth/master/exchange", body, format="json")


@pytest.mark.parametrize("way", [by_mini_app, by_widget, by_link])
def test_telegram_is_no_way_round_it(platform, guarded, way):
    refused = way(platform)

    assert (refused.status_code, refused.json()["code"]) == (401, "otp_required")
    assert not Session.objects.exists()
    assert way(platform, otp=guarded()).status_code == 200


def test_bearer_asks_for_it_until_the_body_has_shown_it(platform, guarded):
    text = init_data(platform.token)

    def ask():
        return APIClient().get("/api/auth/v1/me", HTTP_AUTHORIZATION=f"tma {text}")

    assert ask().json()["code"] == "otp_required"
    body = {"init_data": text, "otp": guarded()}
    assert (
        APIClient().post("/api/auth/v1/login/social/telegram", body, format="json").status_code
        == 200
    )
    assert ask().status_code == 200


def test_oidc_asks_for_it_on_a_page(telegram, guarded):  # noqa: F811
    User.objects.update(telegram_id=501)
    client = Client(HTTP_ACCEPT_LANGUAGE="en")

    answer = come_back(client, press(telegram, begin(client)))

    assert answer["Location"] == "/login/code?next=%2Fhome"
    assert client.get("/account").status_code == 302
    assert client.post("/login/code", {"otp": ""}).status_code == 400
    assert client.post("/login/code", {"otp": guarded()}).status_code == 302
    assert Session.objects.get().method == "oidc"
    assert client.get("/account").status_code == 200


def test_page_for_the_code_alone_opens_nothing(guarded):
    assert Client().post("/login/code", {"otp": guarded()}).status_code == 401
