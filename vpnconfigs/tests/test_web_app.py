"""The shop inside of Telegram: the shell, and pages that a bearer opens."""

import json

import pytest
from django.test import Client
from django.urls import resolve

from accounts.services.sessions import issue_tokens, open_session, revoke_session
from config.lib.mini_app import web_app_url
from vpnconfigs.models import Config
from vpnconfigs.tests.test_web_configs import text_of
from vpnconfigs.web.app_shell import start_path

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(owner):
    return open_session(user=owner)


@pytest.fixture
def bearer(session):
    return {"Authorization": f"Bearer {issue_tokens(session).access_token}"}


@pytest.fixture
def framed():
    """A browser that would insist on a CSRF token, and brings none."""
    return Client(enforce_csrf_checks=True)


def test_the_shell_may_be_framed_by_telegram_alone(settings, client):
    settings.TELEGRAM_WEB_ORIGINS = ["https://web.telegram.org"]
    answer = client.get("/app?to=/requests")
    assert 'data-start="/requests"' in text_of(answer)
    policy = answer["Content-Security-Policy"]
    assert "frame-ancestors 'self' https://web.telegram.org" in policy
    assert "default-src 'self'" in policy
    assert "X-Frame-Options" not in answer
    assert "unsafe" not in policy
    other = client.get("/news")
    assert "frame-ancestors 'none'" in other["Content-Security-Policy"]
    assert other["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize(
    ("wanted", "start"),
    [
        ("/requests", "/requests"),
        ("/configs/new?x=1", "/configs/new?x=1"),
        ("/admin/", "/configs"),
        ("/account", "/configs"),
        ("/app", "/configs"),
        ("//evil.example/configs", "/configs"),
        ("https://evil.example/configs", "/configs"),
        ("javascript:alert(1)", "/configs"),
        ("http://[", "/configs"),
        ("/nothing", "/configs"),
        ("", "/configs"),
    ],
)
def test_only_pages_of_the_shop_open_in_it(wanted, start):
    assert start_path(wanted) == start


def test_where_a_button_leads(settings):
    settings.SITE_URL = "https://shop.example"
    url = web_app_url("/configs/7?a=b&c")
    assert url == "https://shop.example/app?to=/configs/7%3Fa%3Db%26c"
    assert resolve("/app").url_name == "app"


def test_a_bearer_opens_pages_and_needs_no_csrf_token(framed, bearer, owner, inbound, tariff):
    assert "Your first config" in text_of(framed.get("/configs", headers=bearer))
    made = framed.post("/configs/new", {"tariff": str(tariff.pk)}, headers=bearer)
    config = Config.objects.get(user=owner)
    assert made.status_code == 204
    told = json.loads(made["X-App-Go"])
    assert told["path"] == f"/configs/{config.pk}"
    assert [message["level"] for message in told["messages"]] == ["success"]
    page = text_of(framed.get(told["path"], headers=bearer))
    assert "vless://" in page
    # Neither the way to the account nor pictures that only a cookie opens.
    assert 'class="section-link" href="/account"' not in page
    assert "qr.png" not in page


def test_a_cookie_still_needs_the_csrf_token(owner, page, inbound, tariff):
    visitor = page(owner)
    visitor.handler.enforce_csrf_checks = True
    assert visitor.post("/configs/new", {"tariff": str(tariff.pk)}).status_code == 403
    assert not Config.objects.exists()


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer ", "Basic eDp5", "tma x"])
def test_a_bad_bearer_is_nobody_whatever_cookie_comes_with_it(owner, page, inbound, tariff, header):
    visitor = page(owner)
    headers = {"Authorization": header}
    assert visitor.get("/configs", headers=headers).status_code == 401
    body = {"tariff": str(tariff.pk)}
    assert visitor.post("/configs/new", body, headers=headers).status_code == 401
    assert not Config.objects.exists()


def test_a_bearer_counts_and_not_the_cookie(page, owner, stranger, make_config, bearer):
    config = make_config(owner)
    visitor = page(stranger)
    assert visitor.get(f"/configs/{config.pk}", headers=bearer).status_code == 200
    assert visitor.get(f"/configs/{config.pk}").status_code == 404


def test_an_ended_session_opens_nothing(framed, bearer, session):
    revoke_session(session_id=session.pk)
    assert framed.get("/configs", headers=bearer).status_code == 401


def test_other_pages_are_not_opened_by_a_bearer(framed, bearer):
    for path in ("/account", "/client", "/admin/"):
        assert framed.get(path, headers=bearer).status_code == 302, path


def test_the_person_is_answered_in_their_language_and_zone(framed, bearer, owner, make_config):
    owner.lang_code, owner.timezone = "ru", "Asia/Vladivostok"
    owner.save()
    make_config(owner, valid_to="2030-01-01T20:00:00Z")
    answer = framed.get("/configs", headers={**bearer, "Accept-Language": "en"})
    assert answer["Content-Language"] == "ru"
    assert "2 января 2030" in text_of(answer)
