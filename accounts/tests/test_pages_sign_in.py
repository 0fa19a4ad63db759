"""The pages outside the cabinet: every way in that is set up, and what each says when refused."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import LinkToken, Membership, Organization, Session, User
from accounts.services.email_links import ask_to_verify
from accounts.services.invitations import invitation_token, invite
from accounts.services.settings import update_site_settings
from accounts.services.telegram_sign_in import make_sign_in_link
from accounts.services.totp import begin_setup, confirm_setup
from accounts.telegram.person import TelegramPerson
from accounts.tests.conftest import PASSWORD
from accounts.tests.letters import token_in
from accounts.tests.telegram import widget_data
from accounts.tests.test_oidc import begin, come_back, press, telegram  # noqa: F401
from accounts.tests.test_totp import calm, code_of

pytestmark = pytest.mark.django_db
LINKING = "/account/link/telegram"
LONG_AGO = "2026-01-01T00:00Z"
NEW = {"email": "anna@example.org", "first_name": "Anna", "password": PASSWORD}


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


@pytest.fixture
def invitation(owner, organization):
    return invite(
        actor=owner, organization_id=organization.pk, role="manager", email="anna@example.org"
    )


@pytest.fixture
def invitation_page(invitation):
    return f"/invitations/{invitation_token(invitation)}"


def text_of(answer) -> str:
    return answer.content.decode()


def policy_of(answer) -> dict[str, list[str]]:
    parts = [part.split() for part in answer["Content-Security-Policy"].split(";")]
    return {name: sources for name, *sources in parts}


def close_registration(capture) -> None:
    with capture(execute=True):
        update_site_settings(actor=None, changes={"is_registration_open": False})


# Every way that is set up


@pytest.mark.parametrize("path", ["/login", "/register"])
def test_without_telegram_only_the_password_is_offered(visitor, path):
    text = text_of(visitor.get(path))

    assert 'name="password"' in text
    assert "Telegram</a>" not in text
    assert "t.me" not in text
    assert "telegram.org" not in text


@pytest.mark.parametrize("path", ["/login", "/register"])
def test_the_platform_bot_is_offered(visitor, platform, path):
    assert f'href="https://t.me/{platform.bot.username}?start=login"' in text_of(visitor.get(path))


def test_a_bot_that_is_switched_off_is_not_offered(visitor, platform):
    type(platform.bot).objects.update(status="stopped")

    assert "t.me" not in text_of(visitor.get("/login"))


@pytest.mark.parametrize("path", ["/login", "/register"])
def test_log_in_with_telegram_keeps_where_to_go(visitor, telegram, path):  # noqa: F811
    text = text_of(visitor.get(f"{path}?next=/account/sessions"))
    (begins,) = re.findall(r'href="(/login/telegram\?[^"]*)"', text)

    answer = come_back(visitor, press(telegram, visitor.get(begins)["Location"]))

    assert answer["Location"] == "/account/sessions"
    assert Session.objects.get().method == "oidc"


# The Login Widget


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


# What is refused on the way


def test_a_dead_link_from_the_bot_shows_the_other_ways(visitor, platform):
    link = make_sign_in_link(TelegramPerson(telegram_id=501, first_name="Ivan"))
    LinkToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    answer = visitor.get(f"/login?token={link.token}")

    assert answer.status_code == 401
    assert "This link has expired." in text_of(answer)
    assert "?start=login" in text_of(answer)
    assert 'name="password"' in text_of(answer)
    assert "is-invalid" not in text_of(answer)


def test_a_link_that_is_spent_while_one_types(visitor):
    link = make_sign_in_link(TelegramPerson(telegram_id=501, first_name="Ivan"))
    body = {"token": link.token, "email": "ivan@example.org", "name": "Ivan"}
    assert Client().post("/login/link", body).status_code == 302

    answer = visitor.post("/login/link", body)

    assert answer.status_code == 401
    assert "This link has been used already." in text_of(answer)
    assert Session.objects.count() == 1


def test_no_answer_of_telegram_leaves_the_other_ways(visitor, telegram):  # noqa: F811
    answer = visitor.get("/login/telegram/callback?state=x&code=y")

    assert answer.status_code == 401
    assert "Telegram did not confirm the sign-in." in text_of(answer)
    assert 'action="/login"' in text_of(answer)


def test_closed_registration_turns_a_new_person_of_telegram_away(
    visitor,
    telegram,  # noqa: F811
    django_capture_on_commit_callbacks,
):
    close_registration(django_capture_on_commit_callbacks)

    answer = come_back(visitor, press(telegram, begin(visitor)))

    assert answer.status_code == 403
    assert "Registration is closed." in text_of(answer)
    assert not User.objects.exists()


def test_the_page_for_the_code_needs_a_first_factor(visitor, db):
    answer = visitor.get("/login/code")

    assert answer.status_code == 401
    assert "Please sign in once more." in text_of(answer)
    assert 'name="otp"' not in text_of(answer)
    assert 'name="password"' in text_of(answer)


def test_who_is_signed_in_has_nothing_to_do_at_the_code(owner, page):
    assert page(owner).get("/login/code")["Location"] == "/home"


def test_a_refused_form_leaves_the_focus_to_what_is_wrong(visitor, db):
    assert "autofocus" in text_of(visitor.get("/login"))

    for body in ({}, {"login": "olga", "password": "wrong"}):
        text = text_of(visitor.post("/login", body))
        assert "data-focus" in text
        assert "autofocus" not in text


def test_a_refusal_of_the_whole_form_is_its_own_headline(visitor, db):
    text = text_of(visitor.post("/login", {"login": "olga", "password": "wrong"}))

    assert "Wrong login or password." in text
    assert "Please check" not in text


# Linking


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


# Registration on the way to somebody else's organization


def test_who_was_invited_opens_no_organization(visitor, invitation_page, organization):
    shown = text_of(visitor.get(f"/register?next={invitation_page}"))
    assert 'name="organization_name"' not in shown
    assert 'value="anna@example.org"' in shown
    assert "“Bicycles”" in shown

    answer = visitor.post(
        f"/register?next={invitation_page}", {**NEW, "organization_name": "Mine anyway"}
    )

    assert answer["Location"] == invitation_page
    assert Organization.objects.get() == organization
    visitor.post(invitation_page)
    member = Membership.objects.get(user__email="anna@example.org")
    assert (member.organization, member.role) == (organization, "manager")


def test_an_invitation_that_is_dead_opens_none_either(visitor, db):
    shown = text_of(visitor.get("/register?next=/invitations/dead"))
    assert "Afterwards you accept" not in shown

    assert visitor.post("/register?next=/invitations/dead", NEW).status_code == 302
    assert not Organization.objects.exists()


@pytest.mark.parametrize(
    "target",
    ["", "/account", "/invitationsx", "/invitations/", "/invitations/a/b", "//evil/invitations/x"],
)
def test_whoever_goes_elsewhere_gets_an_organization(visitor, db, target):
    assert 'name="organization_name"' in text_of(visitor.get(f"/register?next={target}"))

    visitor.post(f"/register?next={target}", NEW)

    assert Organization.objects.get().name == "Anna"


def test_sign_in_and_registration_keep_the_invitation(visitor, invitation_page):
    shown = text_of(visitor.get(invitation_page))
    onwards = re.findall(r'href="(/(?:login|register)\?next=[^"]*)"', shown)

    assert len(onwards) == 2
    for address in onwards:
        other = text_of(visitor.get(address))
        assert f'name="next" value="{invitation_page}"' in other
        assert f"next={invitation_page.replace('/', '%2F')}" in other


def test_a_member_has_nothing_to_accept(owner, page, invitation_page):
    shown = text_of(page(owner).get(invitation_page))

    assert "You work there already" in shown
    assert ">Accept<" not in shown


def test_closed_registration_shows_no_form(visitor, db, django_capture_on_commit_callbacks):
    close_registration(django_capture_on_commit_callbacks)

    shown = text_of(visitor.get("/register"))

    assert "Nobody can register here at the moment." in shown
    assert 'name="password"' not in shown


def test_the_bot_would_lead_away_from_an_invitation(visitor, platform, telegram, invitation_page):  # noqa: F811
    for path in ("/login", "/register"):
        text = text_of(visitor.get(f"{path}?next={invitation_page}"))
        assert "t.me" not in text
        assert "/login/telegram?next=%2Finvitations" in text


# Proving it is oneself


def test_a_password_that_is_the_only_proof_is_not_optional(owner, page):
    client = page(owner)
    assert "optional" not in text_of(client.get("/account/confirm"))

    assert client.post("/account/confirm", {"password": ""}).status_code == 400


def test_of_password_and_code_either_is_enough(owner, page):
    client = page(owner)
    code = guard(owner)
    Session.objects.update(authenticated_at=LONG_AGO)
    shown = text_of(client.get("/account/confirm?next=/account/email"))
    assert "Either of the two is enough." in shown
    assert shown.count("optional") == 2

    for proof in ({"password": PASSWORD}, {"otp": code()}):
        Session.objects.update(authenticated_at=LONG_AGO)
        answer = client.post("/account/confirm?next=/account/email", proof)
        assert answer["Location"] == "/account/email"
        assert client.get("/account/email").status_code == 200


# Letters


def test_the_reset_says_the_same_to_everybody(owner, visitor):
    for email in (owner.email, "nobody@example.org"):
        text = text_of(visitor.post("/password/reset", {"email": email}))
        assert f"If {email} is registered" in text


@pytest.mark.django_db(transaction=True)
def test_the_form_for_a_new_password_names_the_account(owner, visitor, mails):
    visitor.post("/password/reset", {"email": owner.email})
    address = f"/password/reset/confirm?token={token_in(mails()[0])}"

    shown = text_of(visitor.get(address))

    assert f'value="{owner.email}" autocomplete="username"' in shown
    assert visitor.post(address, {"password": "a-much-better-one-77"})["Location"] == "/login"
    assert "This link no longer works" in text_of(visitor.get(address))


@pytest.mark.django_db(transaction=True)
def test_a_dead_link_to_an_address_leads_to_another(owner, page, visitor, mails):
    User.objects.filter(pk=owner.pk).update(is_verified=False)
    owner.refresh_from_db()
    ask_to_verify(owner)
    address = f"/email/confirm?token={token_in(mails()[0])}"
    assert owner.email in text_of(visitor.get(address))
    assert visitor.post(address).status_code == 302

    assert "/login?next=/account/security" in text_of(visitor.get(address))
    assert 'href="/account/security"' in text_of(page(owner).get(address))
