"""Accounts in the admin: all of it opens, nothing secret shows, services keep the rules."""

import hashlib

import pytest
from django.contrib import admin
from django.db.models.functions import Now
from django.urls import reverse

from accounts import models
from accounts.models import (
    ApiToken,
    AuditEvent,
    Invitation,
    LinkToken,
    Membership,
    Session,
    SiteSettings,
    Transfer,
    User,
)
from accounts.services.audit import record_audit
from accounts.services.idempotency import complete, reserve
from accounts.services.jobs import start_job
from accounts.services.ledger import system_wallet, transfer, wallet_of
from accounts.services.sessions import issue_tokens, open_session
from accounts.tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
OURS = [model for model in admin.site._registry if model._meta.app_label == "accounts"]


@pytest.fixture
def everything(owner, organization, staff):
    """One row of everything; returns what must not show."""
    tokens = issue_tokens(open_session(user=owner))
    transfer(
        kind="recharge",
        debit=system_wallet("dev"),
        credit=wallet_of(owner),
        amount_kopecks=100,
        idempotency_key="dev:1",
        reference="",
    )
    start_job(kind="x.y", owner=owner, total=1)
    record_audit(actor=owner, action="deed")
    SiteSettings.objects.create()
    answered = reserve(user=owner, route="POST /x", key="k", body=b"secret body")
    complete(answered, status=201, body={"secret": "planted-in-an-answer"})
    kept = hashlib.sha256(b"planted-link").digest()
    times = {"created_at": Now(), "expires_at": Now()}
    data = {"note": "planted-in-a-link"}
    LinkToken.objects.create(purpose="sign_in", user=owner, token_hash=kept, data=data, **times)
    Invitation.objects.create(organization=organization, role="manager", token_hash=kept, **times)
    ApiToken.objects.create(user=owner, name="program", hint="dps_…", token_hash=kept, **times)
    return [
        kept.hex(),
        "planted-in-a-link",
        tokens.refresh_token,
        tokens.access_token,
        owner.password,
        hashlib.sha256(tokens.refresh_token.encode()).hexdigest(),
        "planted-in-an-answer",
    ]


def list_url(model) -> str:
    return reverse(f"admin:accounts_{model._meta.model_name}_changelist")


def card_url(row) -> str:
    return reverse(f"admin:accounts_{row._meta.model_name}_change", args=[row.pk])


def act(client, model, action: str, *rows):
    body = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
    return client.post(list_url(model), body, follow=True)


def test_every_model_is_in_the_admin():
    assert {model.__name__ for model in OURS} == set(models.__all__)


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_lists_and_cards_open_and_show_no_secret(model, everything, staff, page):
    client = page(staff)
    row = model.objects.first()
    for url in (list_url(model), f"{list_url(model)}?q=olga", card_url(row)):
        answer = client.get(url)
        assert answer.status_code == 200, url
        text = answer.content.decode()
        for secret in everything:
            assert secret not in text


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_ordinary_people_are_kept_out(model, owner, page):
    from django.test import Client

    assert page(owner).get(list_url(model)).status_code in (302, 403)
    turned_away = Client().get(list_url(model), follow=True)
    assert turned_away.redirect_chain[-1][0].startswith("/login?next=/admin/")


@pytest.mark.parametrize(
    "model", ["Session", "RefreshToken", "Wallet", "Transfer", "AuditEvent", "Job",
              "IdempotencyRecord", "LinkToken", "Invitation", "ApiToken"],
)  # fmt: skip
def test_records_are_read_only(model, everything, staff, page):
    client = page(staff)
    row = getattr(models, model).objects.first()
    before = type(row).objects.count()
    name = row._meta.model_name

    assert client.get(reverse(f"admin:accounts_{name}_add")).status_code == 403
    deletion = reverse(f"admin:accounts_{name}_delete", args=[row.pk])
    assert client.post(deletion, {"post": "yes"}).status_code == 403
    assert client.post(card_url(row), {"kind": "changed"}).status_code == 403
    assert type(row).objects.count() == before


def test_ban_and_its_lifting(owner, staff, page):
    open_session(user=owner)
    client = page(staff)

    act(client, User, "ban", owner)
    owner.refresh_from_db()
    assert not owner.is_active
    assert not Session.objects.filter(user=owner, revoked_at=None).exists()
    act(client, User, "lift_ban", owner)
    owner.refresh_from_db()
    assert owner.is_active


def test_refused_deed_is_told_and_the_others_are_done(owner, staff, page):
    answer = act(page(staff), User, "ban", owner, staff)

    staff.refresh_from_db()
    owner.refresh_from_db()
    assert (staff.is_active, owner.is_active) == (True, False)
    assert "You may not do this." in answer.content.decode()


@pytest.mark.parametrize(
    ("action", "before", "role"),
    [
        ("make_superuser", "USER", "SUPERUSER"),
        ("make_admin", "USER", "ADMIN"),
        ("make_user", "ADMIN", "USER"),
    ],
)
def test_roles_are_given_by_the_service(owner, staff, page, action, before, role):
    User.objects.filter(pk=owner.pk).update(role=before)
    act(page(staff), User, action, owner)

    owner.refresh_from_db()
    assert owner.role == role
    assert AuditEvent.objects.get().action == "user.role_changed"


def test_sessions_are_ended_from_both_sides(owner, staff, page):
    first, second = open_session(user=owner), open_session(user=owner)
    client = page(staff)

    act(client, Session, "end", first)
    first.refresh_from_db()
    assert first.revoke_reason == "ended_by_staff"
    act(client, User, "end_sessions", owner)
    second.refresh_from_db()
    assert second.revoke_reason == "ended_by_staff"
    assert client.get(list_url(User)).status_code == 200


def test_job_is_asked_to_stop(owner, staff, page):
    job = start_job(kind="x.y", owner=owner, total=1)

    act(page(staff), models.Job, "cancel", models.Job.objects.get())

    assert job.cancelled
    assert AuditEvent.objects.get().action == "job.cancelled"


def test_card_of_a_person_saves_and_hides_role_and_password(owner, staff, page):
    client = page(staff)
    answer = client.post(
        card_url(owner),
        {
            "email": owner.email,
            "username": "olga",
            "first_name": "Olya",
            "last_name": "",
            "lang_code": "en",
            "timezone": "Europe/Moscow",
            "role": "SUPERUSER",
            "password": "changed",
            "memberships-TOTAL_FORMS": "0",
            "memberships-INITIAL_FORMS": "0",
        },
    )

    assert answer.status_code == 302
    owner.refresh_from_db()
    assert (owner.first_name, owner.role) == ("Olya", "USER")
    assert owner.check_password(PASSWORD)
    assert AuditEvent.objects.get(action="user.edited").details == {"fields": ["first_name"]}


def test_memberships_go_through_the_services(owner, stranger, organization, staff, page):
    client = page(staff)
    added = client.post(
        reverse("admin:accounts_membership_add"),
        {"user": stranger.pk, "organization": str(organization.pk), "role": "manager"},
    )
    assert added.status_code == 302
    row = Membership.objects.get(user=stranger)

    client.post(card_url(row), {"role": "admin"})
    row.refresh_from_db()
    assert row.role == "admin"
    deletion = reverse("admin:accounts_membership_delete", args=[row.pk])
    assert client.post(deletion, {"post": "yes"}).status_code == 302
    assert not Membership.objects.filter(pk=row.pk).exists()
    actions = AuditEvent.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["member.added", "member.role_changed", "member.removed"]


def test_last_owner_cannot_be_taken_out_here_either(owner, organization, staff, page):
    row = Membership.objects.get(user=owner)
    deletion = reverse("admin:accounts_membership_delete", args=[row.pk])

    assert page(staff).post(deletion, {"post": "yes"}).status_code == 409
    assert Membership.objects.filter(pk=row.pk).exists()


def test_site_settings_are_switched_and_audited(staff, page):
    row = SiteSettings.objects.create()

    answer = page(staff).post(card_url(row), {"site_name": "Bureau", "support_contact": "@bureau"})

    assert answer.status_code == 302
    row.refresh_from_db()
    assert (row.site_name, row.is_registration_open) == ("Bureau", False)
    assert AuditEvent.objects.get().details == {
        "site_name": "Bureau",
        "is_registration_open": False,
        "support_contact": "@bureau",
    }


def test_organization_is_renamed_by_staff(organization, staff, page):
    page(staff).post(
        card_url(organization),
        {"name": "Wheels", "memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"},
    )

    organization.refresh_from_db()
    assert organization.name == "Wheels"
    assert AuditEvent.objects.get().details == {"from": "Bicycles"}


def test_list_of_transfers_costs_the_same_for_many(owner, staff, page, statements):
    client = page(staff)
    wallet = wallet_of(owner)

    def add(first: int, last: int) -> None:
        for number in range(first, last):
            transfer(
                kind="recharge",
                debit=system_wallet("dev"),
                credit=wallet,
                amount_kopecks=1,
                idempotency_key=f"dev:{number}",
                reference="",
            )

    def cost() -> int:
        with statements() as seen:
            assert client.get(list_url(Transfer)).status_code == 200
        # The site's switches are read once a second, whoever asks.
        return len([sql for sql in seen.asked if "sitesettings" not in sql])

    add(0, 2)
    cost()
    few = cost()
    add(2, 12)
    assert cost() == few
