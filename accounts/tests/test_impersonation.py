"""Acting as somebody else: superusers only, an hour, on the record, with little to write."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.models import AuditEvent, Membership, Session, User
from accounts.services.impersonation import start_impersonation, stop_impersonation
from accounts.services.step_up import require_fresh
from accounts.services.user_administration import UserChanges, administer
from config.lib.errors import ForbiddenError, NotFoundError
from conftest import make_user

pytestmark = pytest.mark.django_db


def act_as(client, *people):
    body = {"action": "act_as", "_selected_action": [str(person.pk) for person in people]}
    return client.post(reverse("admin:accounts_user_changelist"), body, follow=True)


@pytest.fixture
def acting(staff, owner, organization, page):
    """A superuser's browser that acts as the owner."""
    client = page(staff)
    answer = act_as(client, owner)
    assert answer.status_code == 200, answer.content
    return client


def test_a_superuser_sees_what_the_person_sees_under_a_banner(acting, owner, staff):
    shown = acting.get("/client/organization").content.decode()

    assert "Bicycles" in shown
    assert "You see the site as Olga" in shown
    session = Session.objects.get(impersonator=staff)
    assert session.user == owner
    assert session.expires_at - session.created_at == timedelta(hours=1)
    assert session.authenticated_at is None
    event = AuditEvent.objects.get(action="impersonation.started")
    assert (event.actor, event.target) == (staff, f"user:{owner.pk}")


def test_stopping_makes_the_browser_its_owners_again(acting, staff):
    answer = acting.post("/impersonation/stop")

    assert answer["Location"] == "/home"
    shown = acting.get("/account").content.decode()
    assert staff.email in shown
    assert "You see the site as" not in shown
    assert Session.objects.get(impersonator=staff).revoked_at is not None
    assert AuditEvent.objects.filter(action="impersonation.stopped", actor=staff).count() == 1
    assert acting.post("/impersonation/stop").status_code == 302


def test_signing_out_meanwhile_stops_it_on_the_record_and_ends_both_sessions(acting, staff):
    answer = acting.post("/logout")

    assert answer["Location"] == "/"
    session = Session.objects.get(impersonator=staff)
    assert session.revoke_reason == "stopped_by_staff"
    assert not Session.objects.filter(revoked_at__isnull=True).exists()
    event = AuditEvent.objects.get(action="impersonation.stopped")
    assert (event.actor, event.target) == (staff, f"user:{session.user_id}")
    assert event.details == {"session": str(session.pk)}
    assert acting.get("/account").status_code == 302
    assert not acting.session.keys()


def test_a_plain_sign_out_is_no_end_of_acting(owner, page):
    page(owner).post("/logout")
    assert not AuditEvent.objects.filter(action="impersonation.stopped").exists()


def test_no_way_back_from_telegram_meanwhile(acting):
    assert acting.get("/login/telegram/callback?code=c&state=s").status_code == 403
    assert acting.get("/account").status_code == 200


def test_the_person_is_not_signed_in_by_it(owner, staff):
    before = owner.last_login
    start_impersonation(actor=staff, user_id=owner.pk)
    owner.refresh_from_db()
    assert owner.last_login == before


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/account", {"first_name": "Mallory", "timezone": "UTC", "theme": "dark"}),
        ("/account/sessions/end-others", {}),
        ("/account/organizations", {"name": "Mine"}),
        ("/client/organization/invitations", {"role": "admin"}),
        ("/client/organization/owner", {"member_id": "1"}),
        ("/client/bots", {"token": "1:x"}),
        ("/client/automations", {"auto_reply_text": "We are closed."}),
        ("/login", {"login": "olga", "password": "x"}),
        ("/admin/", {}),
    ],
)
def test_what_stays_closed(acting, owner, path, body):
    answer = acting.post(path, body)
    assert answer.status_code == 403, answer.content
    owner.refresh_from_db()
    assert owner.first_name == "Olga"


def test_the_admin_is_closed_meanwhile(acting):
    assert acting.get("/admin/").status_code in (302, 403)


def test_what_asks_for_a_fresh_sign_in_refuses(owner, staff):
    session = start_impersonation(actor=staff, user_id=owner.pk)
    with pytest.raises(ForbiddenError):
        require_fresh(session.pk)


@pytest.mark.parametrize("role", ["ADMIN", "USER"])
def test_nobody_else_may(role, owner, page):
    actor = make_user("misha", role=role)
    with pytest.raises(ForbiddenError):
        start_impersonation(actor=actor, user_id=owner.pk)
    act_as(page(actor), owner)
    assert not Session.objects.filter(impersonator__isnull=False).exists()


def test_staff_the_banned_and_oneself_are_left_alone(staff, colleague):
    banned = make_user("banned", is_active=False)
    moderator = make_user("misha", role="ADMIN")
    for person in (banned, moderator, staff):
        with pytest.raises(ForbiddenError):
            start_impersonation(actor=staff, user_id=person.pk)
    with pytest.raises(NotFoundError):
        start_impersonation(actor=staff, user_id=2**40)


def test_one_person_at_a_time(staff, owner, colleague, page):
    act_as(page(staff), owner, colleague)
    assert not Session.objects.filter(impersonator__isnull=False).exists()


def test_who_is_no_superuser_any_more_stops_at_once(acting, staff):
    boss = make_user("boss", role="SUPERUSER", is_superuser=True)
    administer(actor=boss, user_id=staff.pk, changes=UserChanges(role="ADMIN"))
    assert acting.get("/client/organization").status_code == 302
    assert Session.objects.get(impersonator=staff).revoke_reason == "impersonator_changed"


def test_an_ordinary_session_is_not_stopped_this_way(owner):
    from accounts.services.sessions import open_session

    session = open_session(user=owner)
    stop_impersonation(session_id=session.pk)
    session.refresh_from_db()
    assert session.revoked_at is None


def test_a_rank_that_was_lost_meanwhile_counts(staff, owner):
    User.objects.filter(pk=staff.pk).update(role="ADMIN")
    with pytest.raises(ForbiddenError):
        start_impersonation(actor=staff, user_id=owner.pk)
    assert Membership.objects.count() == 0
