"""The pages outside the cabinet: every way in that is set up, and what each says when refused."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import LinkToken, Membership, Organization, Session, User
from accounts.services.email_links import ask_to_verify
from accounts.services.invitations import invitation_token, invite
from accounts.services.settings import update_site_settings
from accounts.services.telegram_sign_in import make_sign_in_link
from accounts.telegram.person import TelegramPerson
from accounts.tests.conftest import PASSWORD
from accounts.tests.letters import token_in
from accounts.tests.test_oidc import begin, come_back, press, telegram  # noqa: F401
from accounts.tests.test_pages_telegram import LONG_AGO, guard, text_of

pytestmark = pytest.mark.django_db
NEW = {"email": "anna@example.org", "first_name": "Anna", "password": PASSWORD}


@pytest.fixture
def visitor():
    return Client(HTTP_ACCEPT_LANGUAGE="en")


@pytest.fixture
def invitation(owner, organization):
    return invite(
        actor=owner, organization_id=organization.pk, role="manager", email="anna@example.org"
    )


@pytest.fixture
def invitation_page(invitation):
    return f"/invitations/{invitation_token(invitation)}"


def close_registration(capture) -> None:
    with capture(execute=True):
        update_site_settings(actor=None, changes={"is_registration_open": False})


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

    assert "Registration is closed at the moment." in shown
    assert 'name="password"' not in shown


def test_the_bot_would_lead_away_from_an_invitation(visitor, platform, telegram, invitation_page):  # noqa: F811
    for path in ("/login", "/register"):
        text = text_of(visitor.get(f"{path}?next={invitation_page}"))
        assert "t.me" not in text
        assert "/login/telegram?next=%2Finvitations" in text


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
