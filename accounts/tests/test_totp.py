"""The second factor: set up, asked for, lost, taken away."""

import time

import pytest
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import AuditEvent, Session
from accounts.services.totp import begin_setup, confirm_setup
from conftest import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
OTP = "/api/auth/v1/otp"
LOGIN = "/api/auth/v1/login"


def code_of(user, *, ahead: int = 0) -> str:
    """Return what the person's app shows, or will show some steps later."""
    device = TOTPDevice.objects.get(user=user)
    return f"{totp(device.bin_key, t0=-30 * ahead):06d}"


def calm(user) -> None:
    """Let the pause after wrong codes pass, and the step of the last right one."""
    for model in (TOTPDevice, StaticDevice):
        model.objects.filter(user=user).update(
            throttling_failure_count=0, throttling_failure_timestamp=None
        )
    TOTPDevice.objects.filter(user=user).update(last_t=-1)


@pytest.fixture
def codes(owner) -> list[str]:
    """The owner's recovery codes: a second factor is on."""
    begin_setup(owner)
    made = confirm_setup(user=owner, code=code_of(owner))
    calm(owner)
    return made


def login(api, owner, **more):
    body = {"login": owner.username, "password": PASSWORD, **more}
    return api().post(LOGIN, body, format="json")


def test_setting_up_by_api(api, owner):
    client = api(owner)
    begun = client.post(OTP).json()
    assert begun["qr"].startswith("data:image/svg+xml")
    assert begun["secret"] in begun["uri"]
    assert client.post(OTP).json()["secret"] == begun["secret"]
    assert client.get(OTP).json() == {"is_on": False, "recovery_codes_left": 0}
    assert login(api, owner).status_code == 200

    done = client.post(f"{OTP}/confirm", {"otp": code_of(owner)}, format="json").json()

    assert len(set(done["recovery_codes"])) == 10
    assert client.get(OTP).json() == {"is_on": True, "recovery_codes_left": 10}
    assert client.post(OTP).json()["code"] == "otp_on"


def test_a_wrong_first_code_turns_nothing_on(api, owner):
    client = api(owner)
    client.post(OTP)

    refused = client.post(f"{OTP}/confirm", {"otp": "000000"}, format="json")

    assert (refused.status_code, refused.json()["code"]) == (401, "otp_invalid")
    assert client.get(OTP).json()["is_on"] is False


def test_a_sign_in_asks_for_the_code(api, owner, codes):
    without = login(api, owner)
    assert (without.status_code, without.json()["code"]) == (401, "otp_required")
    assert Session.objects.count() == 0

    assert login(api, owner, otp=code_of(owner)).status_code == 200


def test_a_wrong_password_never_asks_for_a_code(api, owner, codes):
    answer = api().post(LOGIN, {"login": owner.username, "password": "wrong"}, format="json")

    assert answer.json()["code"] == "invalid_credentials"


def test_a_code_works_once(api, owner, codes):
    code = code_of(owner)
    assert login(api, owner, otp=code).status_code == 200

    assert login(api, owner, otp=code).json()["code"] == "otp_invalid"


def test_wrong_codes_make_one_wait_even_for_the_right_one(api, owner, codes):
    assert login(api, owner, otp="000000").json()["code"] == "otp_invalid"

    waits = login(api, owner, otp=code_of(owner))

    assert (waits.status_code, waits.json()["code"]) == (429, "locked_out")
    assert int(waits["Retry-After"]) >= 1


def test_a_recovery_code_works_once_in_any_writing(api, owner, codes):
    assert login(api, owner, otp=codes[0].upper().replace("-", " ")).status_code == 200

    assert login(api, owner, otp=codes[0]).json()["code"] == "otp_invalid"
    assert StaticToken.objects.count() == 9
    assert AuditEvent.objects.filter(action="user.recovery_code_used").count() == 1


def test_what_the_database_keeps_of_recovery_codes_opens_nothing(api, owner, codes):
    stored = set(StaticToken.objects.values_list("token", flat=True))
    plain = {code.replace("-", "") for code in codes}

    assert not {token.lower() for token in stored} & plain
    assert login(api, owner, otp=stored.pop()).json()["code"] == "otp_invalid"


def test_new_recovery_codes_replace_the_old(api, owner, codes):
    client = api()
    tokens = login(api, owner, otp=code_of(owner)).json()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['access_token']}")

    new = client.post(f"{OTP}/recovery-codes").json()["recovery_codes"]

    assert login(api, owner, otp=codes[0]).status_code == 401
    calm(owner)
    assert login(api, owner, otp=new[0]).status_code == 200


def test_turning_it_off_needs_a_fresh_sign_in(api, owner, codes):
    client = api()
    tokens = login(api, owner, otp=code_of(owner)).json()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['access_token']}")
    Session.objects.update(authenticated_at=None)

    assert client.delete(OTP).json()["code"] == "reauthentication_required"
    assert login(api, owner).json()["code"] == "otp_required"

    fresh = client.post("/api/auth/v1/reauthenticate", {"password": PASSWORD}, format="json")
    assert fresh.status_code == 204
    assert client.delete(OTP).status_code == 204
    assert login(api, owner).status_code == 200


def test_the_page_asks_in_a_second_step(page, owner, codes):
    client = page()
    first = client.post("/login?next=/account", {"login": "olga", "password": PASSWORD})
    assert first["Location"].startswith("/login/code")
    assert client.get("/account").status_code == 302

    wrong = client.post(first["Location"], {"otp": "nonsense"})
    assert wrong.status_code == 401
    calm(owner)
    right = client.post(first["Location"], {"otp": code_of(owner)})

    assert (right.status_code, right["Location"]) == (302, "/account")
    assert client.get("/account").status_code == 200


def test_the_second_step_needs_the_first(page, owner, codes):
    answer = page().post("/login/code", {"otp": code_of(owner)})

    assert answer.status_code == 401
    assert Session.objects.count() == 0


def test_the_second_step_waits_five_minutes(page, owner, codes, monkeypatch):
    client = page()
    client.post("/login", {"login": "olga", "password": PASSWORD})
    now = time.time()
    code = code_of(owner)
    monkeypatch.setattr("accounts.web.second_step.time.time", lambda: now + 301)

    assert client.post("/login/code", {"otp": code}).status_code == 401
    assert Session.objects.count() == 0


def test_setting_up_by_page(page, owner):
    client = page(owner)
    shown = client.get("/account/totp").content.decode()
    assert 'src="data:image/svg+xml' in shown

    done = client.post("/account/totp", {"otp": code_of(owner)}).content.decode()

    assert done.count("-") >= 30
    assert "shown only now" in done
    assert client.post("/account/totp/off").status_code == 302
    assert not TOTPDevice.objects.exists()


def test_staff_without_a_code_stays_out_of_the_admin(page, staff, settings):
    settings.STAFF_OTP_REQUIRED = True
    client = page(staff)

    sent = client.get("/admin/")
    assert sent["Location"].startswith("/account/totp")
    client.get("/account/totp")
    client.post("/account/totp", {"otp": code_of(staff)})

    assert client.get("/admin/").status_code == 200


def test_staff_that_came_by_another_way_shows_a_code_first(page, staff, settings):
    client = page(staff)
    begin_setup(staff)
    confirm_setup(user=staff, code=code_of(staff))
    calm(staff)
    settings.STAFF_OTP_REQUIRED = True

    sent = client.get("/admin/accounts/user/")
    assert sent["Location"].startswith("/account/confirm")
    assert client.post(sent["Location"], {"otp": code_of(staff)}).status_code == 302

    assert client.get("/admin/accounts/user/").status_code == 200


def test_the_admin_is_open_while_nothing_is_required(page, staff):
    assert page(staff).get("/admin/").status_code == 200


def take_away(client, *people):
    body = {
        "action": "take_second_factor",
        "_selected_action": [str(person.pk) for person in people],
    }
    return client.post("/admin/accounts/user/", body, follow=True)


def test_a_superuser_takes_it_from_who_lost_their_phone(page, api, owner, codes, staff):
    assert login(api, owner).json()["code"] == "otp_required"

    take_away(page(staff), owner)

    assert login(api, owner).status_code == 200
    event = AuditEvent.objects.get(action="user.otp_off")
    assert (event.actor, event.target) == (staff, f"user:{owner.pk}")
    assert not StaticDevice.objects.exists()


def test_nobody_takes_it_from_who_has_none_or_from_themselves(page, owner, staff):
    client = page(staff)
    begin_setup(staff)
    confirm_setup(user=staff, code=code_of(staff))

    take_away(client, owner, staff)

    assert TOTPDevice.objects.filter(user=staff, confirmed=True).exists()
    assert not AuditEvent.objects.filter(action="user.otp_off").exists()


def test_an_admin_takes_it_from_nobody(page, owner, codes, colleague):
    type(colleague).objects.filter(pk=colleague.pk).update(role="ADMIN")

    take_away(page(colleague), owner)

    assert TOTPDevice.objects.filter(user=owner, confirmed=True).exists()


def test_the_pages_of_django_otp_which_show_secrets_are_closed(page, staff, codes):
    client = page(staff)

    assert b"tp_totp" not in client.get("/admin/").content
    for model in ("otp_totp/totpdevice", "otp_static/staticdevice"):
        assert client.get(f"/admin/{model}/").status_code == 404
