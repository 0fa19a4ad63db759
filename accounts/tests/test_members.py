"""Members: seen by all, changed by rank, never without an owner; it counts at once."""

import uuid

import pytest
from django.db import transaction

from accounts.models import AuditEvent, Membership
from accounts.services import members
from accounts.services.organizations import add_member
from accounts.tests.races import at_once
from config.lib.errors import ConflictError, ForbiddenError, NotFoundError
from conftest import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def deputy(organization):
    """An admin of the organization."""
    user = make_user("dasha", lang_code="en")
    Membership.objects.create(organization=organization, user=user, role="admin")
    return user


def place(user, organization) -> Membership:
    return Membership.objects.get(user=user, organization=organization)


def url(organization, user=None) -> str:
    base = f"/api/clients/{organization.pk}/members"
    return f"{base}/{place(user, organization).pk}" if user else base


def test_any_member_sees_all(owner, colleague, deputy, organization, api):
    answer = api(colleague).get(url(organization)).json()

    assert [(row["name"], row["role"]) for row in answer["results"]] == [
        ("Olga", "owner"),
        ("Kirill", "manager"),
        ("Dasha", "admin"),
    ]
    assert answer["next"] is None
    one = api(colleague).get(url(organization, owner)).json()
    assert one == answer["results"][0]
    assert set(one) == {
        "id", "user_id", "name", "email", "telegram_username", "role", "created_at",
    }  # fmt: skip


def test_list_by_pages_in_one_query_more(owner, organization, api, django_assert_max_num_queries):
    for number in range(5):
        add_member(
            actor=None, organization=organization, user=make_user(f"m{number}"), role="manager"
        )
    client = api(owner)
    client.get(url(organization))
    with django_assert_max_num_queries(2):
        first = client.get(url(organization), {"limit": 4}).json()
    second = client.get(first["next"]).json()
    names = [row["name"] for row in first["results"] + second["results"]]
    assert names == ["Olga", "Kirill", "M0", "M1", "M2", "M3", "M4"]


@pytest.mark.parametrize(
    ("actor", "target", "role", "status"),
    [
        ("owner", "colleague", "admin", 200),
        ("owner", "deputy", "manager", 200),
        ("owner", "colleague", "owner", 403),
        ("owner", "owner", "admin", 403),
        ("deputy", "colleague", "manager", 200),
        ("deputy", "colleague", "admin", 403),
        ("deputy", "owner", "manager", 403),
        ("deputy", "deputy", "manager", 403),
        ("colleague", "deputy", "manager", 403),
        ("colleague", "colleague", "admin", 403),
        ("stranger", "colleague", "admin", 404),
    ],
)
def test_who_may_give_which_role(actor, target, role, status, organization, request, api):
    request.getfixturevalue("deputy")
    people = {name: request.getfixturevalue(name) for name in {actor, target}}
    before = place(people[target], organization).role

    answer = api(people[actor]).patch(
        url(organization, people[target]), {"role": role}, format="json"
    )

    assert answer.status_code == status, answer.content
    assert place(people[target], organization).role == (role if status == 200 else before)
    assert AuditEvent.objects.filter(action="member.role_changed").exists() == (status == 200)


@pytest.mark.parametrize("role", ["", "boss", None, 7, ["admin"]])
def test_roles_that_do_not_exist(role, owner, colleague, organization, api):
    answer = api(owner).patch(url(organization, colleague), {"role": role}, format="json")
    assert answer.status_code == 400
    assert place(colleague, organization).role == "manager"


@pytest.mark.parametrize(
    ("actor", "target", "status"),
    [
        ("owner", "deputy", 204),
        ("owner", "colleague", 204),
        ("deputy", "colleague", 204),
        ("deputy", "owner", 403),
        ("colleague", "deputy", 403),
        ("colleague", "colleague", 204),
        ("deputy", "deputy", 204),
        ("stranger", "colleague", 404),
    ],
)
def test_who_may_take_whom_out(actor, target, status, organization, request, api):
    request.getfixturevalue("deputy")
    people = {name: request.getfixturevalue(name) for name in {actor, target}}
    address = url(organization, people[target])

    answer = api(people[actor]).delete(address)

    assert answer.status_code == status, answer.content
    gone = not Membership.objects.filter(user=people[target], organization=organization).exists()
    assert gone == (status == 204)


def test_the_last_owner_cannot_leave(owner, organization, api):
    answer = api(owner).delete(url(organization, owner))

    assert (answer.status_code, answer.json()["code"]) == (409, "last_owner")
    assert place(owner, organization).role == "owner"


def test_member_of_another_organization_is_not_reached(
    owner, stranger, organization, other_organization, api
):
    foreign = place(stranger, other_organization).pk
    address = f"/api/clients/{organization.pk}/members/{foreign}"
    client = api(owner)
    for method in ("get", "patch", "delete"):
        assert getattr(client, method)(address, {"role": "admin"}).status_code == 404
    assert place(stranger, other_organization).role == "owner"


@pytest.mark.django_db(transaction=True)
def test_a_change_counts_with_the_next_request(owner, colleague, organization, api):
    client = api(colleague)
    rename = f"/api/clients/{organization.pk}"
    assert client.patch(rename, {"name": "Mine"}).status_code == 403
    boss = api(owner)

    boss.patch(url(organization, colleague), {"role": "admin"}, format="json")
    assert client.patch(rename, {"name": "Ours"}).status_code == 200

    boss.delete(url(organization, colleague))
    assert client.get(rename).status_code == 404


def test_rights_are_read_anew_behind_the_lock(owner, deputy, colleague, organization):
    """The actor of a request may carry memberships that were true before."""
    deputy.memberships.update(role="manager")
    with pytest.raises(ForbiddenError):
        members.remove(
            actor=deputy,
            organization_id=organization.pk,
            member_id=place(colleague, organization).pk,
        )
    with pytest.raises(NotFoundError):
        members.remove(actor=owner, organization_id=uuid.uuid4(), member_id=1)


@pytest.fixture
def two_owners(organization, owner, colleague):
    Membership.objects.filter(user=colleague).update(role="owner")
    return [owner, colleague]


@pytest.mark.django_db(transaction=True)
def test_two_owners_leave_at_once_and_one_stays(two_owners, organization):
    places = [place(user, organization).pk for user in two_owners]

    results = at_once(
        2,
        lambda n: members.remove(
            actor=two_owners[n], organization_id=organization.pk, member_id=places[n]
        ),
    )

    refused = [result for result in results if isinstance(result, ConflictError)]
    assert [error.error_code for error in refused] == ["last_owner"]
    assert Membership.objects.filter(organization=organization, role="owner").count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_both_would_leave(two_owners, organization):
    """The control: looking for another owner, then leaving, loses both."""
    import threading

    looked = threading.Barrier(2)

    def leave(number: int) -> None:
        with transaction.atomic():
            own = place(two_owners[number], organization)
            others = Membership.objects.filter(organization=organization, role="owner")
            assert others.exclude(pk=own.pk).exists()
            looked.wait(10)
            own.delete()

    assert at_once(2, leave) == [None, None]
    assert not Membership.objects.filter(organization=organization, role="owner").exists()
