"""Pages: sign-in and out, registration, account, sessions, language, where one lands."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.models import Membership, Organization, Session, User
from accounts.services.settings import update_site_settings
from accounts.tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
CREDENTIALS = {"login": "olga", "password": PASSWORD}
LANGUAGE = settings.LANGUAGE_COOKIE_NAME


def ended(client: Client) -> bool:
    return client.get("/account").status_code == 302


@pytest.mark.parametrize("path", ["/", "/login", "/register", "/login/"])
@pytest.mark.parametrize(("accepts", "language"), [("ru", "ru"), ("en-GB", "en"), ("fi", "ru")])
def test_open_pages_in_both_languages(path, accepts, language):
    answer = Client().get(path, HTTP_ACCEPT_LANGUAGE=accepts)

    assert answer.status_code == 200
    assert answer["Content-Language"] == language
    assert f'lang="{language}"' in answer.content.decode()


def test_sign_in_keeps_nothing_but_the_session_id_in_the_cookie(owner):
    client = Client()
    answer = client.post("/login", CREDENTIALS)

    assert answer.status_code == 302
    session = Session.objects.get()
    assert dict(client.session.items()) == {"sid": str(session.pk)}
    cookie = answer.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert client.get("/account").status_code == 200


def test_sign_in_changes_the_csrf_token_and_drops_what_was_planted(owner):
    client = Client()
    client.get("/login")
    before = client.cookies["csrftoken"].value
    planted = client.session
    planted["organization"] = "planted"
    planted.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = planted.session_key

    client.post("/login", CREDENTIALS)

    assert client.cookies["csrftoken"].value != before
    assert set(client.session.keys()) == {"sid"}


def test_signing_in_again_ends_the_session_before(owner, stranger):
    client = Client()
    client.post("/login", CREDENTIALS)
    client.post("/login", {"login": "stas", "password": PASSWORD})

    assert Session.objects.get(user=owner).revoked_at is not None
    assert Session.objects.get(user=stranger).revoked_at is None


def test_forms_need_a_csrf_token(owner):
    client = Client(enforce_csrf_checks=True)

    assert client.post("/login", CREDENTIALS).status_code == 403
    assert client.post("/logout").status_code == 403
    assert not Session.objects.exists()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"login": "olga", "password": "wrong"}, 401),
        ({"login": "nobody", "password": PASSWORD}, 401),
        ({"login": "olga"}, 400),
        ({}, 400),
        ({"login": "olga\x00", "password": PASSWORD}, 400),
    ],
)
def test_refused_sign_in_shows_the_form_again(owner, body, status):
    answer = Client(HTTP_ACCEPT_LANGUAGE="en").post("/login", body)

    assert answer.status_code == status
    text = answer.content.decode()
    assert 'name="password"' in text
    assert PASSWORD not in text
    assert not Session.objects.exists()
    if status == 401:
        assert "Wrong login or password." in text


@pytest.mark.parametrize(
    ("wanted", "lands"),
    [
        ("/account", "/account"),
        ("/account?x=1", "/account?x=1"),
        ("", "/home"),
        ("https://evil.example/", "/home"),
        ("//evil.example/", "/home"),
        ("/\\evil.example", "/home"),
        ("javascript:alert(1)", "/home"),
        ("http:///evil.example", "/home"),
        ("\x00/", "/home"),
    ],
)
def test_next_leads_nowhere_else(owner, wanted, lands):
    answer = Client().post("/login", {**CREDENTIALS, "next": wanted})

    assert answer.status_code == 302
    assert answer["Location"] == lands


def test_who_is_signed_in_needs_no_form(owner, page):
    client = page(owner)

    assert client.get("/login?next=/account")["Location"] == "/account"
    assert client.get("/register")["Location"] == "/home"


def test_home_depends_on_who_comes(owner, stranger, staff, organization, page):
    assert Client().get("/home")["Location"] == "/login?next=/home"
    assert page(owner).get("/home")["Location"] == "/client"
    assert page(staff).get("/home")["Location"] == "/admin/"
    assert page(stranger).get("/home")["Location"] == "/configs"


def test_register_signs_in_as_owner():
    client = Client()
    answer = client.post(
        "/register",
        {
            "email": "anna@example.org",
            "first_name": "Anna",
            "organization_name": "Kites",
            "password": PASSWORD,
        },
    )

    assert answer.status_code == 302
    membership = Membership.objects.get()
    assert (membership.user.email, membership.role) == ("anna@example.org", "owner")
    assert membership.organization.name == "Kites"
    assert client.get("/account").status_code == 200


def test_register_without_a_name_for_the_organization():
    Client().post(
        "/register", {"email": "anna@example.org", "first_name": "Anna", "password": PASSWORD}
    )

    assert Organization.objects.get().name == "Anna"


@pytest.mark.parametrize("language", ["ru", "en"])
def test_a_customer_of_the_shop_gets_no_organization_and_is_told_in_their_language(language):
    client = Client(HTTP_ACCEPT_LANGUAGE=language)
    shown = client.get("/register?next=/configs/new")
    assert "organization_name" not in shown.content.decode()
    body = {"email": "anna@example.org", "password": PASSWORD, "organization_name": "Kites"}

    answer = client.post("/register", {**body, "next": "/configs/new"})

    assert (answer.status_code, answer["Location"]) == (302, "/configs/new")
    assert not Organization.objects.filter(is_installation=False).exists()
    assert User.objects.get().lang_code == language


@pytest.mark.parametrize(
    ("change", "status", "text"),
    [
        ({"email": "OLGA@example.org"}, 409, "registered already"),
        ({"password": "short"}, 400, "too short"),
        ({"email": "nonsense"}, 400, "valid email"),
    ],
)
def test_refused_registration_says_why_and_makes_nothing(owner, change, status, text):
    body = {"email": "anna@example.org", "password": PASSWORD, **change}
    answer = Client(HTTP_ACCEPT_LANGUAGE="en").post("/register", body)

    assert answer.status_code == status
    assert text in answer.content.decode()
    assert User.objects.count() == 1
    assert not Organization.objects.exists()


def test_closed_registration(db, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        update_site_settings(actor=None, changes={"is_registration_open": False})

    answer = Client(HTTP_ACCEPT_LANGUAGE="en").post(
        "/register", {"email": "a@example.org", "password": PASSWORD}
    )

    assert answer.status_code == 403
    assert "Registration is closed." in answer.content.decode()
    assert not User.objects.exists()


def test_sign_out_ends_the_session_itself(owner, page):
    client = page(owner)
    stolen = client.cookies[settings.SESSION_COOKIE_NAME].value

    assert client.get("/logout").status_code == 405
    assert client.post("/logout")["Location"] == "/"
    assert ended(client)
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = stolen
    assert ended(thief)


def test_sign_out_of_nobody():
    assert Client().post("/logout").status_code == 302


@pytest.mark.parametrize(
    "value", ["", "rubbish", "5f3f1d7e-6f0b-4a8e-9a57-0d6b1c1f7a11", 5, None, ["a"], "\x00"]
)
def test_cookie_with_a_strange_session_id_is_nobody(value):
    client = Client()
    session = client.session
    session["sid"] = value
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key

    assert ended(client)


def test_forged_cookie_is_nobody(owner, page):
    client = page(owner)
    client.cookies[settings.SESSION_COOKIE_NAME] = (
        client.cookies[settings.SESSION_COOKIE_NAME].value[:-3] + "abc"
    )

    assert ended(client)


@pytest.mark.parametrize(
    "path", ["/account", "/account/sessions", "/account/organizations", "/home"]
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_pages_of_a_person_need_one(path, method):
    answer = getattr(Client(), method)(path)

    assert answer.status_code == 302
    assert answer["Location"] == f"/login?next={path}"


def test_account_saves_profile_and_language(owner, page):
    client = page(owner)
    answer = client.post(
        "/account",
        {
            "first_name": "Olya",
            "last_name": "",
            "lang_code": "ru",
            "timezone": "Asia/Omsk",
            "theme": "dark",
        },
    )

    assert answer["Location"] == "/account"
    owner.refresh_from_db()
    assert (owner.first_name, owner.timezone, owner.theme) == ("Olya", "Asia/Omsk", "dark")
    shown = client.get("/account")
    assert shown["Content-Language"] == "ru"
    assert 'data-theme="dark"' in shown.content.decode()


def test_refused_profile_greets_the_old_name(owner, page):
    answer = page(owner).post("/account", {"first_name": "Olya", "timezone": "Nowhere"})

    assert answer.status_code == 400
    owner.refresh_from_db()
    assert owner.first_name == "Olga"
    assert answer.wsgi_request.user.first_name == "Olga"


def test_sessions_are_listed_and_ended(owner, page):
    here, there = page(owner), page(owner)
    other = Session.objects.order_by("created_at").last()

    shown = here.get("/account/sessions")
    assert len(shown.context["sessions"]) == 2
    assert shown.context["current_session_id"] != other.pk
    assert re.search(f"{other.pk}/end", shown.content.decode())

    assert here.post(f"/account/sessions/{other.pk}/end")["Location"] == "/account/sessions"
    assert ended(there)
    assert not ended(here)


def test_ending_ones_own_session_is_signing_out(owner, page):
    client = page(owner)

    answer = client.post(f"/account/sessions/{Session.objects.get().pk}/end")

    assert answer["Location"] == "/"
    assert ended(client)


def test_ending_all_others(owner, stranger, page):
    here, there, foreign = page(owner), page(owner), page(stranger)

    here.post("/account/sessions/end-others")

    assert (ended(here), ended(there), ended(foreign)) == (False, True, False)


def test_foreign_session_cannot_be_ended(owner, stranger, page):
    foreign = page(stranger)
    theirs = Session.objects.get()

    answer = page(owner).post(f"/account/sessions/{theirs.pk}/end")

    assert answer.status_code == 404
    assert not ended(foreign)


def test_another_organization_is_opened_and_chosen(owner, organization, page):
    client = page(owner)

    assert client.post("/account/organizations", {"name": "Sails"})["Location"] == "/client"
    opened = Organization.objects.get(name="Sails")
    assert client.session["organization"] == str(opened.pk)
    assert client.post("/account/organizations", {"name": " "}).status_code == 400
    assert Organization.objects.count() == 2


def test_language_is_kept_for_visitor_and_person(owner, page):
    client = page(owner)
    answer = client.post("/language", {"language": "ru", "next": "/account"})

    assert answer["Location"] == "/account"
    assert answer.cookies[LANGUAGE].value == "ru"
    owner.refresh_from_db()
    assert owner.lang_code == "ru"


def test_language_of_an_anonymous_visitor():
    client = Client()

    assert client.post("/language", {"language": "en"})["Location"] == "/"
    assert client.get("/")["Content-Language"] == "en"
    assert client.post("/language", {"language": "xx"}).status_code == 400
    assert client.post("/language", {"language": "en", "next": "//evil"})["Location"] == "/home"


def test_order_of_languages(owner, page):
    """?lang=, the browser's choice made before, the person's, what the browser accepts."""
    client = page(owner)  # a person with "en"
    accepts = {"HTTP_ACCEPT_LANGUAGE": "ru"}
    assert client.get("/", **accepts)["Content-Language"] == "en"
    client.cookies[LANGUAGE] = "ru"
    assert client.get("/", **accepts)["Content-Language"] == "ru"
    asked = client.get("/?lang=en", **accepts)
    assert asked["Content-Language"] == "en"
    assert client.cookies[LANGUAGE].value == "en"
    client.cookies[LANGUAGE] = "xx"
    assert client.get("/?lang=xx", **accepts)["Content-Language"] == "en"


def test_time_zone_is_the_persons_on_pages_and_utc_in_the_api(owner, page, api, monkeypatch):
    seen = []
    from accounts.web import context

    plain = context.site

    def spy(request):
        seen.append(timezone.get_current_timezone_name())
        return plain(request)

    monkeypatch.setattr(context, "site", spy)
    from django.template.engine import Engine

    Engine.get_default().__dict__.pop("template_context_processors", None)
    page(owner).get("/account")
    Engine.get_default().__dict__.pop("template_context_processors", None)

    assert "Europe/Moscow" in seen
    assert timezone.get_current_timezone_name() == "UTC"
    assert api(owner).get("/api/auth/v1/sessions").json()[0]["created_at"].endswith("Z")


def test_cookie_slides_with_the_session(owner, page):
    client = page(owner)
    session = Session.objects.get()
    assert settings.SESSION_COOKIE_NAME not in client.get("/account").cookies

    long_ago = session.created_at - timedelta(days=20)
    Session.objects.update(last_seen_at=long_ago, idle_expires_at=long_ago + timedelta(days=30))
    answer = client.get("/account")

    assert answer.cookies[settings.SESSION_COOKIE_NAME]["max-age"] == 30 * 86400
    session.refresh_from_db()
    assert session.idle_expires_at - session.last_seen_at >= timedelta(days=30)


def test_cookie_signs_nobody_in_at_the_api(owner, page):
    assert page(owner).get("/api/auth/v1/me").status_code == 401


def test_page_of_a_banned_person(owner, page):
    client = page(owner)
    User.objects.update(is_active=False)

    assert ended(client)


@pytest.mark.django_db(transaction=True)
def test_page_costs_no_query_for_who_looks(owner, organization, page, statements):
    client = page(owner)
    client.get("/account")
    with statements() as seen:
        assert client.get("/").status_code == 200

    assert [sql for sql in seen.asked if "accounts_user" in sql or "session" in sql] == []


@pytest.mark.django_db(transaction=True)
def test_pages_work_without_redis(owner, organization, page, redis_gone):
    client = page(owner)

    assert client.get("/account").status_code == 200
    assert client.post("/logout").status_code == 302
    assert ended(client)
