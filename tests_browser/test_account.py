"""The account and the organization by hand: sections, walks, and who is out afterwards."""

import re
import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from django_otp.oath import totp
from playwright.sync_api import expect

from accounts.models import Invitation, Session
from accounts.services.api_tokens import create_token
from accounts.services.invitations import invite
from conftest import PASSWORD
from tests_browser.conftest import DESKTOP, PHONE, sign_in
from tests_browser.test_pages import SERIOUS, look_at

SECTIONS = (
    "/account",
    "/account/security",
    "/account/sessions",
    "/account/notifications",
    "/account/tokens",
    "/account/totp",
    "/account/delete",
    "/client/organization",
    "/client/organization/owner",
)
# Letters that run from right to left, and as long as a name may be.
LONG = "שרה " + "ארוך" * 31


@pytest.fixture
def full(owner, organization):
    """An account and an organization with something in every place, and the longest names."""
    owner.first_name = LONG
    owner.telegram_id, owner.telegram_username = 4_242, "a_name_in_telegram_of_32_letters"
    owner.save()
    organization.name = "W" * 128
    organization.save()
    create_token(user=owner, name="M" * 100, scopes=["dialogs:read", "organizations:write"])
    invite(actor=owner, organization_id=organization.pk, role="admin", email=f"{'e' * 60}@e.org")
    invite(actor=owner, organization_id=organization.pk, role="manager")
    return owner


@pytest.mark.parametrize(
    ("viewport", "scheme"), [(PHONE, "dark"), (DESKTOP, "light")], ids=["phone", "desktop"]
)
def test_every_section_full(open_browser, full, viewport, scheme):
    tab = open_browser(full, viewport=viewport, color_scheme=scheme)
    assert [fault for path in SECTIONS for fault in look_at(tab, path)] == []


@pytest.mark.parametrize(
    ("viewport", "scheme"), [(PHONE, "light"), (DESKTOP, "dark")], ids=["phone", "desktop"]
)
def test_every_section_in_russian_and_empty(open_browser, owner, organization, viewport, scheme):
    owner.lang_code = "ru"
    owner.save()
    tab = open_browser(viewport=viewport, color_scheme=scheme)
    tab.goto("/login?lang=en")
    sign_in(tab, owner)
    tab.goto("/account?lang=ru")
    assert [fault for path in SECTIONS for fault in look_at(tab, path)] == []
    assert tab.locator("html").get_attribute("lang") == "ru"


def test_a_section_out_of_sight_is_brought_into_sight(open_browser, owner, organization):
    tab = open_browser(owner, viewport=PHONE)
    tab.goto("/account/tokens")
    expect(tab.locator(".account-nav [aria-current]")).to_be_in_viewport(ratio=1)


def test_sections_by_keyboard(open_browser, owner, organization):
    tab = open_browser(owner)
    tab.goto("/account")
    tab.get_by_role("link", name="Profile").focus()
    tab.keyboard.press("Tab")
    expect(tab.get_by_role("link", name="Security", exact=True)).to_be_focused()
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/account/security")


def test_setting_up_the_second_factor_and_signing_in_with_it(open_browser, owner, organization):
    tab = open_browser(owner)
    tab.goto("/account/security")
    tab.get_by_role("link", name="Turn on Second factor").click()
    secret = tab.locator(".copy code").inner_text()
    tab.get_by_label("Code of the app").fill(code_of(secret))
    tab.get_by_role("button", name="Turn it on").click()
    codes = tab.locator(".codes code").all_inner_texts()
    assert serious(tab) == []
    assert len(codes) == 10
    tab.get_by_role("link", name="I have kept them").click()
    expect(tab.get_by_text("10 recovery codes left.")).to_be_visible()

    other = open_browser()
    ask_for_code(other, owner)
    other.get_by_label("Code of the app").fill(codes[0])
    other.locator("main").get_by_role("button").first.click()
    other.wait_for_url("**/client")
    other.goto("/account/security")
    expect(other.get_by_text("9 recovery codes left.")).to_be_visible()


def test_a_key_is_made_copied_used_and_ended(open_browser, owner, organization, live_site):
    tab = open_browser(owner)
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.goto("/account/tokens")
    tab.get_by_label("What it is for").fill("Stock")
    tab.get_by_label("Organizations and members: see").check()
    tab.get_by_role("button", name="Make the key").click()
    assert serious(tab) == []
    tab.get_by_role("button", name="Copy").click()
    expect(tab.get_by_role("status").get_by_text("Copied")).to_be_attached()
    key = tab.evaluate("navigator.clipboard.readText()")

    program = open_browser().request
    headers = {"Authorization": f"Bearer {key}"}
    assert program.get("/api/clients", headers=headers).status == 200
    assert program.post("/api/clients", headers=headers, data={"name": "x"}).status == 403

    tab.get_by_role("link", name="Another key").click()
    expect(tab.get_by_text("last used")).to_be_visible()
    tab.locator(".confirm summary").click()
    tab.get_by_role("button", name="End the key").click()
    expect(tab.get_by_text("There are none yet.")).to_be_visible()
    assert program.get("/api/clients", headers=headers).status == 401


def test_another_device_is_ended_and_finds_itself_out(open_browser, owner, organization):
    tab, other = open_browser(owner), open_browser(owner)
    other.goto("/account")
    tab.goto("/account/sessions")
    expect(tab.get_by_text("This device")).to_have_count(1)
    tab.get_by_role("button", name=re.compile("^End ")).first.click()
    expect(tab.get_by_text("The session has ended.")).to_be_visible()
    other.goto("/account/security")
    other.wait_for_url("**/login?next=/account/security")
    assert Session.objects.filter(user=owner, revoked_at__isnull=True).count() == 1


def test_all_others_are_ended_after_a_question(open_browser, owner, organization):
    tab, other = open_browser(owner, viewport=PHONE), open_browser(owner)
    tab.goto("/account/sessions")
    tab.get_by_text("Sign out all the others").click()
    assert serious(tab) == []
    assert tab.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    tab.get_by_role("button", name="Sign them out").click()
    expect(tab.get_by_text("All other sessions have ended.")).to_be_visible()
    other.goto("/account")
    other.wait_for_url("**/login?next=/account")


def test_inviting_and_joining(open_browser, owner, stranger, organization):
    tab = open_browser(owner)
    tab.goto("/client/organization")
    tab.get_by_label("Role", exact=True).select_option("manager")
    tab.get_by_role("button", name="Invite").click()
    link = tab.locator(".copy").first.get_attribute("data-text")

    guest = open_browser()
    guest.goto(link)
    guest.get_by_role("link", name="Sign in").last.click()
    guest.get_by_label("E-mail or user name").fill(stranger.username)
    guest.get_by_label("Password").fill(PASSWORD)
    guest.locator("main").get_by_role("button", name="Sign in").click()
    guest.wait_for_url(link)
    guest.locator("main").get_by_role("button").first.click()
    guest.wait_for_url("**/client")
    guest.goto("/client/organization")
    expect(guest.get_by_text("Your role here: manager.")).to_be_visible()

    tab.reload()
    expect(tab.locator(".attention bdi").get_by_text("Stas", exact=True)).to_be_visible()
    assert Invitation.objects.get().accepted_by == stranger


def test_handing_over_after_a_fresh_proof(open_browser, owner, colleague, organization):
    tab = open_browser(owner)
    Session.objects.filter(user=owner).update(authenticated_at=None)
    tab.goto("/client/organization")
    tab.get_by_role("link", name="Choose the new owner").click()
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Confirm").click()
    tab.wait_for_url("**/client/organization/owner")
    tab.get_by_label("Name of the organization, to confirm").fill("Bicycles")
    tab.get_by_role("button", name="Hand over").click()
    expect(tab.get_by_text("The organization has a new owner.")).to_be_visible()
    expect(tab.get_by_text("Your role here: admin.")).to_be_visible()


def test_a_question_is_taken_back_by_escape(open_browser, owner, organization):
    tab = open_browser(owner)
    tab.goto("/client/organization")
    question = tab.locator(".confirm", has_text="Remove").first
    question.locator("summary").press("Enter")
    expect(question.get_by_role("button")).to_be_visible()
    tab.keyboard.press("Escape")
    expect(question.get_by_role("button")).to_be_hidden()
    expect(question.locator("summary")).to_be_focused()


def serious(tab):
    """Return what axe finds on the page as it stands."""
    violations = Axe().run(tab).response["violations"]
    return [each["id"] for each in violations if each["impact"] in SERIOUS]


def ask_for_code(tab, user):
    tab.goto("/login")
    tab.get_by_label("E-mail or user name").fill(user.username)
    tab.get_by_label("Password").fill(PASSWORD)
    tab.locator("main").get_by_role("button", name="Sign in").click()
    tab.wait_for_url("**/login/code**")


def code_of(secret):
    """Return what an authenticator app shows for a key that was typed into it."""
    from base64 import b32decode

    key = b32decode(secret.replace(" ", ""))
    # A code that is about to change would be another one on arrival.
    time.sleep(max(0, 2 - (30 - time.time() % 30)))
    return f"{totp(key):06d}"
