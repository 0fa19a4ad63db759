"""Deleting an account: what goes, what stays, and what keeps it from going."""

import pytest

from accounts.models import (
    ApiToken,
    AuditEvent,
    Membership,
    Organization,
    Session,
    Transfer,
    User,
    Wallet,
)
from accounts.services.api_tokens import create_token
from accounts.services.ledger import transfer
from conftest import PASSWORD, make_organization
from notifications.models import ChannelAddress
from tests.world import build_world

pytestmark = pytest.mark.django_db(transaction=True)
DELETE = "/api/auth/v1/account/delete"


def delete(client, user):
    return client.post(DELETE, {"confirm": user.email}, format="json")


def give_money(kind: str, kopecks: int = 500, **whose) -> Wallet:
    source, _ = Wallet.objects.get_or_create(kind=Wallet.Kind.DEV)
    wallet = Wallet.objects.create(kind=kind, **whose)
    transfer(
        kind="test.gift",
        debit=source,
        credit=wallet,
        amount_kopecks=kopecks,
        idempotency_key=f"gift:{wallet.pk}",
        reference="",
    )
    return wallet


def test_a_person_is_forgotten_and_the_row_stays(api, owner):
    client = api(owner)
    create_token(user=owner, name="x", scopes=["profile:read"])
    ChannelAddress.objects.create(user=owner, channel="email", address=owner.email)

    assert delete(client, owner).status_code == 204

    gone = User.objects.get(pk=owner.pk)
    assert (gone.email, gone.username, gone.first_name) == (None, f"deleted:{owner.pk}", "")
    assert not gone.is_active
    assert not gone.has_usable_password()
    assert not Session.objects.filter(user=owner).exists()
    assert not ApiToken.objects.exists()
    assert not ChannelAddress.objects.exists()
    assert client.get("/api/auth/v1/me").status_code == 401
    assert AuditEvent.objects.filter(action="user.deleted", actor=owner).exists()


def test_the_address_may_register_again(api, owner):
    delete(api(owner), owner)

    again = api().post(
        "/api/auth/v1/register", {"email": owner.email, "password": PASSWORD}, format="json"
    )

    assert again.status_code == 201
    assert again.json()["user"]["id"] != owner.pk


@pytest.mark.parametrize("typed", ["", "yes", "kirill@example.org"])
def test_it_must_be_typed_out(api, owner, typed):
    answer = api(owner).post(DELETE, {"confirm": typed}, format="json")

    assert answer.status_code == 400
    assert User.objects.get(pk=owner.pk).is_active


def test_it_needs_a_fresh_sign_in(api, owner):
    client = api(owner)
    Session.objects.update(authenticated_at=None)

    assert delete(client, owner).json()["code"] == "reauthentication_required"
    assert User.objects.get(pk=owner.pk).is_active


def test_the_only_owner_hands_over_first(api, owner, organization):
    refused = delete(api(owner), owner)

    assert (refused.status_code, refused.json()["code"]) == (409, "transfer_first")
    assert User.objects.get(pk=owner.pk).is_active
    assert Membership.objects.filter(user=owner).exists()


def test_an_organization_with_another_owner_stays(api, owner, colleague):
    shared = make_organization("Shared", owner=owner)
    Membership.objects.create(organization=shared, user=colleague, role="owner")

    assert delete(api(owner), owner).status_code == 204

    assert list(shared.members.all()) == [colleague]


def test_a_manager_just_leaves(api, colleague, organization):
    assert delete(api(colleague), colleague).status_code == 204

    assert organization.memberships.count() == 1


def test_ones_own_organization_goes_too(api, owner):
    alone = make_organization("Alone", owner=owner)

    assert delete(api(owner), owner).status_code == 204

    assert not Organization.objects.filter(pk=alone.pk).exists()


def test_what_is_connected_is_disconnected_first(api, owner):
    alone = make_organization("Alone", owner=owner)
    build_world(alone, owner)

    refused = delete(api(owner), owner)

    assert (refused.status_code, refused.json()["code"]) == (409, "organization_not_empty")
    assert Organization.objects.filter(pk=alone.pk).exists()


@pytest.mark.parametrize("whose", ["user", "organization"])
def test_money_is_spent_first(api, owner, whose):
    alone = make_organization("Alone", owner=owner)
    give_money(whose, **{whose: owner if whose == "user" else alone})

    refused = delete(api(owner), owner)

    assert (refused.status_code, refused.json()["code"]) == (409, "wallet_not_empty")
    assert User.objects.get(pk=owner.pk).email == owner.email


def test_the_ledger_keeps_every_row(api, owner):
    alone = make_organization("Alone", owner=owner)
    for kind, holder in (("user", {"user": owner}), ("organization", {"organization": alone})):
        wallet = give_money(kind, **holder)
        sink, _ = Wallet.objects.get_or_create(kind=Wallet.Kind.REVENUE)
        transfer(
            kind="test.spent",
            debit=wallet,
            credit=sink,
            amount_kopecks=500,
            idempotency_key=f"spent:{wallet.pk}",
            reference="",
        )

    assert delete(api(owner), owner).status_code == 204

    assert Transfer.objects.count() == 4
    assert Wallet.objects.get(user=owner).balance_kopecks == 0
    left = Organization.objects.get(pk=alone.pk)
    assert (left.name, left.memberships.count()) == ("—", 0)


def test_the_page_deletes_after_typing(page, owner):
    client = page(owner)
    assert owner.email in client.get("/account/delete").content.decode()

    assert client.post("/account/delete", {"confirm": "no"}).status_code == 400
    done = client.post("/account/delete", {"confirm": owner.email})

    assert done.status_code == 302
    assert client.get("/account").status_code == 302
    assert not User.objects.get(pk=owner.pk).is_active
