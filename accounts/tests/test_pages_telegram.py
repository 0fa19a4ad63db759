"""Pages of the Login Widget and of linking Telegram with an account."""

import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client

from accounts.models import LinkToken, Session, User
from accounts.services.totp import begin_setup, confirm_setup
from accounts.tests.conftest import PASSWORD
from accounts.tests.telegram import widget_data
from accounts.tests.test_oidc import begin, come_back, press, telegram  # noqa: F401
from accounts.tests.test_totp import calm, code_of

pytestmark = pytest.mark.django_db
LINKING = "/account/link/telegram"
LONG_AGO = "2026-01-01T00:00Z"


@pytest.fixture
def visitor():
    return Client(HTTP_ACCEPT_LANGUAGE="en")


@pytest.fixture
def widget(platform, settings):
    """The Login Widget switched on; its bot's token."""
    settings.TELEGRAM_LOGIN_WIDGET = True
    return platform.token


@pytest.fixture
def guarded(owner):
    """The owner, who is 500 in Telegram and has a second factor; a maker of its codes."""
    User.objects.filter(pk=owner.pk).update(telegram_id=500)
    return guard(owner)


def guard(user):
    begin_setup(user)
    confirm_setup(user=user, code=code_of(user))
    calm(user)
    return lambda: code_of(user)


def text_of(answer) -> str:
    return answer.content.decode()


def policy_of(answer) -> dict[str, list[str]]:
    parts = [part.split() for part in answer["Content-Security-Policy"].split(";")]
    return {name: sources for name, *sources in parts}


def widget_address(client: Client, path: str = "/login") -> str:
    """Return where the widget on a page would send the browser, without its fields."""
    (address,) = re.findall(r'data-auth-url="([^"]*)"', text_of(client.get(path)))
    parts = urlsplit(address.replace("&amp;", "&"))
    return f"{parts.path}?{parts.query}"


def press_widget(client: Client, token: str, address: str | None = None, **fields):
    address = address or widget_address(client)
    return client.get(f"{address}&{urlencode(widget_data(token, **fields))}")


def test_widget_signs_in_and_goes_on(visitor, widget):
    address = widget_address(visitor, "/login?next=/account/sessions")

    answer = press_widget(visitor, widget, address)

    assert (answer.status_code, answer["Location"]) == (302, "/account/sessions")
    assert User.objects.get().telegram_id == 500
    assert Session.objects.get().method == "widget"
    assert visitor.get("/account").status_code == 200


def test_only_the_pages_of_the_widget_let_its_script_in(visitor, widget, settings):
    for path in ("/login", "/register"):
        policy = policy_of(visitor.get(path))
        assert policy["script-src"] == ["'self'", "https://telegram.org"]
        assert policy["frame-src"] == ["https://oauth.telegram.org"]
    assert "script-src" not in policy_of(visitor.get("/"))

    settings.TELEGRAM_LOGIN_WIDGET = False
    shown = visitor.get("/login")
    assert "script-src" not in policy_of(shown)
    assert "telegram.org" not in text_of(shown)


def test_the_fields_of_one_browser_sign_no_other_in(visitor, widget):
    address = widget_address(visitor)
    victim = Client()
    widget_address(victim)

    for client in (victim, Client()):
        assert press_widget(client, widget, address).status_code == 401
    assert not Session.objects.exists()


def test_the_address_works_once(visitor, widget):
    address = widget_address(visitor)
    assert press_widget(visitor, widget, address).status_code == 302
    visitor.post("/logout")

    assert press_widget(visitor, widget, address).status_code == 401


def test_two_tabs_have_the_same_address(visitor, widget):
    assert widget_address(visitor) == widget_address(visitor)


@pytest.mark.parametrize(
    "change", [{"hash": "0" * 64}, {"hash": ""}, {"auth_date": 1}, {"first_name": "Boris"}]
)
def test_forged_widget_is_refused_where_the_other_ways_are(visitor, widget, change):
    address = widget_address(visitor)
    fields = {**widget_data(widget), **change}

    answer = visitor.get(f"{address}&{urlencode(fields)}")

    assert answer.status_code == 401
    assert 'role="alert"' in text_of(answer)
    assert 'name="password"' in text_of(answer)
    assert not User.objects.exists()


def test_switched_off_there_is_no_way_back_from_the_widget(visitor, platform):
    assert visitor.get("/login/telegram/widget?state=").status_code == 404


def test_widget_asks_for_the_second_factor(visitor, widget, guarded):
    answer = press_widget(visitor, widget, widget_address(visitor, "/login?next=/account"))

    assert answer["Location"] == "/login/code?next=%2Faccount"
    assert not Session.objects.exists()
    assert visitor.post(answer["Location"], {"otp": guarded()})["Location"] == "/account"
    assert Session.objects.get().method == "widget"


def test_linking_asks_for_a_fresh_proof_and_comes_back(platform, owner, page):
    client = page(owner)
    Session.objects.update(authenticated_at=LONG_AGO)

    answer = client.post(LINKING)

    assert answer["Location"] == f"/account/confirm?next={LINKING.replace('/', '%2F')}"
    assert not LinkToken.objects.exists()
    assert client.post(answer["Location"], {"password": PASSWORD})["Location"] == LINKING
    assert "?start=link-" in text_of(client.post(LINKING))


def test_unlinking_asks_for_a_fresh_proof(owner, page):
    User.objects.filter(pk=owner.pk).update(telegram_id=501)
    client = page(owner)
    Session.objects.update(authenticated_at=LONG_AGO)

    assert client.post(LINKING, {"unlink": "1"})["Location"].startswith("/account/confirm?")
    owner.refresh_from_db()
    assert owner.telegram_id == 501


def test_linking_by_signing_in_to_telegram_goes_on_after_the_proof(telegram, owner, page):  # noqa: F811
    client = page(owner)
    Session.objects.update(authenticated_at=LONG_AGO)

    asked = begin(client, "?link=1")

    assert parse_qs(urlsplit(asked).query)["next"] == ["/login/telegram?link=1"]
    onwards = client.post(asked, {"password": PASSWORD})["Location"]
    address = client.get(onwards)["Location"]
    assert come_back(client, press(telegram, address))["Location"] == LINKING
    owner.refresh_from_db()
    assert owner.telegram_id == 501


def test_who_waited_too_long_at_telegram_confirms_again(telegram, owner, page):  # noqa: F811
    client = page(owner)
    address = press(telegram, begin(client, "?link=1"))
    Session.objects.update(authenticated_at=LONG_AGO)

    answer = come_back(client, address)

    assert parse_qs(urlsplit(answer["Location"]).query)["next"] == [LINKING]
    owner.refresh_from_db()
    assert owner.telegram_id is None


def test_a_person_who_has_another_account_is_told_on_the_page(telegram, owner, stranger, page):  # noqa: F811
    User.objects.filter(pk=stranger.pk).update(telegram_id=501)
    client = page(owner)

    answer = come_back(client, press(telegram, begin(client, "?link=1")))

    assert answer.status_code == 409
    assert "This person in Telegram has another account here." in text_of(answer)
    owner.refresh_from_db()
    assert owner.telegram_id is None


def test_the_last_way_in_is_told_on_the_page(visitor, widget):
    press_widget(visitor, widget)

    answer = visitor.post(LINKING, {"unlink": "1"})

    assert answer.status_code == 422
    assert "Set a password first" in text_of(answer)
    assert User.objects.get().telegram_id == 500


def test_without_a_bot_the_page_says_so(owner, page):
    shown = text_of(page(owner).get(LINKING))

    assert "has no bot in Telegram yet" in shown
    assert '<button class="btn btn-primary"' not in shown
