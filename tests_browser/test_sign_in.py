"""Coming in by a browser: each way step by step, and every page of it as axe sees it."""

import json
import re
import time
import urllib.request

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from accounts.models import Membership, Session, User
from accounts.services.email_links import ask_to_verify
from accounts.services.invitations import invitation_token, invite
from accounts.services.password_reset import ask_for_reset
from accounts.services.sessions import drop_cached
from accounts.services.telegram_sign_in import make_sign_in_link
from accounts.services.totp import begin_setup, confirm_setup
from accounts.telegram.person import TelegramPerson
from accounts.tests.test_totp import calm, code_of
from conftest import PASSWORD
from integrations.services import bots, inbox, pump
from tests_browser.conftest import DESKTOP, PHONE
from tests_browser.test_pages import SERIOUS, SMALL_TARGETS

PERSON = {"id": 501, "first_name": "Анна", "username": "anna", "language_code": "en"}
NEW_PASSWORD = "another-long-secret-77"
LOOKS = pytest.mark.parametrize(
    ("viewport", "scheme", "language"),
    [(PHONE, "dark", "en"), (PHONE, "light", "ru"), (DESKTOP, "light", "en")],
    ids=["phone-dark-en", "phone-light-ru", "desktop-light-en"],
)


@pytest.fixture
def telegram(live_site, sandbox, settings, platform):
    """Telegram with one person in it and our bot at work; every way in is set up."""
    sandbox.control("telegram/bots", {"token": platform.token, "username": platform.bot.username})
    sandbox.control("telegram/users", PERSON)
    settings.TELEGRAM_LINK_BASE = f"{sandbox.url}/t.me"
    settings.TELEGRAM_OIDC_ISSUER = f"{sandbox.url}/oidc"
    settings.TELEGRAM_OIDC_CLIENT_ID = "700000001"
    settings.TELEGRAM_OIDC_CLIENT_SECRET = "sandbox-secret-of-700000001"
    bots.set_webhook(platform.bot)
    return sandbox


@pytest.fixture
def mailbox(live_site, sandbox, settings):
    """Deliver what waits; return the address in the latest letter to somebody."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"

    def link_for(email):
        pump.drain("mail")
        with urllib.request.urlopen(f"{sandbox.url}/mail?to={email}", timeout=10) as answer:
            letter = json.load(answer)[-1]
        return re.search(r"https?://\S+token=[\w-]+", letter["text"])[0]

    return link_for


@pytest.fixture
def open_quiet(live_site, browser):
    """Return a maker of tabs whose console may name a refused answer, which these pages are."""
    contexts = []

    def open_tab(viewport, scheme, language):
        context = browser.new_context(
            base_url=live_site.url, viewport=viewport, color_scheme=scheme, locale=language
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        return context.new_page()

    yield open_tab
    for context in contexts:
        context.close()


def submit(tab, name, **fields):
    for label, value in fields.items():
        tab.locator(f"main [name={label}]").fill(value)
    tab.locator("main").get_by_role("button", name=name).click()


def work_until(tab, done, *, seconds=15):
    """Do what the workers do until ``done()``."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        inbox.drain()
        pump.drain("telegram")
        tab.wait_for_timeout(50)


def press_start(tab, *, opens, person=PERSON["id"]):
    """Follow a link into the bot, let a person take the phone and press Start; return its tab."""
    with tab.context.expect_page() as opened:
        tab.get_by_role("link", name=opens).click()
    phone = opened.value
    phone.get_by_test_id("start-bot").wait_for()
    phone.get_by_test_id("seller-user").select_option(str(person))
    phone.get_by_test_id("start-bot").click()
    return phone


def faults_on(tab, name):
    """Return what is wrong with the page that a tab shows."""
    found = [
        f"{name}: {violation['id']} {[node['target'] for node in violation['nodes']]}"
        for violation in Axe().run(tab).response["violations"]
        if violation["impact"] in SERIOUS
    ]
    width = tab.evaluate("document.documentElement.scrollWidth")
    if width > tab.viewport_size["width"]:
        found.append(f"{name}: {width} px wide")
    if tab.locator("h1").count() != 1:
        found.append(f"{name}: not exactly one h1")
    if tab.viewport_size == PHONE:
        found += [f"{name}: small {html}" for html in tab.evaluate(SMALL_TARGETS)]
    return found


def test_register_confirm_lose_the_password_and_come_back(open_browser, mailbox):
    tab = open_browser()
    tab.goto("/")
    tab.get_by_role("link", name="Start").click()
    submit(tab, "Register", email="anna@example.org", first_name="Anna", password=PASSWORD)
    tab.wait_for_url("**/client")

    tab.goto(mailbox("anna@example.org"))
    expect(tab.locator("main")).to_contain_text("Is anna@example.org your address?")
    tab.get_by_role("button", name="Yes, confirm it").click()
    tab.get_by_text("The address is confirmed.").wait_for()
    assert User.objects.get().is_verified

    tab.goto("/account")
    tab.locator("header .menu-button").click()
    tab.get_by_role("button", name="Sign out").click()
    tab.wait_for_url("**/")
    tab.locator("main").get_by_role("link", name="Sign in").click()
    tab.get_by_role("link", name="Forgot your password?").click()
    submit(tab, "Send the link", email="anna@example.org")
    tab.get_by_role("heading", name="Check your e-mail").wait_for()

    tab.goto(mailbox("anna@example.org"))
    submit(tab, "Save the new password", password=NEW_PASSWORD)
    tab.get_by_text("Sign in with your new password.").wait_for()
    submit(tab, "Sign in", login="anna@example.org", password=NEW_PASSWORD)
    tab.wait_for_url("**/client")


def test_every_way_with_telegram_is_one_account(open_browser, telegram, platform, settings):
    settings.TELEGRAM_LOGIN_WIDGET = True
    signed = telegram.control("telegram/widget", {"bot": platform.token, "user": PERSON})
    press = f"""
        const script = document.currentScript, link = document.createElement("a");
        link.href = script.dataset.authUrl + "&{signed["query"]}";
        link.textContent = "Log in as Anna";
        script.after(link);
    """

    tab = open_browser()
    # In place of what telegram.org would serve; the site's own policy has to let it in.
    tab.context.route("https://telegram.org/**", lambda route: route.fulfill(body=press))
    tab.goto("/login?next=/account")
    tab.get_by_role("link", name="Log in as Anna").click()
    tab.wait_for_url("**/account")

    tab.context.clear_cookies()
    tab.goto("/login?next=/account")
    tab.get_by_role("link", name="Continue with Telegram").click()
    tab.get_by_test_id("oidc-confirm").click()
    tab.wait_for_url("**/account")

    tab.context.clear_cookies()
    tab.goto("/login")
    phone = press_start(tab, opens="Open the bot")
    button = phone.get_by_role("link", name="Sign in ↗")
    work_until(phone, lambda: button.count() == 1)
    with tab.context.expect_page() as opened:
        button.click()
    page = opened.value
    expect(page.locator("main")).to_contain_text("You are about to sign in as Анна.")
    submit(page, "Sign in", email="anna@example.org")
    page.wait_for_url("**/client")

    assert User.objects.get(telegram_id=PERSON["id"]).email == "anna@example.org"
    methods = Session.objects.order_by("created_at").values_list("method", flat=True)
    assert list(methods) == ["widget", "oidc", "link"]


def test_an_account_is_linked_through_the_bot_after_a_fresh_proof(open_browser, owner, telegram):
    Membership.objects.filter(user=owner).delete()
    tab = open_browser()
    tab.goto("/login?next=/account/link/telegram")
    submit(tab, "Sign in", login=owner.username, password=PASSWORD)
    tab.wait_for_url("**/account/link/telegram")
    Session.objects.update(authenticated_at="2026-01-01T00:00Z")
    telegram.control("telegram/users", {"id": 502, "first_name": "Борис", "username": "boris"})

    tab.get_by_role("button", name="Link through the bot").click()
    tab.wait_for_url("**/account/confirm?*")
    submit(tab, "Confirm", password=PASSWORD)
    tab.wait_for_url("**/account/link/telegram")
    tab.get_by_role("button", name="Link through the bot").click()
    phone = press_start(tab, opens="Open the bot", person=502)
    work_until(phone, lambda: User.objects.filter(pk=owner.pk, telegram_id=502).exists())

    tab.get_by_role("link", name="I have pressed Start").click()
    expect(tab.locator("main")).to_contain_text("linked with @boris")


def test_who_is_invited_registers_and_joins(open_browser, owner, organization):
    invitation = invite(
        actor=owner, organization_id=organization.pk, role="manager", email="anna@example.org"
    )
    tab = open_browser(viewport=PHONE)
    tab.goto(f"/invitations/{invitation_token(invitation)}")
    tab.locator("main").get_by_role("link", name="Register").click()
    expect(tab.locator("main [name=email]")).to_have_value("anna@example.org")
    assert tab.locator("main [name=organization_name]").count() == 0
    submit(tab, "Register", first_name="Anna", password=PASSWORD)

    tab.get_by_role("button", name="Accept").click()
    tab.wait_for_url("**/client")

    (place,) = Membership.objects.filter(user__email="anna@example.org")
    assert (place.organization, place.role) == (organization, "manager")


def test_the_keyboard_alone_signs_in_and_hears_what_is_wrong(open_quiet, owner, organization):
    tab = open_quiet(DESKTOP, "light", "en")
    tab.goto("/login")
    tab.keyboard.type("olga")
    tab.keyboard.press("Tab")
    tab.keyboard.type("wrong")
    tab.keyboard.press("Enter")
    expect(tab.locator("[role=alert]")).to_be_focused()
    expect(tab.locator("[role=alert]")).to_have_text(re.compile("Wrong login or password"))

    tab.keyboard.press("Tab")
    tab.keyboard.press("Tab")
    tab.keyboard.type(PASSWORD)
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/client")


@LOOKS
def test_pages_of_who_is_not_signed_in(
    open_quiet, owner, telegram, organization, mailbox, viewport, scheme, language
):
    User.objects.filter(pk=owner.pk).update(is_verified=False)
    owner.refresh_from_db()
    ask_to_verify(owner)
    confirm = mailbox(owner.email)
    ask_for_reset(owner.email)
    invitation = invite(actor=owner, organization_id=organization.pk, role="manager")
    invited = f"/invitations/{invitation_token(invitation)}"
    person = TelegramPerson(telegram_id=777, first_name="Константин")
    paths = (
        "/",
        "/login",
        f"/login?token={make_sign_in_link(person).token}",
        "/login?token=dead",
        "/login/telegram/callback",
        "/register",
        f"/register?next={invited}",
        "/password/reset",
        mailbox(owner.email),
        "/password/reset/confirm?token=dead",
        confirm,
        "/email/confirm?token=dead",
        invited,
        "/invitations/dead",
    )
    tab = open_quiet(viewport, scheme, language)

    found = []
    for path in paths:
        tab.goto(path)
        found += faults_on(tab, path)

    assert found == []


@LOOKS
def test_pages_after_a_form_was_sent(open_quiet, owner, telegram, viewport, scheme, language):
    begin_setup(owner)
    confirm_setup(user=owner, code=code_of(owner))
    calm(owner)
    tab = open_quiet(viewport, scheme, language)
    found = []
    for path, fields in (
        ("/login", {"login": "olga", "password": "wrong"}),
        ("/register", {"email": "nonsense", "password": "1"}),
        ("/password/reset", {"email": "nonsense"}),
        ("/password/reset", {"email": "nobody@example.org"}),
        ("/login", {"login": "olga", "password": PASSWORD}),
    ):
        tab.goto(path)
        for name, value in fields.items():
            tab.locator(f"main [name={name}]").fill(value)
        tab.locator("main form button[type=submit]").first.click()
        tab.wait_for_load_state()
        found += faults_on(tab, f"{path} {fields}")
    assert tab.locator("main [name=otp]").count() == 1

    tab.locator("main [name=otp]").fill("nonsense")
    tab.locator("main form button[type=submit]").first.click()
    expect(tab.locator("[role=alert]")).to_be_visible()
    assert found + faults_on(tab, "wrong code") == []


@LOOKS
def test_pages_of_who_is_signed_in(
    open_quiet, owner, telegram, organization, viewport, scheme, language
):
    User.objects.filter(pk=owner.pk).update(lang_code=language)
    invitation = invite(actor=owner, organization_id=organization.pk, role="manager")
    tab = open_quiet(viewport, scheme, language)
    tab.goto("/login")
    tab.locator("main [name=login]").fill(owner.username)
    tab.locator("main [name=password]").fill(PASSWORD)
    tab.locator("main form button[type=submit]").first.click()
    tab.wait_for_url("**/client")
    found = []
    for path in (
        "/account/link/telegram",
        "/account/confirm",
        "/account/email",
        "/account/password",
        f"/invitations/{invitation_token(invitation)}",
    ):
        tab.goto(path)
        found += faults_on(tab, path)
    tab.goto("/account/link/telegram")
    tab.locator("main form button").click()
    tab.wait_for_load_state()
    found += faults_on(tab, "a link into the bot")

    User.objects.filter(pk=owner.pk).update(telegram_id=501, telegram_username="a" * 32)
    drop_cached([owner.pk])
    tab.goto("/account/link/telegram")
    assert f"@{'a' * 32}" in tab.locator("main").inner_text()
    assert found + faults_on(tab, "linked") == []
