import json

import pytest
from drf_spectacular.validation import validate_schema

from config.web.views import _openapi_document

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def document():
    return json.loads(_openapi_document())


@pytest.fixture(scope="module")
def operations(document):
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]


def test_the_document_is_valid_and_the_same_for_everybody(client, document):
    answer = client.get("/openapi.json")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"
    assert "max-age" in answer["Cache-Control"]
    assert answer.json() == document
    validate_schema(document)


def test_it_is_made_once(client):
    client.get("/openapi.json")
    made = _openapi_document.cache_info().misses
    client.get("/openapi.json")
    assert _openapi_document.cache_info().misses == made


def test_operation_ids_are_unique(operations):
    ids = [operation["operationId"] for _, _, operation in operations]
    assert len(set(ids)) == len(ids)


def test_ids_are_made_of_method_and_path(document):
    readiness = document["paths"]["/api/v1/health/readiness"]["get"]
    assert readiness["operationId"] == "get_api_v1_health_readiness"


def test_every_operation_is_tagged_with_its_app(operations):
    apps = {"config", "accounts", "integrations", "notifications", "dialogs", "vpnconfigs"}
    apps.add("marketplace")
    assert {tag for _, _, operation in operations for tag in operation["tags"]} <= apps
    assert all(len(operation["tags"]) == 1 for _, _, operation in operations)


def test_every_operation_may_answer_with_the_problem_document(document, operations):
    for path, method, operation in operations:
        content = operation["responses"]["default"]["content"]
        reference = content["application/problem+json"]["schema"]
        assert reference == {"$ref": "#/components/schemas/Problem"}, (method, path)
    problem = document["components"]["schemas"]["Problem"]
    assert set(problem["required"]) == {
        "type", "title", "status", "detail", "code", "request_id", "errors",
    }  # fmt: skip


def test_the_problem_document_is_what_is_sent(client, document):
    problem = document["components"]["schemas"]["Problem"]
    body = client.get("/api/no/such/route").json()
    assert set(body) == set(problem["properties"])
    types = {"string": str, "integer": int, "array": list}
    for name, schema in problem["properties"].items():
        assert isinstance(body[name], types[schema["type"]])


def test_bearer_is_how_one_signs_in(document):
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    detailed = document["paths"]["/api/v1/health/detailed"]["get"]
    assert {"bearer": []} in detailed["security"]


def test_no_path_ends_with_a_slash(document):
    assert [path for path in document["paths"] if path.endswith("/") and len(path) > 1] == []


@pytest.mark.django_db
class TestDocs:
    def test_the_page_has_nothing_inline(self, client):
        answer = client.get("/docs")
        page = answer.content.decode()
        assert answer.status_code == 200
        assert "default-src 'self'" in answer["Content-Security-Policy"]
        assert "unsafe" not in answer["Content-Security-Policy"]
        assert "<style" not in page
        assert "<script>" not in page
        assert "://" not in page.replace("http://testserver", "")

    def test_its_script_is_a_request_of_its_own(self, client):
        answer = client.get("/docs?script=")
        assert answer["Content-Type"].startswith("application/javascript")
        assert b"openapi.json" in answer.content
