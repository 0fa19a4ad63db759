"""``openapi.json`` of 3.2.0 and later: what this panel can be asked."""

import re
from typing import Any

from .operations import OPERATIONS
from .state import Panel

Json = dict[str, Any]


def describe(panel: Panel) -> Json:
    """The routes of the panel's generation as an OpenAPI document."""
    paths: Json = {}
    for operation in OPERATIONS:
        if panel.generation in operation.generations:
            path = re.sub(r":(\w+)", r"{\1}", f"/panel/api/{operation.path}")
            names = re.findall(r":(\w+)", operation.path)
            paths.setdefault(path, {})[operation.method.lower()] = {
                "operationId": operation.name,
                "parameters": [_parameter(name) for name in names],
                "responses": {"200": {"description": "the envelope, whether done or refused"}},
            }
    return {
        "openapi": "3.0.3",
        "info": {"title": "3X-UI Panel API", "version": panel.facts.version},
        "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
        "security": [{"bearer": []}],
        "paths": paths,
    }


def _parameter(name: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
