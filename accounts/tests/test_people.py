"""Roles, bans, passwords, settings, the audit trail: who may what, and what is kept of it."""

import time

import pytest
from django.db import transaction
from rest_framework.test import APIClient

from accounts.models import AuditEvent, Session, SiteSettings, User
from accounts.selectors.people import find_by_login
from accounts.selectors.settings import CACHE_SECONDS, get_site_settings
from accounts.services.audit import record_audit
from accounts.services.devices import name_device
from accounts.services.passwords import check_new_password, verify_password
from accounts.services.people import change_role, edit_person, set_active, update_profile
from accounts.services.sessions import open_session
from accounts.services.settings import update_site_settings
from accounts.tests.conftest import PASSWORD
from config.lib.correlation import correlated
from config.lib.errors import ForbiddenError, InputError, NotFoundError, NotSignedInError

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(colleague):
    User.objects.filter(pk=colleague.pk).update(role="ADMIN")
    colleague.refresh_from_db()
    return colleague


def test_superuser_makes_staff_and_takes_it_back(staff, owner):
    made = change_role(actor=staff, user_id=owner.pk, role="SUPERUSER")
    assert made.is_superuser
    assert made.is_staff
    taken = change_role(actor=staff, user_id=owner.pk, role="USER")
    assert not taken.is_superuser
    assert taken.token_version == owner.token_version + 2
    details = [event.details for event in AuditEvent.objects.order_by("pk")]
    assert details == [
        {"from": "USER", "to": "SUPERUSER"},
        {"from": "SUPERUSER", "to": "USER"},
    ]


def test_nobody_else_makes_staff(admin, owner, staff):
    for actor, target in ((owner, admin), (admin, owner), (admin, staff), (staff, staff)):
        with pytest.raises(ForbiddenError):
            change_role(actor=actor, user_id=target.pk, role="ADMIN")
    assert sorted(User.objects.values_list("role", flat=True)) == ["ADMIN", "SUPERUSER", "USER"]
    assert not AuditEvent.objects.exists()


def test_ban_ends_sessions_and_is_lifted(admin, owner):
    open_session(user=owner)

    set_active(actor=admin, user_id=owner.pk, is_active=False)
    assert Session.objects.get().revoke_reason == "banned"
    with pytest.raises(NotSignedInError):
        verify_password(login="olga", password=PASSWORD)

    set_active(actor=admin, user_id=owner.pk, is_active=True)
    assert verify_password(login="olga", password=PASSWORD) == owner
    actions = AuditEvent.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["user.banned", "user.unbanned"]


def test_who_may_not_ban(admin, owner, staff, stranger):
    for actor, target in ((owner, stranger), (admin, staff), (admin, admin), (staff, staff)):
        with pytest.raises(ForbiddenError):
            set_active(actor=actor, user_id=target.pk, is_active=False)
    assert not User.objects.filter(is_active=False).exists()


def test_absent_person(staff):
    for act in (
        lambda: change_role(actor=staff, user_id=10**9, role="ADMIN"),
        lambda: set_active(actor=staff, user_id=10**9, is_active=False),
    ):
        with pytest.raises(NotFoundError):
            act()


def test_edit_saves_only_what_is_named_and_audits_no_values(staff, owner):
    User.objects.update(last_name="Kept")
    owner.first_name, owner.last_name = "Olya", "Overwritten"

    edit_person(actor=staff, user=owner, fields=["first_name"])

    owner.refresh_from_db()
    assert (owner.first_name, owner.last_name) == ("Olya", "Kept")
    assert AuditEvent.objects.get().details == {"fields": ["first_name"]}


def test_profile_trims_and_ignores_what_is_not_a_profile(owner):
    update_profile(user=owner, changes={"first_name": "  Olya ", "role": "SUPERUSER"})

    owner.refresh_from_db()
    assert owner.first_name == "Olya"
    assert owner.role == "USER"


def test_bad_profile_names_each_field(owner):
    with pytest.raises(InputError) as refused:
        update_profile(
            user=owner, changes={"theme": "pink", "timezone": "Nowhere", "first_name": "x" * 200}
        )

    assert {item.field for item in refused.value.fields} == {"theme", "timezone", "first_name"}
    owner.refresh_from_db()
    assert owner.theme == "system"


@pytest.mark.parametrize("login", ["", " ", "\x00", "nobody", "%", "olga@example.orgg"])
def test_logins_that_find_nobody(owner, login):
    assert find_by_login(login) is None


def test_person_of_telegram_alone_is_not_found_by_nothing(db):
    User.objects.create(telegram_id=1)

    assert find_by_login("") is None
    assert find_by_login("None") is None


def test_login_lookup_uses_the_unique_indexes(owner, statements):
    with statements() as seen:
        find_by_login("olga")

    assert 'LOWER("accounts_user"."email")' in seen.asked[0]
    assert "UPPER" not in seen.asked[0]


def test_every_broken_password_rule_is_told(owner):
    with pytest.raises(InputError) as refused:
        check_new_password("olga", user=owner)

    codes = {item.code for item in refused.value.fields}
    assert {"password_too_short", "password_too_similar"} <= codes
    assert {item.field for item in refused.value.fields} == {"password"}


def test_settings_count_within_two_seconds(staff, django_capture_on_commit_callbacks):
    assert get_site_settings().site_name == "Depesha"
    # As another process does it: this one is not told.
    SiteSettings.objects.update_or_create(pk=1, defaults={"site_name": "Elsewhere"})
    assert get_site_settings().site_name == "Depesha"

    time.sleep(CACHE_SECONDS + 0.05)
    assert get_site_settings().site_name == "Elsewhere"

    with django_capture_on_commit_callbacks(execute=True):
        update_site_settings(actor=staff, changes={"site_name": "Here"})
    assert get_site_settings().site_name == "Here"
    event = AuditEvent.objects.get()
    assert (event.actor, event.details) == (staff, {"site_name": "Here"})


def test_settings_are_read_once_a_second(statements):
    with statements() as seen:
        for _ in range(5):
            get_site_settings()

    assert len(seen.asked) == 1


def test_public_settings(owner):
    SiteSettings.objects.create(site_name="Bureau", support_contact="@bureau")

    answer = APIClient().get("/api/app/v1/settings")

    assert answer.status_code == 200
    assert answer.json() == {
        "name": "Bureau",
        "version": "0.1.0",
        "is_registration_open": True,
        "support_contact": "@bureau",
        "languages": ["ru", "en"],
    }


def test_audit_is_whole(owner, organization):
    with correlated("cause-0001"):
        event = record_audit(
            actor=owner,
            action="bot.token_changed",
            target="bot:1",
            organization=organization,
            details={"hint": "…9f"},
            ip="192.0.2.1",
        )

    event.refresh_from_db()
    assert (event.actor, event.organization) == (owner, organization)
    assert (event.action, event.target, event.ip) == ("bot.token_changed", "bot:1", "192.0.2.1")
    assert event.details == {"hint": "…9f"}
    assert event.correlation_id == "cause-0001"


def test_audit_goes_with_the_deed_that_failed(owner):
    with pytest.raises(RuntimeError), transaction.atomic():
        record_audit(actor=owner, action="deed")
        raise RuntimeError

    assert not AuditEvent.objects.exists()


def test_audit_outlives_the_actor(stranger):
    record_audit(actor=stranger, action="deed")
    stranger.delete()

    assert AuditEvent.objects.get().actor is None


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36",
         "Chrome, Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/138.0 YaBrowser/25.8 Safari/537.36",
         "Yandex Browser, Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1",
         "Safari, iPhone"),
        ("Mozilla/5.0 (Linux; Android 16) Chrome/140.0 Mobile Safari/537.36", "Chrome, Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 15_1; rv:140.0) Gecko Firefox/140.0",
         "Firefox, macOS"),
        ("curl/8.5.0", "curl"),
        ("python-requests/2.34", "python-requests"),
        ("", ""),
        ("x" * 400, "x" * 100),
    ],
)  # fmt: skip
def test_device_names(agent, name):
    assert name_device(agent) == name
