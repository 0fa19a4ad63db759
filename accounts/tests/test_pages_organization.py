"""The organization's page: who sees what, the name, invitations, and how it changes hands."""

from datetime import timedelta
from urllib.parse import unquote

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, Invitation, Membership, Session
from accounts.services.invitations import invitation_url, invite
from conftest import make_user

pytestmark = pytest.mark.django_db
HERE = "/client/organization"
OWNER = "/client/organization/owner"


@pytest.fixture
def admin(organization):
    person = make_user("dasha", lang_code="en")
    Membership.objects.create(organization=organization, user=person, role="admin")
    return person


def role_of(person) -> str:
    return Membership.objects.get(user=person).role


def place(person) -> int:
    return Membership.objects.get(user=person).pk


def grow_stale(person) -> None:
    then = timezone.now() - timedelta(minutes=11)
    Session.objects.filter(user=person).update(authenticated_at=then)


def test_a_manager_sees_who_works_here_and_nothing_to_change(colleague, owner, organization, page):
    invite(actor=owner, organization_id=organization.pk, role="manager", email="new@example.org")
    text = page(colleague).get(HERE).content.decode()

    assert "Olga" in text
    assert "Owners and admins invite people and change roles." in text
    assert f"/members/{place(colleague)}/remove" in text
    assert f"/members/{place(owner)}/remove" not in text
    for closed in ("new@example.org", "/invitations", "/role", OWNER, 'name="name"'):
        assert closed not in text, closed


def test_an_admin_places_managers_and_hands_nothing_over(admin, owner, colleague, page):
    text = page(admin).get(HERE).content.decode()

    assert f"/members/{place(colleague)}/remove" in text
    assert f"/members/{place(owner)}/remove" not in text
    assert 'name="name"' in text
    assert OWNER not in text


@pytest.mark.parametrize("role", ["owner", "admin"])
def test_who_manages_it_renames_it(role, owner, admin, organization, page):
    answer = page(owner if role == "owner" else admin).post(HERE, {"name": "  Fast   wheels "})

    assert answer["Location"] == HERE
    organization.refresh_from_db()
    assert organization.name == "Fast wheels"
    event = AuditEvent.objects.get(action="organization.renamed")
    assert event.details == {"from": "Bicycles"}


@pytest.mark.parametrize("name", ["", "   ", "x" * 129])
def test_a_name_that_is_none_is_refused_in_its_place(name, owner, organization, page):
    answer = page(owner).post(HERE, {"name": name})

    assert answer.status_code == 400
    assert answer.context["name_form"].errors.keys() == {"name"}
    assert not answer.context["form"].errors
    organization.refresh_from_db()
    assert organization.name == "Bicycles"


@pytest.mark.parametrize("name", ["Mine", ""])
def test_a_manager_renames_nothing(name, colleague, organization, page):
    assert page(colleague).post(HERE, {"name": name}).status_code == 403
    organization.refresh_from_db()
    assert organization.name == "Bicycles"


def test_an_invitation_stands_there_with_its_link_until_it_is_withdrawn(owner, organization, page):
    client = page(owner)
    client.post(f"{HERE}/invitations", {"role": "manager", "email": "new@example.org"})
    invitation = Invitation.objects.get()
    text = client.get(HERE).content.decode()
    assert "new@example.org" in text
    assert f'data-text="{invitation_url(invitation)}"' in text

    client.post(f"{HERE}/invitations/{invitation.pk}/withdraw")
    assert "new@example.org" not in client.get(HERE).content.decode()


def test_handing_over_asks_for_the_heir_and_the_name(owner, colleague, organization, page):
    client = page(owner)
    text = client.get(OWNER).content.decode()
    assert "Kirill (kirill@example.org)" in text

    done = client.post(OWNER, {"member_id": place(colleague), "confirmation": " bicycles "})

    assert done["Location"] == HERE
    assert (role_of(owner), role_of(colleague)) == ("admin", "owner")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"confirmation": "Kettles"}, "confirmation"),
        ({"confirmation": ""}, "confirmation"),
        ({"member_id": ""}, "member_id"),
        ({"member_id": "x"}, "member_id"),
        ({"member_id": str(2**40)}, "member_id"),
    ],
)
def test_a_slip_hands_nothing_over(change, field, owner, colleague, organization, page):
    body = {"member_id": place(colleague), "confirmation": "Bicycles", **change}
    answer = page(owner).post(OWNER, body)

    assert answer.status_code == 400
    assert answer.context["form"].errors.keys() == {field}
    assert (role_of(owner), role_of(colleague)) == ("owner", "manager")


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stale_sign_in_is_confirmed_first_and_comes_back(
    method, owner, colleague, organization, page
):
    client = page(owner)
    grow_stale(owner)
    body = {"member_id": place(colleague), "confirmation": "Bicycles"}

    answer = client.post(OWNER, body) if method == "post" else client.get(OWNER)

    assert unquote(answer["Location"]) == f"/account/confirm?next={OWNER}"
    assert role_of(owner) == "owner"


@pytest.mark.parametrize("method", ["get", "post"])
def test_only_the_owner_hands_over(method, admin, colleague, organization, page):
    for person in (admin, colleague):
        body = {"member_id": place(person), "confirmation": "Bicycles"}
        assert getattr(page(person), method)(OWNER, body).status_code == 403
    assert not Membership.objects.filter(user__in=[admin, colleague], role="owner").exists()


def test_who_works_alone_is_told_to_invite_somebody(stranger, other_organization, page):
    text = page(stranger).get(OWNER).content.decode()
    assert "Nobody else works here" in text
    assert "<select" not in text


def test_a_banned_member_inherits_nothing(owner, colleague, organization, page):
    colleague.is_active = False
    colleague.save()
    body = {"member_id": place(colleague), "confirmation": "Bicycles"}
    assert page(owner).post(OWNER, body).status_code == 400
    assert role_of(owner) == "owner"
