"""Access tokens: no input whatever gives anything but a person or a 401."""

import base64
import json
import uuid
from datetime import timedelta

import jwt
import pytest
from django.conf import settings
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from accounts.models import Session
from accounts.services.sessions import issue_tokens, open_session
from accounts.tokens import (
    Claims,
    SessionToken,
    TokenRefusedError,
    decode_access_token,
    encode_access_token,
)

ME = "/api/auth/v1/me"
CODES = {"token_invalid", "token_expired", "session_revoked"}
FUZZ = hypothesis_settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def claims() -> Claims:
    return Claims(user_id=7, session_id=uuid.uuid4(), version=3)


def sign(payload: dict, key: str = settings.SECRET_KEY, algorithm: str = "HS256") -> str:
    return jwt.encode(payload, key, algorithm=algorithm)


def good_payload(**changes) -> dict:
    payload = {
        "token_type": "access",
        "exp": int(timezone.now().timestamp()) + 100,
        "jti": "1",
        "sub": "7",
        "sid": str(uuid.uuid4()),
        "ver": 1,
    }
    return {name: value for name, value in {**payload, **changes}.items() if value is not ...}


def code_of(token: str) -> str:
    with pytest.raises(TokenRefusedError) as refused:
        decode_access_token(token)
    return refused.value.error_code


def ask(header: str):
    return APIClient().get(ME, HTTP_AUTHORIZATION=header)


def test_round_trip():
    given_claims = claims()

    assert decode_access_token(encode_access_token(given_claims, now=timezone.now())) == (
        given_claims
    )


def test_what_stands_in_a_token(settings):
    settings.ACCESS_TOKEN_TTL_SECONDS = 300
    now = timezone.now()
    payload = jwt.decode(
        encode_access_token(claims(), now=now), options={"verify_signature": False}
    )

    assert set(payload) == {"token_type", "exp", "iat", "jti", "sub", "sid", "ver"}
    assert payload["sub"] == "7"
    assert payload["exp"] - payload["iat"] == 300
    assert payload["iat"] == int(now.timestamp())


def test_lifetime_counts_from_the_clock_given():
    an_hour_ago = timezone.now() - timedelta(hours=1)

    assert code_of(encode_access_token(claims(), now=an_hour_ago)) == "token_expired"
    decode_access_token(encode_access_token(claims(), now=an_hour_ago, ttl_seconds=7200))


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": ...},
        {"jti": ...},
        {"sub": ...},
        {"sid": ...},
        {"ver": ...},
        {"token_type": ...},
        {"token_type": "refresh"},
        {"sid": "not a uuid"},
        {"sid": 5},
        {"sid": None},
        {"sub": "seven"},
        {"ver": "x"},
        {"ver": None},
        {"ver": []},
        {"exp": "soon"},
        {"exp": 10**30},
        {"ver": float("inf")},
    ],
)
def test_signed_but_malformed_claims_are_invalid(changes):
    assert code_of(sign(good_payload(**changes))) == "token_invalid"


def test_other_keys_and_algorithms_are_invalid():
    payload = good_payload()
    unsigned = jwt.encode(payload, "", algorithm="none")

    assert code_of(sign(payload, key="another-key-" * 5)) == "token_invalid"
    assert code_of(sign(payload, algorithm="HS512")) == "token_invalid"
    assert code_of(unsigned) == "token_invalid"


def test_changed_claims_are_invalid():
    head, _, signature = sign(good_payload()).split(".")
    body = base64.urlsafe_b64encode(json.dumps(good_payload(sub="1")).encode()).decode()

    assert code_of(f"{head}.{body.rstrip('=')}.{signature}") == "token_invalid"


@FUZZ
@given(st.text())
def test_any_text_is_refused_as_a_token(text):
    assert code_of(text) == "token_invalid"


@FUZZ
@given(
    st.dictionaries(
        st.sampled_from(["sub", "sid", "ver", "exp", "jti", "token_type", "iat", "nbf"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text()),
    )
)
def test_any_signed_claims_are_refused_not_faulted(payload):
    try:
        token = sign(payload)
    except TypeError:
        return  # what cannot be signed cannot be sent
    assert code_of(token) in CODES


@FUZZ
@given(st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=60))
def test_three_parts_of_anything_are_refused(head, body, signature):
    parts = [base64.urlsafe_b64encode(part).decode() for part in (head, body, signature)]

    assert code_of(".".join(parts)) == "token_invalid"


@pytest.mark.django_db
@hypothesis_settings(FUZZ, max_examples=40)
@given(st.text(st.characters(max_codepoint=255, exclude_characters="\r\n")))
def test_any_bearer_header_gets_401(rubbish):
    answer = ask(f"Bearer {rubbish}")

    assert answer.status_code == 401
    assert answer.json()["code"] in CODES
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "not_authenticated"),
        ("Bearer", "token_invalid"),
        ("Bearer ", "token_invalid"),
        ("Basic b2xnYTpvbGdh", "not_authenticated"),
        ("bearer a.b.c", "token_invalid"),
        ("Bearer a.b.c.d", "token_invalid"),
        ("Bearer " + "x." * 5000, "token_invalid"),
    ],
)
def test_codes_of_refused_headers(header, code):
    answer = ask(header)

    assert answer.status_code == 401
    assert answer.json()["code"] == code


@pytest.mark.django_db
def test_expired_token_says_so(owner):
    session = open_session(user=owner)
    claims_ = Claims(owner.pk, session.pk, owner.token_version)
    old = encode_access_token(claims_, now=timezone.now() - timedelta(hours=1))

    assert ask(f"Bearer {old}").json()["code"] == "token_expired"


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["user", "version", "session"])
def test_token_that_fits_no_session_is_revoked(owner, stranger, change):
    session = open_session(user=owner)
    mismatched = Claims(
        stranger.pk if change == "user" else owner.pk,
        uuid.uuid4() if change == "session" else session.pk,
        owner.token_version + (change == "version"),
    )

    answer = ask(f"Bearer {encode_access_token(mismatched, now=timezone.now())}")

    assert answer.json()["code"] == "session_revoked"


@pytest.mark.django_db
def test_scheme_is_read_in_any_case(owner):
    token = issue_tokens(open_session(user=owner)).access_token

    assert ask(f"bEARER   {token} ").status_code == 200


@pytest.mark.django_db
def test_tokens_of_one_session_differ(owner):
    session = open_session(user=owner)
    first, second = (
        encode_access_token(Claims(owner.pk, session.pk, 1), now=timezone.now()) for _ in range(2)
    )

    assert first != second
    assert isinstance(SessionToken(first)["jti"], str)
    assert Session.objects.count() == 1
