"""POST /api/auth/telegram: the Login Widget's fields, by the rule of its own key."""

import hashlib
import hmac
import json
import time

import pytest
from rest_framework.test import APIClient

from accounts.models import Session, User
from accounts.services.sessions import revoke_session
from accounts.tests.telegram import init_data, lines, widget_data
from accounts.tokens import decode_access_token

pytestmark = pytest.mark.django_db
URL = "/api/auth/telegram"


def post(body: object):
    return APIClient().post(URL, json.dumps(body), content_type="application/json")


def test_widget_of_the_sandbox_signs_in(sandbox, platform, settings):
    sandbox.control("telegram/bots", {"token": platform.token, "username": "platform_bot"})
    user = {"id": 501, "first_name": "Анна", "last_name": "К", "username": "anna"}
    body = sandbox.control("telegram/widget", {"bot": platform.token, "user": user})["widget"]

    answer = post(body)

    assert answer.status_code == 200
    assert answer.json()["user"]["telegram_id"] == 501
    assert answer.json()["expires_in"] == settings.JWT_EXPIRES_SECONDS == 7 * 86400
    assert Session.objects.get().method == "widget"


def test_access_token_lives_a_week_and_dies_with_its_session(platform, time_machine_at):
    token = post(widget_data(platform.token)).json()["access_token"]
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    assert client.get("/api/auth/v1/me").status_code == 200
    with time_machine_at(6.9 * 86400):
        assert decode_access_token(token).user_id == User.objects.get().pk

    revoke_session(session_id=Session.objects.get().pk)

    assert client.get("/api/auth/v1/me").json()["code"] == "session_revoked"


@pytest.fixture
def time_machine_at():
    import time_machine

    return lambda seconds: time_machine.travel(time.time() + seconds)


def test_same_fields_again_are_the_same_session(platform):
    body = widget_data(platform.token)

    assert [post(body).status_code for _ in range(3)] == [200] * 3
    assert Session.objects.count() == 1


@pytest.mark.parametrize(
    "change", [{"id": "500"}, {"id": 500.0}, {"last_name": None}, {"unsigned": "x"}]
)
def test_numbers_and_absent_fields_as_clients_send_them(platform, change):
    assert post({**widget_data(platform.token), **change}).status_code == 200


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"id": 501}, "telegram_data_forged"),
        ({"first_name": "Boris"}, "telegram_data_forged"),
        ({"last_name": ""}, "telegram_data_forged"),
        ({"username": "x"}, "telegram_data_forged"),
        ({"hash": "0" * 64}, "telegram_data_forged"),
        ({"hash": "A" * 64}, "telegram_data_malformed"),
        ({"hash": None}, "telegram_data_malformed"),
        ({"hash": 5}, "telegram_data_malformed"),
        ({"id": True}, "telegram_data_malformed"),
        ({"id": 500.5}, "telegram_data_malformed"),
        ({"id": 10**30}, "telegram_data_malformed"),
        ({"id": [500]}, "telegram_data_malformed"),
        ({"first_name": {"a": 1}}, "telegram_data_malformed"),
        ({"first_name": "Ivan\nid=501"}, "telegram_data_malformed"),
        ({"first_name": "\ud800"}, "telegram_data_malformed"),
        ({"first_name": "x" * 5000}, "telegram_data_malformed"),
        ({"auth_date": None}, "telegram_data_malformed"),
        ({"auth_date": -5}, "telegram_data_malformed"),
        ({"auth_date": "now"}, "telegram_data_malformed"),
        ({"auth_date": 1}, "telegram_data_expired"),
        ({"auth_date": 99999999999}, "telegram_data_early"),
    ],
)
def test_forged_fields_are_refused(platform, change, code):
    answer = post({**widget_data(platform.token), **change})

    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert not User.objects.exists()


@pytest.mark.parametrize("body", [[], [1], "text", 5, None, True])
def test_body_that_is_no_object(platform, body):
    assert post(body).status_code in (400, 401)


@pytest.mark.parametrize("change", [{"id": 0}, {"id": -1}, {"id": 2**52 + 1}, {"id": "five"}])
def test_ids_that_nobody_has(platform, change):
    answer = post(widget_data(platform.token, **change))

    assert (answer.status_code, answer.json()["code"]) == (401, "telegram_person_invalid")


def test_another_bots_widget_and_the_mini_apps_key(platform, make_bot, organization):
    other = make_bot(organization)
    body = widget_data(platform.token)
    given = {name: value for name, value in body.items() if name != "hash"}
    key = hmac.digest(b"WebAppData", platform.token.encode(), "sha256")
    mini_app = hmac.new(key, lines(given).encode(), hashlib.sha256).hexdigest()

    assert post(widget_data(other.token)).json()["code"] == "telegram_data_forged"
    assert post({**body, "hash": mini_app}).json()["code"] == "telegram_data_forged"
    assert post({"init_data": init_data(platform.token)}).status_code == 401


def test_without_a_platform_bot_nobody_is_vouched_for(db):
    assert post(widget_data("1:x")).json()["code"] == "telegram_bot_unknown"
