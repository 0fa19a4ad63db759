"""What a panel's refusals mean, in the words that its releases were read to use."""

import pytest

from config.lib.http import PermanentError, SignInError, TransientError
from integrations.xui.errors import (
    BusyError,
    DownError,
    LastClientError,
    RefusedError,
    RouteGoneError,
    SignInRefusedError,
    TakenError,
    UnknownClientError,
    UnknownInboundError,
    read_refusal,
)


def refusal(message, **options):
    return read_refusal({"success": False, "msg": message, "obj": None}, **options)


@pytest.mark.parametrize(
    ("inner", "kind"),
    [
        ("database is locked", BusyError),
        ("database table is locked", BusyError),
        ("no client remained in Inbound\n", LastClientError),
        ("Client Not Found In Inbound For ID: 5c1f\n", UnknownClientError),
        ("client with email d1 not found\n", UnknownClientError),
        ('client "d1" not found in any inbound or client record\n', UnknownClientError),
        ("Inbound Not Found For Email: d1\n", UnknownClientError),
        ("Duplicate email: d1\n", TakenError),
        ("email already in use: d1\n", TakenError),
        ("subId already in use: s1\n", TakenError),
        ("Duplicate subId: s1\n", TakenError),
        ("record not found", RefusedError),
        ("anything else\n", RefusedError),
    ],
)
@pytest.mark.parametrize("prefix", ["Something went wrong", "Что-то пошло не так"])
def test_the_kernel_tells_whatever_the_language(prefix, inner, kind):
    error = refusal(f"{prefix} ({inner})")
    assert type(error) is kind
    if isinstance(error, RefusedError):
        assert error.text == inner.strip()


@pytest.mark.parametrize("missing", [UnknownClientError, UnknownInboundError])
@pytest.mark.parametrize("inner", ["record not found", "empty client ID\n"])
def test_what_is_missing_is_known_by_who_asked(missing, inner):
    assert type(refusal(f"Obtain ({inner})", missing=missing)) is missing


@pytest.mark.parametrize(
    ("inner", "field"),
    [
        ("Duplicate email: x", "email"),
        ("email already in use: x", "email"),
        ("subId already in use: x", "sub_id"),
        ("Duplicate subId: x", "sub_id"),
    ],
)
def test_what_is_taken_is_named(inner, field):
    assert refusal(f"Something went wrong ({inner}\n)").field == field


def test_brackets_inside_the_kernel_stay():
    assert refusal("Fail (near (1): syntax\n)").text == "near (1): syntax"


@pytest.mark.parametrize("message", [None, "", "Fail"])
def test_a_refusal_without_kernel_is_one_still(message):
    error = read_refusal({"success": False, "msg": message})
    assert (type(error), error.text) == (RefusedError, message or "")


def test_a_failed_validation_names_the_fields():
    issues = [{"field": "limitIp", "rule": "min", "param": "0", "message": "…"}]
    document = {"msg": "request body failed validation", "obj": {"issues": issues}}
    assert read_refusal(document).text == "request body failed validation, limitIp: min"


def test_what_a_panel_says_is_redacted_and_cut():
    error = refusal("Fail (token=s3cret " + "x" * 1000 + ")")
    assert "s3cret" not in str(error)
    assert len(error.text) <= 300


@pytest.mark.parametrize(
    ("error", "family"),
    [
        (BusyError(), TransientError),
        (DownError("xui", "no connection"), TransientError),
        (SignInRefusedError(is_remembered=True), SignInError),
        (RouteGoneError(), PermanentError),
        (TakenError("x", field="email"), PermanentError),
    ],
)
def test_each_belongs_to_a_family_that_the_rest_of_the_house_knows(error, family):
    assert isinstance(error, family)
    assert str(error).startswith("xui: ")
