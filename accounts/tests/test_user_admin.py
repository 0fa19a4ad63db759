"""What staff may do to people, by API and in the admin; and what an ADMIN sees there."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import reverse

from accounts.models import AuditEvent, Session, User
from accounts.permissions import ADMIN_MAY
from accounts.services.people import change_role
from accounts.services.sessions import open_session
from accounts.services.user_administration import UserChanges, administer, end_session, end_sessions
from accounts.tests.races import at_once
from config.lib.errors import ForbiddenError, NotFoundError
from conftest import make_user

pytestmark = pytest.mark.django_db
URL = "/api/admin/v1/users"


@pytest.fixture
def moderator(db):
    return make_user("misha", lang_code="en", role="ADMIN")


def names(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["username"] for row in answer.json()["results"]]


def test_only_staff_lists_people(owner, moderator, staff, api):
    assert api().get(URL).status_code == 401
    assert api(owner).get(URL).status_code == 403
    assert names(api(moderator).get(URL)) == ["sveta", "misha", "olga"]
    row = api(staff).get(URL).json()["results"][0]
    assert set(row) == {
        "id", "email", "username", "telegram_id", "telegram_username", "first_name", "last_name",
        "role", "lang_code", "timezone", "is_verified", "is_active", "created_at", "last_login",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"role": "ADMIN"}, ["misha"]),
        ({"is_active": "false"}, ["banned"]),
        ({"is_active": "true", "role": "USER"}, ["checked"]),
        ({"is_verified": "true"}, ["checked"]),
        ({"search": "MISH"}, ["misha"]),
        ({"search": "@checked_tg"}, ["checked"]),
        ({"search": "777000"}, ["checked"]),
        ({"search": "nobody at all"}, []),
        ({"search": "100%"}, []),
        ({"search": "9" * 90}, []),
    ],
)
def test_filters(moderator, api, query, expected):
    make_user("banned", is_active=False)
    make_user("checked", is_verified=True, telegram_id=777000, telegram_username="checked_tg")
    assert names(api(moderator).get(URL, query)) == expected


@pytest.mark.parametrize(
    "query",
    [
        {"role": "BOSS"},
        {"is_active": "maybe"},
        {"sort": "password"},
        {"limit": "0"},
        {"cursor": "x"},
    ],
)
def test_unknown_filters_are_refused(moderator, api, query):
    assert api(moderator).get(URL, query).status_code == 400


@pytest.mark.parametrize(
    "sort",
    ["id", "-id", "created_at", "-created_at", "login", "-login", "last_login", "-last_login"],
)
def test_pages_hold_everybody_once_in_any_order(moderator, api, sort):
    for number in range(7):
        make_user(f"person{number}")
    client = api(moderator)
    seen, address = [], f"{URL}?limit=3&sort={sort}"
    while address:
        answer = client.get(address)
        seen += names(answer)
        address = answer.json()["next"]
    assert len(seen) == len(set(seen)) == 8
    whole = names(client.get(URL, {"sort": sort}))
    assert seen == whole


@pytest.mark.parametrize(
    ("actor", "target", "changes", "status"),
    [
        ("staff", "owner", {"role": "ADMIN"}, 200),
        ("staff", "moderator", {"role": "USER"}, 200),
        ("staff", "moderator", {"is_active": False}, 200),
        ("moderator", "owner", {"is_verified": True, "is_active": False}, 200),
        ("moderator", "owner", {"role": "ADMIN"}, 403),
        ("moderator", "owner", {"is_verified": True, "role": "ADMIN"}, 403),
        ("moderator", "staff", {"is_active": False}, 403),
        ("moderator", "other", {"is_verified": True}, 403),
        ("moderator", "moderator", {"role": "SUPERUSER"}, 403),
        ("staff", "staff", {"is_verified": True}, 403),
        ("owner", "colleague", {"is_active": False}, 403),
    ],
)
def test_who_may_change_whom(actor, target, changes, status, request, moderator, api):
    people = {"other": make_user("other", role="ADMIN")}
    for name in {actor, target} - {"other"}:
        people[name] = request.getfixturevalue(name)
    person = people[target]

    answer = api(people[actor]).patch(f"{URL}/{person.pk}", changes, format="json")

    assert answer.status_code == status, answer.content
    before = {name: getattr(person, name) for name in changes}
    person.refresh_from_db()
    after = {name: getattr(person, name) for name in changes}
    assert after == (changes if status == 200 else before)
    assert AuditEvent.objects.filter(target=f"user:{person.pk}").exists() == (status == 200)


def test_nobody_there(staff, api):
    assert api(staff).get(f"{URL}/{2**40}").status_code == 404
    assert api(staff).patch(f"{URL}/{2**40}", {"role": "ADMIN"}).status_code == 404
    with pytest.raises(NotFoundError):
        end_session(actor=staff, session_id="00000000-0000-4000-8000-000000000000")


@pytest.mark.parametrize("body", [{"role": "BOSS"}, {"is_active": "maybe"}, {"role": None}])
def test_bad_changes(staff, owner, api, body):
    assert api(staff).patch(f"{URL}/{owner.pk}", body, format="json").status_code == 400


@pytest.mark.django_db(transaction=True)
def test_a_ban_and_a_role_count_with_the_next_request(staff, owner, api):
    client, boss = api(owner), api(staff)
    assert client.get("/api/auth/v1/me").json()["role"] == "USER"
    boss.patch(f"{URL}/{owner.pk}", {"role": "ADMIN"}, format="json")
    assert client.get("/api/auth/v1/me").status_code == 401
    client = api(owner)
    assert client.get(URL).status_code == 200
    boss.patch(f"{URL}/{owner.pk}", {"is_active": False}, format="json")
    assert client.get(URL).status_code == 401


def test_sessions_of_staff_are_ended_by_a_superuser_only(moderator, staff, owner):
    session, other = open_session(user=staff), open_session(user=owner)
    for deed in (
        lambda: end_sessions(actor=moderator, user_id=staff.pk),
        lambda: end_session(actor=moderator, session_id=session.pk),
    ):
        with pytest.raises(ForbiddenError):
            deed()
    end_session(actor=moderator, session_id=other.pk)
    assert Session.objects.filter(revoked_at__isnull=True).get() == session


def two_superusers() -> list[User]:
    return [make_user(name, role="SUPERUSER", is_superuser=True) for name in ("anna", "boris")]


@pytest.mark.django_db(transaction=True)
def test_two_superusers_unmake_each_other_and_one_stays():
    pair = two_superusers()
    results = at_once(
        2,
        lambda n: administer(
            actor=pair[n], user_id=pair[1 - n].pk, changes=UserChanges(role="USER")
        ),
    )
    assert sum(isinstance(result, ForbiddenError) for result in results) == 1
    assert User.objects.filter(role="SUPERUSER").count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_of_both_none_would_stay():
    """The control: each trusts what it knew of itself."""
    pair = two_superusers()
    at_once(2, lambda n: change_role(actor=pair[n], user_id=pair[1 - n].pk, role="USER"))
    assert not User.objects.filter(role="SUPERUSER").exists()


def listed(model) -> str:
    return reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_changelist")


@pytest.mark.parametrize(
    "model", sorted(admin.site._registry, key=str), ids=lambda model: model._meta.label_lower
)
def test_an_admin_sees_what_the_table_says(model, moderator, page):
    status = page(moderator).get(listed(model)).status_code
    assert status == (200 if "view" in ADMIN_MAY.get(model._meta.label_lower, ()) else 403)


def test_the_table_names_models_that_exist():
    known = {model._meta.label_lower for model in admin.site._registry}
    inlines = {
        "integrations.deliveryattempt",
        "vpnconfigs.inbound",
        "vpnconfigs.requestmessage",
    }
    assert set(ADMIN_MAY) - known == inlines
    assert not admin.site.is_registered(Group)


def test_an_admin_edits_people_but_no_staff(moderator, staff, owner, page):
    client = page(moderator)
    for person, may in ((owner, True), (staff, False), (moderator, False)):
        card = reverse("admin:accounts_user_change", args=[person.pk])
        shown = client.get(card)
        assert shown.status_code == 200
        assert (b'name="email"' in shown.content) == may
        answer = client.post(card, {"email": "taken@over.example"})
        assert (answer.status_code != 403) == may


def test_an_admin_makes_no_staff_by_the_actions_either(moderator, owner, page):
    body = {"action": "make_admin", "_selected_action": [str(owner.pk)]}
    page(moderator).post(listed(User), body, follow=True)
    owner.refresh_from_db()
    assert owner.role == "USER"


def test_a_banned_superuser_has_no_permission(staff):
    staff.is_active = False
    assert not staff.has_perm("accounts.view_user")
    assert not staff.has_module_perms("accounts")
