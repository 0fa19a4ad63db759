"""How the one OpenAPI document describes our conventions."""

import re
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent

from config.lib.drf import CONTENT_TYPE

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9]+")

FIELD_ERROR: dict[str, Any] = {
    "type": "object",
    "properties": {
        "field": {"type": "string"},
        "code": {"type": "string"},
        "message": {"type": "string"},
    },
    "required": ["field", "code", "message"],
}
PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "A refusal, RFC 9457.",
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {"type": "array", "items": FIELD_ERROR},
    },
    "required": ["type", "title", "status", "detail", "code", "request_id", "errors"],
}


class Schema(AutoSchema):
    """Tags by app, operation ids from the path, and one problem document for every refusal."""

    def get_tags(self) -> list[str]:
        return [type(self.view).__module__.partition(".")[0]]

    def get_operation_id(self) -> str:
        """Return method and path in one word: aliases and lists beside details stay apart."""
        path = re.sub(r"{(\w+)}", r"by_\1", self.path)
        words = _NOT_IN_NAMES.sub("_", path).strip("_")
        return f"{self.method.lower()}_{words}"

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        problem = _component("Problem", PROBLEM)
        self.registry.register_on_missing(problem)
        bodies.setdefault(
            "default",
            {"description": "A refusal.", "content": {CONTENT_TYPE: {"schema": problem.ref}}},
        )
        return bodies


def _component(name: str, schema: dict[str, Any]) -> ResolvedComponent:
    return ResolvedComponent(  # type: ignore[no-untyped-call]
        name=name, type=ResolvedComponent.SCHEMA, schema=schema, object=name
    )


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.api.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "An access token, or a Mini App's initData as `tma <initData>`.",
        }
