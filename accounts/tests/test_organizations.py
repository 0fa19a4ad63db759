"""Organizations: opening, renaming, members, and which one a call means."""

import uuid

import pytest
from django.test import RequestFactory

from accounts.models import AuditEvent, Membership, Organization
from accounts.selectors.organizations import (
    attach_memberships,
    current_membership,
    get_organization_for,
    may_manage,
    membership_in,
    memberships_of,
)
from accounts.services.organizations import (
    add_member,
    change_member_role,
    open_organization,
    remove_member,
    rename_as_staff,
    rename_organization,
)
from accounts.signals import organization_opened
from accounts.tests.races import at_once
from accounts.web.access import membership_of as page_membership
from config.lib.errors import ConflictError, ForbiddenError, InputError, NotFoundError

URL = "/api/clients"


@pytest.mark.django_db
def test_open_by_api(owner, api):
    client = api(owner)

    opened = client.post(URL, {"name": "  Kites \n and   Sails "}, format="json")

    assert opened.status_code == 201
    assert set(opened.json()) == {"id", "name", "role"}
    assert opened.json()["name"] == "Kites and Sails"
    assert opened.json()["role"] == "owner"
    assert client.get(URL).json() == [opened.json()]
    assert client.get(f"{URL}/{opened.json()['id']}").json().items() >= opened.json().items()
    event = AuditEvent.objects.get(action="organization.opened")
    assert str(event.organization_id) == opened.json()["id"]


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["", "   ", "x" * 129, "\x00", None, ["a"]])
def test_bad_name_is_400(owner, api, name):
    assert api(owner).post(URL, {"name": name}, format="json").status_code == 400
    assert not Organization.objects.exists()


@pytest.mark.django_db
def test_rename_by_api(owner, colleague, organization, api):
    answer = api(owner).patch(f"{URL}/{organization.pk}", {"name": "Wheels"}, format="json")

    assert answer.status_code == 200
    renamed = {"id": str(organization.pk), "name": "Wheels", "role": "owner"}
    assert answer.json().items() >= renamed.items()
    assert AuditEvent.objects.get().details == {"from": "Bicycles"}
    assert api(colleague).get(URL).json()[0]["name"] == "Wheels"


@pytest.mark.django_db
def test_empty_patch_changes_nothing(owner, organization, api):
    assert api(owner).patch(f"{URL}/{organization.pk}", {}, format="json").status_code == 200
    assert not AuditEvent.objects.exists()


@pytest.mark.django_db
def test_manager_may_look_not_rename(colleague, organization, api):
    client = api(colleague)

    assert client.get(f"{URL}/{organization.pk}").json()["role"] == "manager"
    refused = client.patch(f"{URL}/{organization.pk}", {"name": "Mine"}, format="json")
    assert refused.status_code == 403
    organization.refresh_from_db()
    assert organization.name == "Bicycles"


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "patch"])
def test_foreign_and_absent_look_the_same(owner, organization, other_organization, api, method):
    client = api(owner)
    foreign = getattr(client, method)(f"{URL}/{other_organization.pk}", {"name": "x"})
    absent = getattr(client, method)(f"{URL}/{uuid.uuid4()}", {"name": "x"})

    assert foreign.status_code == absent.status_code == 404
    bodies = [{**item.json(), "request_id": ""} for item in (foreign, absent)]
    assert bodies[0] == bodies[1]


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_gets_401(db, api, method):
    answer = getattr(api(), method)(URL, {})

    assert answer.status_code == 401
    assert answer.json()["code"] == "not_authenticated"


@pytest.mark.django_db
def test_opening_is_announced(owner, django_capture_on_commit_callbacks):
    told = []

    def hear(**news) -> None:
        told.append((news["organization_id"], news["owner_id"]))

    organization_opened.connect(hear)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            membership = open_organization(owner=owner, name="Kites")
            assert told == []
    finally:
        organization_opened.disconnect(hear)

    assert told == [(membership.organization_id, owner.pk)]


@pytest.mark.django_db
def test_failing_listener_harms_nobody(owner, django_capture_on_commit_callbacks):
    def break_down(**news) -> None:
        raise RuntimeError

    organization_opened.connect(break_down)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            open_organization(owner=owner, name="Kites")
    finally:
        organization_opened.disconnect(break_down)

    assert Organization.objects.exists()


@pytest.mark.django_db
def test_the_only_membership_is_meant(owner, organization):
    assert current_membership(owner, None).organization == organization
    assert current_membership(owner, "").role == "owner"


@pytest.mark.django_db
def test_several_or_none_must_be_named(owner, stranger, organization):
    open_organization(owner=owner, name="Second")

    for user in (owner, stranger):
        with pytest.raises(ConflictError) as refused:
            current_membership(user, None)
        assert refused.value.error_code == "organization_required"
    assert current_membership(owner, str(organization.pk)).organization == organization


@pytest.mark.django_db
@pytest.mark.parametrize("named", ["rubbish", "\x00", "5f3f1d7e-6f0b-4a8e-9a57-0d6b1c1f7a11", "1"])
def test_naming_what_is_not_there(owner, organization, named):
    with pytest.raises(NotFoundError):
        current_membership(owner, named)


@pytest.mark.django_db
def test_naming_a_foreign_one(owner, organization, other_organization):
    with pytest.raises(NotFoundError):
        current_membership(owner, str(other_organization.pk))


@pytest.mark.django_db
def test_header_chooses_the_role_of_the_bots_client(owner, organization, other_organization, api):
    Membership.objects.create(user=owner, organization=other_organization, role="manager")

    for chosen, role in ((organization, "owner"), (other_organization, "manager")):
        assert api(owner, organization=chosen).get("/auth/me").json()["role"] == role
    assert api(owner).get("/auth/me").json()["role"] == "owner"
    stray = api(owner)
    assert stray.get("/auth/me", HTTP_X_ORGANIZATION=str(uuid.uuid4())).status_code == 404


@pytest.mark.django_db
def test_memberships_are_by_name_and_asked_once(owner, statements):
    for name in ("zebra", "Aardvark", "mole"):
        open_organization(owner=owner, name=name)
    attach_memberships(owner, memberships_of(owner))

    with statements() as seen:
        names = [item.organization.name for item in memberships_of(owner)]

    assert names == ["Aardvark", "mole", "zebra"]
    assert seen.asked == []


@pytest.mark.django_db
@pytest.mark.parametrize(("role", "may"), [("owner", True), ("admin", True), ("manager", False)])
def test_who_may_manage(stranger, organization, role, may):
    membership = Membership.objects.create(user=stranger, organization=organization, role=role)

    assert may_manage(membership) is may
    if may:
        assert get_organization_for(stranger, organization.pk, can_manage=True) == organization
    else:
        with pytest.raises(ForbiddenError):
            get_organization_for(stranger, organization.pk, can_manage=True)


@pytest.mark.django_db
def test_page_shows_the_chosen_organization_then_the_first(owner, organization):
    second = open_organization(owner=owner, name="Aardvarks").organization
    request = RequestFactory().get("/client")
    request.user, request.session = owner, {}

    assert page_membership(request).organization == second
    request.GET = {"org": str(organization.pk)}
    assert page_membership(request).organization == organization
    request.GET = {}
    assert page_membership(request).organization == organization
    Membership.objects.filter(organization=organization).delete()
    assert page_membership(request).organization == second
    assert request.session == {}


@pytest.mark.django_db
def test_page_refuses_a_foreign_organization(owner, organization, other_organization):
    request = RequestFactory().get("/client", {"org": str(other_organization.pk)})
    request.user, request.session = owner, {}

    with pytest.raises(NotFoundError):
        page_membership(request)
    assert request.session == {}


@pytest.mark.django_db
def test_page_of_who_belongs_nowhere(stranger):
    request = RequestFactory().get("/client")
    request.user, request.session = stranger, {}

    with pytest.raises(ConflictError) as refused:
        page_membership(request)
    assert refused.value.error_code == "organization_required"


@pytest.mark.django_db
def test_members_come_change_and_go_audited(owner, stranger, organization):
    membership = add_member(actor=owner, organization=organization, user=stranger, role="manager")
    change_member_role(actor=owner, membership_id=membership.pk, role="admin")
    assert membership_in(stranger, organization.pk).role == "admin"
    remove_member(actor=owner, membership_id=membership.pk)

    with pytest.raises(NotFoundError):
        membership_in(stranger, organization.pk)
    actions = AuditEvent.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["member.added", "member.role_changed", "member.removed"]


@pytest.mark.django_db
def test_member_who_is_taken_in_again_keeps_the_role(owner, colleague, organization):
    again = add_member(actor=owner, organization=organization, user=colleague, role="owner")

    assert again.role == "manager"
    assert not AuditEvent.objects.exists()


@pytest.mark.django_db
def test_last_owner_stays(owner, organization):
    only = Membership.objects.get(user=owner)

    with pytest.raises(ConflictError) as refused:
        change_member_role(actor=owner, membership_id=only.pk, role="manager")
    assert refused.value.error_code == "last_owner"
    with pytest.raises(ConflictError):
        remove_member(actor=owner, membership_id=only.pk)
    assert Membership.objects.get(user=owner).role == "owner"
    assert not AuditEvent.objects.exists()
    assert change_member_role(actor=owner, membership_id=only.pk, role="owner") == only


@pytest.mark.django_db(transaction=True)
def test_two_owners_cannot_leave_at_once(owner, stranger, organization):
    Membership.objects.create(user=stranger, organization=organization, role="owner")
    owners = list(Membership.objects.filter(role="owner"))

    results = at_once(2, lambda n: remove_member(actor=None, membership_id=owners[n].pk))

    assert sum(isinstance(item, ConflictError) for item in results) == 1
    assert Membership.objects.filter(role="owner").count() == 1


@pytest.mark.django_db
def test_absent_membership(owner):
    with pytest.raises(NotFoundError):
        change_member_role(actor=owner, membership_id=1, role="owner")


@pytest.mark.django_db
def test_rename_checks_the_name(owner, staff, organization):
    for act in (
        lambda: rename_organization(actor=owner, organization_id=organization.pk, name=" "),
        lambda: rename_as_staff(actor=staff, organization_id=organization.pk, name="x" * 129),
    ):
        with pytest.raises(InputError):
            act()
    organization.refresh_from_db()
    assert organization.name == "Bicycles"
