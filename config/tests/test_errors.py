"""Refusals on the wire and on pages, from wherever they come."""

import pytest
from django.test import Client
from rest_framework import exceptions

from config.lib.drf import to_app_error
from config.lib.errors import AppError, NotFoundError, NotSignedInError, RateLimitedError

pytestmark = pytest.mark.urls("config.tests.urls")

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": "en"}
MEMBERS = {"type", "title", "status", "detail", "code", "request_id", "errors"}


@pytest.fixture
def visitor(db):
    """A client that gets the answer to a fault instead of the exception."""
    return Client(raise_request_exception=False, headers={"Accept-Language": "en"})


def problem(answer, status, code):
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert set(body) >= MEMBERS
    assert (body["status"], body["code"]) == (status, code)
    assert isinstance(body["detail"], str)
    assert body["request_id"] == answer["X-Request-ID"]
    return body


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("refuse", 409, "conflict"),
        ("fail", 500, "server_error"),
        ("forbid", 403, "permission_denied"),
        ("suspect", 400, "bad_request"),
        ("no-such-route", 404, "not_found"),
    ],
)
def test_programs_get_problems_and_people_get_pages(visitor, path, status, code):
    problem(visitor.get(f"/api/probe/{path}"), status, code)
    problem(visitor.get(f"/probe/{path}", headers={"Accept": "application/json"}), status, code)
    page = visitor.get(f"/probe/{path}", headers=HTML)
    assert page.status_code == status
    assert page["Content-Type"].startswith("text/html")
    assert str(status) in page.content.decode()


def test_an_api_path_answers_a_browser_with_a_problem_too(visitor):
    problem(visitor.get("/api/probe/refuse", headers=HTML), 409, "conflict")


@pytest.mark.parametrize("path", ["/bots/none", "/auth/none", "/leads/none", "/messages/none"])
def test_the_bots_clients_paths_are_programs_too(visitor, path):
    assert visitor.get(path)["Content-Type"].startswith("application/")


def test_a_fault_tells_nothing_of_itself(visitor):
    for answer in (visitor.get("/api/probe/fail"), visitor.get("/probe/fail", headers=HTML)):
        assert "a fault of ours" not in answer.content.decode()
        assert "RuntimeError" not in answer.content.decode()


def test_a_refusal_names_the_bad_fields_in_the_readers_language(visitor):
    body = problem(visitor.get("/api/probe/refuse"), 409, "conflict")
    assert body["detail"] == "Somebody was faster."
    assert body["title"] == "Conflict"
    assert body["errors"] == [{"field": "name", "code": "taken", "message": "Taken."}]


def test_input_of_any_depth_is_named_by_its_path(visitor):
    answer = visitor.post(
        "/api/probe/check",
        {"lines": [{"amount": 1}, {"amount": 0}]},
        content_type="application/json",
    )
    fields = {e["field"]: e["code"] for e in problem(answer, 400, "invalid")["errors"]}
    assert fields["name"] == "required"
    assert [code for field, code in fields.items() if field.startswith("lines")] == ["min_value"]


def test_a_rule_about_the_whole_body_is_blamed_on_the_body(visitor):
    answer = visitor.post(
        "/api/probe/check", {"name": "nobody", "lines": []}, content_type="application/json"
    )
    (error,) = problem(answer, 400, "invalid")["errors"]
    assert (error["field"], error["code"]) == ("body", "nobody")


def test_extra_members_stand_in_the_problem(visitor):
    answer = visitor.post(
        "/api/probe/check", {"name": "a", "lines": []}, content_type="application/json"
    )
    assert problem(answer, 422, "insufficient_balance")["price_kopecks"] == 200


def test_what_drf_refuses_itself_is_a_problem(visitor):
    problem(visitor.get("/api/probe/check"), 405, "method_not_allowed")
    broken = visitor.post("/api/probe/check", "{", content_type="application/json")
    problem(broken, 400, "parse_error")
    plain = visitor.post("/api/probe/check", "x", content_type="text/csv")
    problem(plain, 415, "unsupported_media_type")


def test_a_form_without_its_token_gets_a_page_and_no_reason(db):
    visitor = Client(enforce_csrf_checks=True, headers=HTML)
    answer = visitor.post("/probe/echo", {"a": "1"})
    assert answer.status_code == 403
    assert "cookie not set" not in answer.content.decode()
    problem(visitor.post("/api/probe/echo", {"a": "1"}), 403, "csrf_failed")


def test_a_foreign_host_name_is_refused_before_anybody_is_known(settings, visitor):
    settings.ALLOWED_HOSTS = ["testserver"]
    problem(visitor.get("/api/probe/echo", headers={"Host": "evil.example"}), 400, "bad_request")
    page = visitor.get("/probe/echo", headers={**HTML, "Host": "evil.example"})
    assert page.status_code == 400
    assert page["Content-Type"].startswith("text/html")


def test_only_refusals_are_translated():
    assert to_app_error(RuntimeError()) is None
    assert isinstance(to_app_error(NotFoundError()), NotFoundError)
    throttled = to_app_error(exceptions.NotAuthenticated())
    assert throttled is not None
    assert (throttled.status, throttled.error_code) == (401, "not_authenticated")


def test_headers_that_belong_to_a_status(rf):
    from config.lib.drf import problem_response

    assert problem_response(NotSignedInError())["WWW-Authenticate"].startswith("Bearer")
    assert problem_response(RateLimitedError(retry_after=7))["Retry-After"] == "7"


def test_an_error_reads_well_in_a_log():
    assert str(AppError("No.", code="own_code")) == "own_code: No."


@pytest.mark.django_db
def test_a_body_nested_too_deep_is_bad_input(api):
    answer = api().post("/api/auth/v1/login", data="[" * 200_000, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"
