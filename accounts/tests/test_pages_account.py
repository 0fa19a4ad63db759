"""The sections of an account: what each shows of a person, and to nobody else."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import ApiToken, Membership, Session
from accounts.services.api_tokens import create_token
from accounts.services.impersonation import start_impersonation
from accounts.services.totp import begin_setup, confirm_setup, has_second_factor
from accounts.tests.test_totp import code_of

pytestmark = pytest.mark.django_db
SECTIONS = (
    "/account",
    "/account/security",
    "/account/sessions",
    "/account/notifications",
    "/account/tokens",
)
HEBREW = "שרה " + "א" * 120


def shown(client, path) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def test_every_section_leads_to_all_others_and_says_where_one_is(owner, page):
    client = page(owner)
    for path in SECTIONS:
        text = shown(client, path)
        assert [each for each in SECTIONS if f'href="{each}"' in text] == list(SECTIONS), path
        assert f'href="{path}" aria-current="page"' in text
        assert text.count("<h1") == 1


@pytest.mark.parametrize("path", ["/account/totp", "/account/delete"])
def test_what_stands_behind_security_is_shown_as_part_of_it(path, owner, page):
    assert 'href="/account/security" aria-current="page"' in shown(page(owner), path)


@pytest.mark.parametrize("path", SECTIONS)
def test_sections_are_for_who_is_signed_in(path, page):
    assert page().get(path)["Location"] == f"/login?next={path}"


def test_security_says_what_is_there_and_what_is_missing(owner, page):
    client = page(owner)
    text = shown(client, "/account/security")
    assert "Not confirmed" in text
    assert "Send the link again" in text
    assert "Sign in without a password" in text

    owner.is_verified, owner.telegram_id, owner.telegram_username = True, 77, "olga_writes"
    owner.save()
    begin_setup(owner)
    confirm_setup(user=owner, code=code_of(owner))
    text = shown(client, "/account/security")
    assert "Send the link again" not in text
    assert "@olga_writes" in text
    assert "10 recovery codes left." in text


def test_who_came_by_telegram_is_asked_for_an_address_and_a_password(owner, page):
    client = page(owner)
    owner.email, owner.telegram_id = None, 78
    owner.set_unusable_password()
    owner.save()
    text = shown(client, "/account/security")
    assert "None yet: you sign in with Telegram only." in text
    assert "None yet: without it a forgotten password cannot be replaced." in text
    assert "ID 78" in text


def test_a_device_is_told_apart_and_this_one_marked(owner, page):
    client = page(owner)
    page(owner)
    phone = Session.objects.filter(user=owner).order_by("created_at").last()
    Session.objects.filter(pk=phone.pk).update(device="Telegram, iPhone", ip="203.0.113.9")

    text = shown(client, "/account/sessions")

    assert "Telegram, iPhone" in text
    assert "203.0.113.9" in text
    assert text.count("This device") == 1
    assert f"/account/sessions/{phone.pk}/end" in text
    assert text.count("#device-mobile") == 1


def test_who_has_one_device_is_offered_to_end_no_others(owner, page):
    client = page(owner)
    assert "/account/sessions/end-others" not in shown(client, "/account/sessions")
    page(owner)
    assert "/account/sessions/end-others" in shown(client, "/account/sessions")


def test_the_person_sees_that_staff_acts_as_them(owner, staff, page):
    client = page(owner)
    start_impersonation(actor=staff, user_id=owner.pk)
    assert "Staff of this site, acting as you" in shown(client, "/account/sessions")


def test_a_key_is_shown_once_and_described_afterwards(owner, organization, page):
    client = page(owner)
    body = {"name": "Stock", "scopes": ["dialogs:read"], "organization": "", "days": "30"}
    made = client.post("/account/tokens", body)
    key = made.context["made"].key

    assert f'data-text="{key}"' in made.content.decode()
    text = shown(client, "/account/tokens")
    assert key not in text
    assert "Dialogs and messages: see" in text
    assert "never used" in text
    assert "in 30 days" in text


def test_a_key_that_ran_out_says_so(owner, page):
    client = page(owner)
    create_token(user=owner, name="Old", scopes=["bots:read"])
    past = timezone.now() - timedelta(days=1)
    ApiToken.objects.update(expires_at=past, last_used_at=past)
    text = shown(client, "/account/tokens")
    assert "Ran out" in text
    assert "last used" in text


def test_a_refused_key_keeps_what_was_filled_in(owner, page):
    answer = page(owner).post("/account/tokens", {"name": "Stock", "days": "30"})
    assert answer.status_code == 400
    assert 'value="Stock"' in answer.content.decode()
    assert not ApiToken.objects.exists()


def test_rights_are_told_in_the_reader_s_language(owner, page):
    owner.lang_code = "ru"
    owner.save()
    create_token(user=owner, name="Склад", scopes=["bots:write"])
    assert "Боты: изменять" in shown(page(owner), "/account/tokens")


def test_setting_up_a_second_factor_asks_for_the_app_and_gives_codes_to_copy(owner, page):
    client = page(owner)
    assert "or a recovery code" not in shown(client, "/account/totp")

    done = client.post("/account/totp", {"otp": code_of(owner)})
    codes = done.context["codes"]
    assert f'data-text="{" ".join(codes)}"' in done.content.decode()
    assert all(code not in shown(client, "/account/totp") for code in codes)


def test_a_wrong_first_code_shows_the_same_picture_again(owner, page):
    client = page(owner)
    picture = client.get("/account/totp").context["setup"].qr

    answer = client.post("/account/totp", {"otp": "000000"})

    assert answer.status_code == 401
    assert answer.context["setup"].qr == picture
    assert answer.context["form"].errors.keys() == {"otp"}
    assert not has_second_factor(owner)


def test_a_long_name_that_runs_from_right_to_left_is_kept_apart(owner, organization, page):
    owner.first_name = HEBREW
    owner.save()
    organization.name = HEBREW
    organization.save()
    client = page(owner)
    assert f"<bdi>{HEBREW}</bdi>" in shown(client, "/account")
    assert f"<h1><bdi>{HEBREW}</bdi></h1>" in shown(client, "/client/organization")


def test_without_an_organization_the_account_says_how_to_come_by_one(stranger, page):
    assert not Membership.objects.exists()
    assert "You belong to none yet." in shown(page(stranger), "/account")


def test_a_stranger_s_keys_and_devices_are_not_in_mine(owner, stranger, page):
    page(stranger)
    create_token(user=stranger, name="Foreign key", scopes=["bots:read"])
    client = page(owner)
    theirs = Session.objects.get(user=stranger)
    assert "Foreign key" not in shown(client, "/account/tokens")
    assert str(theirs.pk) not in shown(client, "/account/sessions")
