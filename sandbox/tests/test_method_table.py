"""The method table against the published description of the Bot API."""

import json
from pathlib import Path

import pytest

from sandbox.telegram.calls import HANDLERS
from sandbox.telegram.table import METHODS

PUBLISHED = Path(__file__).parents[3] / "shared" / "contracts" / "telegram-bot-api.json"


@pytest.fixture(scope="module")
def published():
    if not PUBLISHED.exists():
        pytest.skip(f"{PUBLISHED.name} is not at hand")
    return json.loads(PUBLISHED.read_text(encoding="utf-8"))["methods"]


def test_every_method_has_a_call_behind_it():
    assert set(METHODS) == set(HANDLERS)


@pytest.mark.parametrize("method", METHODS)
def test_a_method_takes_what_is_published(published, method):
    wanted = {
        field["name"]: (tuple(field["types"]), field["required"])
        for field in published[method].get("fields", [])
    }
    ours = {name: (field.types, field.required) for name, field in METHODS[method].items()}
    assert ours == wanted
