"""Tokens of programs: what they open, what stays closed, how they end."""

import hashlib
from datetime import timedelta

import pytest
from django.urls import get_resolver
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import ApiToken, Session
from accounts.scopes import known_scopes
from accounts.services.api_tokens import create_token
from accounts.services.people import change_role, set_active

pytestmark = pytest.mark.django_db(transaction=True)
TOKENS = "/api/auth/v1/tokens"
ME = "/api/auth/v1/me"


def program(key: str, **headers) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}", **headers)
    return client


def make(user, *scopes: str, **more) -> str:
    return create_token(user=user, name="script", scopes=scopes, **more).key


def test_a_token_is_made_shown_once_and_listed_without_its_key(api, owner):
    client = api(owner)

    made = client.post(TOKENS, {"name": "CRM", "scopes": ["profile:read"]}, format="json")

    assert made.status_code == 201, made.content
    key = made.json()["key"]
    assert key.startswith("dps_")
    assert len(key) == 47
    assert program(key).get(ME).json()["id"] == owner.pk
    listed = client.get(TOKENS)
    assert [row["name"] for row in listed.json()] == ["CRM"]
    assert key not in listed.content.decode()
    row = ApiToken.objects.get()
    assert bytes(row.token_hash) == hashlib.sha256(key.encode()).digest()
    assert key[8:] not in f"{row.hint}{row.name}"


def test_making_one_needs_a_fresh_sign_in(api, owner):
    client = api(owner)
    Session.objects.update(authenticated_at=timezone.now() - timedelta(minutes=11))

    refused = client.post(TOKENS, {"name": "CRM", "scopes": ["profile:read"]}, format="json")

    assert refused.json()["code"] == "reauthentication_required"
    assert not ApiToken.objects.exists()


def test_reading_does_not_allow_writing(owner):
    reader = program(make(owner, "profile:read"))

    refused = reader.patch(ME, {"first_name": "Ольга"}, format="json")

    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    assert refused.json()["scope"] == "profile:write"
    owner.refresh_from_db()
    assert owner.first_name == "Olga"
    writer = program(make(owner, "profile:write"))
    assert writer.patch(ME, {"first_name": "Ольга"}, format="json").status_code == 200


@pytest.mark.parametrize(
    ("scope", "path"),
    [
        ("dialogs:read", "/api/dialogs"),
        ("bots:read", "/api/bots"),
        ("bots:read", "/bots"),
        ("avito:read", "/api/avito/accounts"),
        ("organizations:read", "/api/clients"),
        ("profile:read", ME),
    ],
)
def test_each_scope_opens_its_own_routes_only(owner, organization, scope, path):
    others = sorted(known_scopes() - {scope})

    assert program(make(owner, scope)).get(path).status_code == 200
    assert program(make(owner, *others)).get(path).json()["code"] == "scope_missing"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", TOKENS),
        ("post", TOKENS),
        ("get", "/api/auth/v1/sessions"),
        ("post", "/api/auth/v1/password/change"),
        ("post", "/api/auth/v1/email/change"),
        ("post", "/api/auth/v1/reauthenticate"),
        ("post", "/api/auth/v1/account/delete"),
        ("delete", "/api/auth/v1/otp"),
        ("get", "/api/admin/metrics"),
        ("get", "/api/admin/v1/users"),
    ],
)
def test_no_scope_opens_what_guards_an_account(staff, organization, method, path):
    client = program(make(staff, *known_scopes()))

    answer = getattr(client, method)(path, {}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


def test_every_scope_names_views_that_exist():
    from accounts.scopes import scopes
    from tests.routes import all_routes

    assert all_routes()
    found = set()
    for pattern in _patterns(get_resolver()):
        view = getattr(pattern.callback, "view_class", pattern.callback)
        found.add(f"{view.__module__}.{getattr(view, '__qualname__', '')}")
    for name, scope in scopes.items():
        for prefix in scope.views:
            assert any(view.startswith(prefix) for view in found), (name, prefix)


def _patterns(resolver):
    for item in resolver.url_patterns:
        if hasattr(item, "url_patterns"):
            yield from _patterns(item)
        else:
            yield item


def test_a_token_of_one_organization_sees_no_other(owner, organization, stranger):
    from conftest import make_organization

    other = make_organization("Second", owner=owner)
    key = make(owner, "bots:read", "organizations:read", organization_id=organization.pk)

    assert program(key).get("/api/bots").status_code == 200
    assert [row["name"] for row in program(key).get("/api/clients").json()] == ["Bicycles"]
    away = program(key, HTTP_X_ORGANIZATION=str(other.pk)).get("/api/bots")
    assert away.status_code == 404


def test_a_token_for_a_foreign_organization_is_not_made(api, owner, other_organization):
    body = {"name": "x", "scopes": ["bots:read"], "organization_id": str(other_organization.pk)}

    assert api(owner).post(TOKENS, body, format="json").status_code == 404
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything:write"]}, "scopes"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
    ],
)
def test_bad_wishes_are_refused_by_field(api, owner, change, field):
    body = {"name": "x", "scopes": ["bots:read"], **change}

    answer = api(owner).post(TOKENS, body, format="json")

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_an_ended_token_is_refused_at_once(api, owner):
    key = make(owner, "profile:read")
    assert program(key).get(ME).status_code == 200

    ended = api(owner).delete(f"{TOKENS}/{ApiToken.objects.get().pk}")

    assert ended.status_code == 204
    assert program(key).get(ME).json()["code"] == "token_invalid"


def test_nobody_ends_a_strangers_token(api, owner, stranger):
    key = make(owner, "profile:read")

    assert api(stranger).delete(f"{TOKENS}/{ApiToken.objects.get().pk}").status_code == 404
    assert program(key).get(ME).status_code == 200


def test_an_expired_token_is_refused(owner):
    key = make(owner, "profile:read")
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert program(key).get(ME).status_code == 401


def test_a_ban_counts_at_once(owner, staff):
    key = make(owner, "profile:read")
    assert program(key).get(ME).status_code == 200

    set_active(actor=staff, user_id=owner.pk, is_active=False)

    assert program(key).get(ME).status_code == 401


def test_a_changed_role_counts_at_once(owner, staff):
    key = make(owner, "profile:read")
    assert program(key).get(ME).json()["role"] == "USER"

    change_role(actor=staff, user_id=owner.pk, role="ADMIN")

    assert program(key).get(ME).json()["role"] == "ADMIN"


def test_a_known_token_costs_no_query(owner, statements):
    key = make(owner, "profile:read")
    program(key).get(ME)

    with statements() as seen:
        assert program(key).get(ME).status_code == 200

    assert seen.asked == []


def test_without_redis_tokens_are_read_from_the_database(owner, redis_gone):
    key = make(owner, "profile:read")

    assert program(key).get(ME).status_code == 200
    ApiToken.objects.update(revoked_at=timezone.now())
    assert program(key).get(ME).status_code == 401


def test_the_last_use_is_written_once_a_minute(owner):
    key = make(owner, "profile:read")
    program(key).get(ME)
    first = ApiToken.objects.get().last_used_at
    assert first is not None

    program(key).get(ME)

    assert ApiToken.objects.get().last_used_at == first


@pytest.mark.parametrize("key", ["dps_", "dps_nobody", "dps_" + "A" * 43, "dps_" + "я" * 9])
def test_made_up_keys_open_nothing(db, key):
    answer = APIClient().get(ME, HTTP_AUTHORIZATION=f"Bearer {key}")

    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


def test_the_page_makes_and_ends_tokens(page, owner, organization):
    client = page(owner)
    made = client.post(
        "/account/tokens",
        {"name": "CRM", "scopes": ["profile:read"], "organization": "", "days": 30},
    )
    text = made.content.decode()
    key = text[text.index("dps_") :][:47]

    assert program(key).get(ME).status_code == 200
    assert key not in client.get("/account/tokens").content.decode()
    client.post(f"/account/tokens/{ApiToken.objects.get().pk}/end")
    assert program(key).get(ME).status_code == 401
