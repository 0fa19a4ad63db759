"""Invitations: who may make which, what a link opens and for how long, and where it is kept."""

import json
from datetime import timedelta

import pytest
from django.core import serializers
from django.utils import timezone

from accounts.models import AuditEvent, IdempotencyRecord, Invitation, Membership
from accounts.services import invitations
from accounts.services.invitations import invitation_token, invitation_url, invite
from accounts.tests.races import at_once
from config.lib.errors import ConflictError, NotFoundError
from conftest import make_user

pytestmark = pytest.mark.django_db
ACCEPT = "/api/invitations/accept"


@pytest.fixture
def deputy(organization):
    user = make_user("dasha", lang_code="en")
    Membership.objects.create(organization=organization, user=user, role="admin")
    return user


@pytest.fixture
def offer(owner, organization):
    """Return a maker of invitations by the owner."""

    def make(role="manager", **more) -> Invitation:
        return invite(actor=owner, organization_id=organization.pk, role=role, **more)

    return make


def url(organization, invitation=None) -> str:
    base = f"/api/clients/{organization.pk}/invitations"
    return f"{base}/{invitation.pk}" if invitation else base


def accept(client, invitation):
    return client.post(ACCEPT, {"token": invitation_token(invitation)}, format="json")


def role_of(user, organization) -> str | None:
    rows = Membership.objects.filter(user=user, organization=organization)
    return rows.values_list("role", flat=True).first()


def test_a_link_takes_in_whoever_holds_it_once(owner, stranger, organization, api):
    made = api(owner).post(url(organization), {"role": "admin"}, format="json")
    assert made.status_code == 201, made.content
    token = made.json()["url"].rpartition("/")[2]
    client = api(stranger)

    answer = client.post(ACCEPT, {"token": token}, format="json")

    assert answer.json() == {"id": str(organization.pk), "name": "Bicycles", "role": "admin"}
    assert role_of(stranger, organization) == "admin"
    again = client.post(ACCEPT, {"token": token}, format="json")
    assert (again.status_code, again.json()) == (200, answer.json())
    third = api(make_user("third")).post(ACCEPT, {"token": token}, format="json")
    assert third.status_code == 404
    actions = AuditEvent.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["invitation.made", "invitation.accepted", "member.added"]


@pytest.mark.parametrize(
    ("actor", "role", "status"),
    [
        ("owner", "admin", 201),
        ("owner", "manager", 201),
        ("owner", "owner", 400),
        ("deputy", "manager", 201),
        ("deputy", "admin", 403),
        ("colleague", "manager", 403),
        ("stranger", "manager", 404),
        ("staff", "manager", 404),
    ],
)
def test_who_may_offer_what(actor, role, status, organization, request, api):
    person = request.getfixturevalue(actor)
    answer = api(person).post(url(organization), {"role": role}, format="json")
    assert answer.status_code == status, answer.content
    assert Invitation.objects.exists() == (status == 201)


def test_the_link_is_kept_nowhere_and_a_repeat_tells_it_again(owner, organization, api):
    client = api(owner)
    body, key = {"role": "manager"}, {"HTTP_IDEMPOTENCY_KEY": "k"}

    first = client.post(url(organization), body, format="json", **key)
    again = client.post(url(organization), body, format="json", **key)

    assert again.json() == first.json()
    assert again["Idempotent-Replayed"] == "true"
    token = first.json()["url"].rpartition("/")[2]
    for model in (Invitation, IdempotencyRecord, AuditEvent):
        rows = json.dumps(serializers.serialize("python", model.objects.all()), default=str)
        assert rows != "[]"
        assert token not in rows


def test_managers_see_no_links(owner, colleague, organization, offer, api):
    invitation = offer()
    (shown,) = api(owner).get(url(organization)).json()["results"]
    assert shown["url"] == invitation_url(invitation)
    assert shown["invited_by"] == "Olga"
    assert api(owner).get(url(organization, invitation)).json() == shown
    assert api(colleague).get(url(organization)).status_code == 403
    assert api(colleague).get(url(organization, invitation)).status_code == 403


def spoil_age(invitation, owner):
    Invitation.objects.filter(pk=invitation.pk).update(expires_at=timezone.now())


def spoil_withdrawn(invitation, owner):
    invitations.withdraw(
        actor=owner, organization_id=invitation.organization_id, invitation_id=invitation.pk
    )


def spoil_rank(invitation, owner):
    Membership.objects.filter(user=owner).update(role="manager")


def spoil_membership(invitation, owner):
    Membership.objects.filter(user=owner).delete()


def spoil_ban(invitation, owner):
    owner.is_active = False
    owner.save()


@pytest.mark.parametrize(
    "spoil", [spoil_age, spoil_withdrawn, spoil_rank, spoil_membership, spoil_ban]
)
def test_a_link_that_no_longer_holds_looks_like_none(
    spoil, owner, stranger, organization, offer, api, page
):
    invitation = offer()
    spoil(invitation, owner)
    client = api(stranger)

    refused = accept(client, invitation)
    unknown = client.post(ACCEPT, {"token": "x" * 43}, format="json")

    assert refused.status_code == unknown.status_code == 404
    assert refused.json()["detail"] == unknown.json()["detail"]
    shown = page(stranger).get(f"/invitations/{invitation_token(invitation)}")
    assert shown.status_code == 404
    assert "Bicycles" not in shown.content.decode()
    assert role_of(stranger, organization) is None


@pytest.mark.parametrize("token", ["", "\x00", "é" * 50, "x" * 300, None, ["a"], "\ud800"])
def test_any_token_is_refused_not_broken(token, stranger, api):
    answer = api(stranger).post(
        ACCEPT, json.dumps({"token": token}), content_type="application/json"
    )
    assert answer.status_code in (400, 404)


def test_a_member_keeps_role_and_link(owner, colleague, organization, offer, api):
    invitation = offer("admin")
    refused = accept(api(colleague), invitation)
    assert (refused.status_code, refused.json()["code"]) == (409, "already_member")
    assert role_of(colleague, organization) == "manager"
    invitation.refresh_from_db()
    assert invitation.accepted_at is None


def test_the_address_of_a_member_is_refused(owner, colleague, organization, api):
    body = {"role": "manager", "email": colleague.email.upper()}
    answer = api(owner).post(url(organization), body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "already_member")


@pytest.mark.parametrize("email", ["nobody", "a@b@c.ru", "x" * 250 + "@b.ru"])
def test_what_is_no_address(email, owner, organization, api):
    answer = api(owner).post(url(organization), {"role": "manager", "email": email}, format="json")
    assert answer.status_code == 400
    assert not Invitation.objects.exists()


def test_a_second_offer_to_an_address_replaces_the_first(offer, stranger, api):
    first, second = offer(email="new@example.org"), offer(email="NEW@example.org")
    assert accept(api(stranger), first).status_code == 404
    assert accept(api(stranger), second).status_code == 200


def test_not_more_than_fifty_are_open(owner, organization, offer, api, monkeypatch):
    monkeypatch.setattr(invitations, "MAX_OPEN", 2)
    offer(), offer()
    answer = api(owner).post(url(organization), {"role": "manager"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_invitations")


def test_withdrawing(owner, deputy, colleague, organization, offer, api):
    high, low = offer("admin"), offer("manager")
    assert api(colleague).delete(url(organization, low)).status_code == 403
    assert api(deputy).delete(url(organization, high)).status_code == 403
    assert api(deputy).delete(url(organization, low)).status_code == 204
    assert api(deputy).delete(url(organization, low)).status_code == 404
    assert list(api(owner).get(url(organization)).json()["results"]) != []


def test_a_link_of_another_key_is_not_told(owner, organization, offer, api, settings):
    invitation = offer()
    Invitation.objects.filter(pk=invitation.pk).update(token_hash=b"x" * 32)
    assert api(owner).get(url(organization)).json()["results"][0]["url"] is None
    invitation.refresh_from_db()
    with pytest.raises(NotFoundError):
        invitation_url(invitation)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_hold_a_link_one_gets_in(owner, organization):
    invitation = invite(actor=owner, organization_id=organization.pk, role="manager")
    token = invitation_token(invitation)
    people = [make_user(f"p{number}") for number in range(6)]

    results = at_once(6, lambda n: invitations.accept(user=people[n], token=token))

    assert sum(isinstance(result, Membership) for result in results) == 1
    assert sum(isinstance(result, NotFoundError) for result in results) == 5
    assert organization.memberships.count() == 3


@pytest.mark.django_db(transaction=True)
def test_of_two_that_invite_one_person_at_once_one_counts(owner, stranger, organization):
    """Two links, one person: the place is taken once and the other link stays good."""
    tokens = [
        invitation_token(invite(actor=owner, organization_id=organization.pk, role="manager"))
        for _ in range(2)
    ]
    results = at_once(2, lambda n: invitations.accept(user=stranger, token=tokens[n]))
    assert sum(isinstance(result, ConflictError) for result in results) == 1
    assert Invitation.objects.filter(accepted_at__isnull=True).count() == 1


def test_the_page_says_who_invites_and_keeps_the_link_through_sign_in(offer, stranger, page):
    address = f"/invitations/{invitation_token(offer())}"
    nobody = page()

    shown = nobody.get(address)
    assert "Olga invites you" in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    refused = nobody.post(address)
    assert refused["Location"] == f"/login?next={address}"
    signed_in = nobody.post(
        refused["Location"], {"login": stranger.username, "password": "correct-horse-battery-9"}
    )
    assert signed_in["Location"] == address


def test_the_page_takes_in(offer, stranger, organization, other_organization, page):
    client = page(stranger)
    accepted = client.post(f"/invitations/{invitation_token(offer())}")
    assert accepted["Location"] == "/client"
    assert role_of(stranger, organization) == "manager"
    assert "Bicycles" in client.get("/client/organization").content.decode()


def test_the_organizations_page_works_without_scripts(owner, organization, page):
    client = page(owner)
    made = client.post(
        "/client/organization/invitations", {"role": "manager", "email": "new@example.org"}
    )
    assert made.status_code == 302
    invitation = Invitation.objects.get()
    shown = client.get("/client/organization").content.decode()
    assert invitation_url(invitation) in shown
    assert "Kirill" in shown
    client.post(f"/client/organization/invitations/{invitation.pk}/withdraw")
    assert invitation_url(invitation) not in client.get("/client/organization").content.decode()


def test_the_page_shows_what_was_refused(owner, organization, page):
    answer = page(owner).post(
        "/client/organization/invitations", {"role": "owner", "email": "nobody"}
    )
    assert answer.status_code == 400
    assert not Invitation.objects.exists()


def test_roles_leaving_and_ownership_by_the_page(owner, colleague, organization, page):
    client, theirs = page(owner), Membership.objects.get(user=colleague)
    client.post(f"/client/organization/members/{theirs.pk}/role", {"role": "admin"})
    assert role_of(colleague, organization) == "admin"
    client.post(
        "/client/organization/owner", {"member_id": theirs.pk, "confirmation": organization.name}
    )
    assert role_of(colleague, organization) == "owner"
    own = Membership.objects.get(user=owner)
    left = client.post(f"/client/organization/members/{own.pk}/remove")
    assert left["Location"] == "/account"
    assert role_of(owner, organization) is None


def test_an_invitation_ends_in_seven_days(offer):
    invitation = offer()
    assert invitation.expires_at - invitation.created_at == timedelta(days=7)
