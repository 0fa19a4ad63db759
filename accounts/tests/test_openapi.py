"""The document says of accounts' routes what they do."""

import re

import pytest
from django.urls import get_resolver
from drf_spectacular.generators import SchemaGenerator

from accounts.api.urls import urlpatterns

OPEN = {
    ("/api/app/v1/settings", "get"),
    ("/api/auth/v1/register", "post"),
    ("/api/auth/v1/login", "post"),
    ("/api/auth/v1/refresh", "post"),
    ("/auth/register", "post"),
    ("/auth/login", "post"),
    ("/auth/refresh", "post"),
    ("/api/auth/v1/email/verify", "post"),
    ("/api/auth/v1/password/reset", "post"),
    ("/api/auth/v1/password/reset/confirm", "post"),
    ("/api/auth/v1/login/social/telegram", "post"),
    ("/api/auth/telegram", "post"),
    ("/api/auth/admin", "post"),
    ("/api/auth/master/link", "post"),
    ("/api/auth/master/exchange", "post"),
}
SUCCESS = {
    ("/api/auth/v1/register", "post"): "201",
    ("/auth/register", "post"): "201",
    ("/api/clients", "post"): "201",
    ("/api/auth/v1/logout", "post"): "204",
    ("/api/auth/v1/sessions/{session_id}", "delete"): "204",
    ("/api/auth/v1/email/resend", "post"): "202",
    ("/api/auth/v1/email/change", "post"): "202",
    ("/api/auth/v1/password/reset", "post"): "202",
    ("/api/auth/v1/password/reset/confirm", "post"): "204",
    ("/api/auth/v1/reauthenticate", "post"): "204",
    ("/api/auth/v1/otp", "delete"): "204",
    ("/api/auth/v1/account/delete", "post"): "204",
    ("/api/auth/v1/tokens", "post"): "201",
    ("/api/auth/v1/tokens/{token_id}", "delete"): "204",
    ("/api/auth/master/link", "post"): "201",
    ("/api/auth/v1/telegram", "delete"): "204",
    ("/api/clients/{organization_id}/invitations", "post"): "201",
    ("/api/clients/{organization_id}/invitations/{invitation_id}", "delete"): "204",
    ("/api/clients/{organization_id}/members/{member_id}", "delete"): "204",
}


@pytest.fixture(scope="module")
def document() -> dict:
    return SchemaGenerator().get_schema(public=True)


def operations(document: dict):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if "accounts" in operation["tags"]:
                yield path, method, operation


def schema_of(document: dict, path: str, method: str, status: str) -> dict:
    content = document["paths"][path][method]["responses"][status]["content"]
    schema = content["application/json"]["schema"]
    name = schema.get("$ref", schema.get("items", {}).get("$ref", "")).rpartition("/")[2]
    return document["components"]["schemas"][name]


def test_every_route_is_documented(document):
    documented = {path for path, _, _ in operations(document)}
    declared = {re.sub(r"<\w+:(\w+)>", r"{\1}", f"/{pattern.pattern}") for pattern in urlpatterns}

    assert documented == declared
    assert get_resolver().resolve("/api/clients").func.__module__.startswith("accounts")


def test_what_needs_a_bearer_says_so(document):
    for path, method, operation in operations(document):
        needed = {"bearer": []} in operation.get("security", [])
        optional = {} in operation.get("security", [])
        if (path, method) in OPEN:
            assert not needed, path
        else:
            assert needed, path
            assert optional == (path == "/api/auth/v1/logout")


def test_success_and_refusal_of_each(document):
    for path, method, operation in operations(document):
        assert SUCCESS.get((path, method), "200") in operation["responses"], path
        refusal = operation["responses"]["default"]["content"]
        assert "application/problem+json" in refusal


@pytest.mark.parametrize(
    ("path", "status", "names"),
    [
        ("/api/auth/v1/login", "200",
         {"access_token", "refresh_token", "token_type", "expires_in", "user"}),
        ("/api/auth/v1/refresh", "200",
         {"access_token", "refresh_token", "token_type", "expires_in"}),
        ("/auth/login", "200", {"accessToken", "refreshToken", "user"}),
        ("/api/clients", "201", {"id", "name", "role"}),
    ],
)  # fmt: skip
def test_shapes_that_clients_rely_on(document, path, status, names):
    assert set(schema_of(document, path, "post", status)["properties"]) == names


def test_roles_have_their_values(document):
    me = schema_of(document, "/api/auth/v1/me", "get", "200")
    assert me["properties"]["role"]["enum"] == ["USER", "ADMIN", "SUPERUSER"]
    member = schema_of(document, "/api/clients", "post", "201")
    assert member["properties"]["role"]["enum"] == ["owner", "admin", "manager"]


def test_passwords_are_never_answered(document):
    for path, _, operation in operations(document):
        assert "password" not in str(operation["responses"]), path
    schemas = document["components"]["schemas"]
    for name in ("Me", "SignedIn", "BotsUser", "MeOut", "SignedInOut", "BotsUserOut"):
        assert "password" not in schemas.get(name, {}).get("properties", {})
