import pytest
from django.core.exceptions import ImproperlyConfigured

from config.lib.registry import Registry


@pytest.fixture
def kinds():
    registry = Registry("delivery kind")
    registry.register("text", 1)
    return registry


def test_an_entry_is_found_by_its_name(kinds):
    assert kinds.get("text") == kinds.find("text") == 1
    assert "text" in kinds
    assert "image" not in kinds
    assert kinds.find("image") is None


def test_an_unknown_name_says_what_is_missing(kinds):
    with pytest.raises(LookupError, match="no delivery kind 'image'"):
        kinds.get("image")


def test_a_name_is_taken_once(kinds):
    kinds.register("text", 1)
    with pytest.raises(ImproperlyConfigured, match="'text' is registered twice"):
        kinds.register("text", 2)
    assert kinds.get("text") == 1


def test_entries_come_by_name(kinds):
    kinds.register("image", 2)
    assert list(kinds.items()) == [("image", 2), ("text", 1)]
