"""Handing an organization over: at once, by a fresh sign-in, to a member."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, Membership, Session
from accounts.services.ownership import transfer_ownership
from accounts.services.sessions import open_session
from accounts.tests.races import at_once
from config.lib.errors import ForbiddenError
from conftest import make_user

pytestmark = pytest.mark.django_db


def place(user) -> Membership:
    return Membership.objects.get(user=user)


def roles(*users) -> list[str]:
    return [place(user).role for user in users]


def hand_over(client, organization, member) -> object:
    address = f"/api/clients/{organization.pk}/owner"
    return client.post(address, {"member_id": place(member).pk}, format="json")


def test_the_heir_owns_and_the_giver_stays_as_admin(owner, colleague, organization, api):
    answer = hand_over(api(owner), organization, colleague)

    assert answer.status_code == 200, answer.content
    assert answer.json()["role"] == "owner"
    assert roles(owner, colleague) == ["admin", "owner"]
    event = AuditEvent.objects.get(action="organization.transferred")
    assert (event.actor, event.details) == (owner, {"from": owner.pk, "to": colleague.pk})


@pytest.mark.parametrize("minutes", [11, None], ids=["too long ago", "never"])
def test_a_stale_sign_in_hands_nothing_over(minutes, owner, colleague, organization, api):
    client = api(owner)
    then = timezone.now() - timedelta(minutes=minutes) if minutes else None
    Session.objects.filter(user=owner).update(authenticated_at=then)

    answer = hand_over(client, organization, colleague)

    assert answer.status_code == 403
    assert roles(owner, colleague) == ["owner", "manager"]
    assert not AuditEvent.objects.filter(action="organization.transferred").exists()


def test_who_acts_as_the_owner_hands_nothing_over(owner, colleague, organization, staff, api):
    client = api(owner)
    Session.objects.filter(user=owner).update(impersonator=staff)

    assert hand_over(client, organization, colleague).status_code == 403
    assert roles(owner, colleague) == ["owner", "manager"]


def test_only_owners_hand_over(owner, colleague, organization, api):
    other = make_user("dasha")
    Membership.objects.create(organization=organization, user=other, role="admin")
    for user in (colleague, other):
        assert hand_over(api(user), organization, owner).status_code == 403
    assert roles(owner, other) == ["owner", "admin"]


def test_to_an_owner_a_stranger_or_nobody(owner, colleague, stranger, organization, api):
    client = api(owner)
    address = f"/api/clients/{organization.pk}/owner"
    assert client.post(address, {"member_id": place(owner).pk}).json()["code"] == "already_owner"
    assert client.post(address, {"member_id": 2**40}).status_code == 404
    assert client.post(address, {"member_id": "x"}).status_code == 400
    assert api(stranger).post(address, {"member_id": place(owner).pk}).status_code == 404
    colleague.is_active = False
    colleague.save()
    assert hand_over(client, organization, colleague).status_code == 404
    assert roles(owner) == ["owner"]


@pytest.mark.django_db(transaction=True)
def test_of_two_transfers_at_once_one_happens(owner, colleague, organization):
    other = make_user("dasha")
    Membership.objects.create(organization=organization, user=other, role="admin")
    session = open_session(user=owner)
    heirs = [place(colleague).pk, place(other).pk]

    results = at_once(
        2,
        lambda n: transfer_ownership(
            actor=owner,
            session_id=session.pk,
            organization_id=organization.pk,
            member_id=heirs[n],
        ),
    )

    assert sum(isinstance(result, ForbiddenError) for result in results) == 1
    assert sorted(roles(owner, colleague, other)).count("owner") == 1
