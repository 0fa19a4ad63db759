"""The method table against the published description of the Bot API."""

import json
from pathlib import Path

import pytest

from sandbox.telegram.calls import HANDLERS
from sandbox.telegram.table import METHODS, OBJECTS

PUBLISHED = Path(__file__).parents[3] / "shared" / "contracts" / "telegram-bot-api.json"


@pytest.fixture(scope="module")
def published():
    if not PUBLISHED.exists():
        pytest.skip(f"{PUBLISHED.name} is not at hand")
    return json.loads(PUBLISHED.read_text(encoding="utf-8"))


def fields_of(table):
    return {name: (field.types, field.required) for name, field in table.items()}


def published_fields(entry):
    return {
        field["name"]: (tuple(field["types"]), field["required"])
        for field in entry.get("fields", [])
    }


def test_every_method_has_a_call_behind_it():
    assert set(METHODS) == set(HANDLERS)


@pytest.mark.parametrize("method", METHODS)
def test_a_method_takes_what_is_published(published, method):
    assert fields_of(METHODS[method]) == published_fields(published["methods"][method])


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_has_the_fields_that_are_published(published, name):
    assert fields_of(OBJECTS[name]) == published_fields(published["types"][name])
