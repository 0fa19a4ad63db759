"""Refresh tokens: one successor, grace, reuse, and how it shows on the wire."""

import hashlib
from datetime import timedelta

import pytest
from django.db.models import F
from django.db.models.functions import Now
from rest_framework.test import APIClient

from accounts.models import AuditEvent, RefreshToken, Session, User
from accounts.services.sessions import (
    GRACE_SECONDS,
    Tokens,
    issue_access_token,
    issue_tokens,
    open_session,
    refresh,
)
from accounts.signals import refresh_token_reused, signed_in
from accounts.tests.races import at_once
from accounts.tokens import TokenRefusedError, decode_access_token

URL = "/api/auth/v1/refresh"


def age_use(seconds: float) -> None:
    """Let every use of a token lie further back."""
    RefreshToken.objects.filter(used_at__isnull=False).update(
        used_at=F("used_at") - timedelta(seconds=seconds)
    )


def code_of(token: str) -> str:
    with pytest.raises(TokenRefusedError) as refused:
        refresh(token)
    return refused.value.error_code


@pytest.mark.django_db
def test_refresh_answers_with_a_new_pair(signed_in, bearer):
    _, tokens = signed_in

    answer = APIClient().post(URL, {"refresh_token": tokens.refresh_token}, format="json")

    assert answer.status_code == 200
    assert set(answer.json()) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert answer.json()["refresh_token"] != tokens.refresh_token
    assert bearer(answer.json()["access_token"]).get("/api/auth/v1/me").status_code == 200


@pytest.mark.django_db
def test_chain_of_refreshes_keeps_one_session(signed_in):
    session, tokens = signed_in
    for _ in range(5):
        tokens = refresh(tokens.refresh_token)

    assert tokens.session_id == session.pk
    assert RefreshToken.objects.count() == 6
    assert RefreshToken.objects.filter(used_at=None).count() == 1


@pytest.mark.django_db
def test_only_hashes_are_stored(signed_in):
    _, tokens = signed_in
    refresh(tokens.refresh_token)

    stored = {bytes(row.token_hash) for row in RefreshToken.objects.all()}
    assert hashlib.sha256(tokens.refresh_token.encode()).digest() in stored


@pytest.mark.django_db
def test_successor_cannot_be_told_without_our_key(signed_in, settings):
    _, tokens = signed_in
    ours = refresh(tokens.refresh_token).refresh_token
    settings.SECRET_KEY = "another-key-" * 5

    assert refresh(tokens.refresh_token).refresh_token != ours


@pytest.mark.django_db
def test_repeat_within_grace_gets_the_same_successor(signed_in):
    _, tokens = signed_in
    first = refresh(tokens.refresh_token)
    age_use(GRACE_SECONDS - 1)

    assert refresh(tokens.refresh_token).refresh_token == first.refresh_token
    assert RefreshToken.objects.count() == 2


@pytest.mark.django_db
def test_reuse_after_grace_ends_the_session(
    owner, signed_in, bearer, django_capture_on_commit_callbacks
):
    session, tokens = signed_in
    successor = refresh(tokens.refresh_token)
    age_use(GRACE_SECONDS + 1)
    told = []

    def hear(**news) -> None:
        told.append((news["user_id"], news["session_id"]))

    refresh_token_reused.connect(hear)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            assert code_of(tokens.refresh_token) == "session_revoked"
            assert code_of(tokens.refresh_token) == "session_revoked"
    finally:
        refresh_token_reused.disconnect(hear)

    assert told == [(owner.pk, session.pk)]
    session.refresh_from_db()
    assert session.revoke_reason == "token_reused"
    event = AuditEvent.objects.get()
    assert (event.actor, event.action) == (owner, "session.token_reused")
    assert code_of(successor.refresh_token) == "session_revoked"
    assert bearer(successor.access_token).get("/api/auth/v1/me").status_code == 401


@pytest.mark.django_db
def test_reuse_ends_no_other_session(owner, signed_in):
    other = issue_tokens(open_session(user=owner))
    _, tokens = signed_in
    refresh(tokens.refresh_token)
    age_use(GRACE_SECONDS + 1)
    code_of(tokens.refresh_token)

    assert refresh(other.refresh_token).session_id == other.session_id


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["expires_at", "idle_expires_at"])
def test_ended_session_refreshes_nothing(signed_in, bearer, field):
    _, tokens = signed_in
    Session.objects.update(**{field: Now()})

    assert code_of(tokens.refresh_token) == "session_revoked"
    assert RefreshToken.objects.count() == 1
    assert bearer(tokens.access_token).get("/api/auth/v1/me").json()["code"] == "session_revoked"


@pytest.mark.django_db
def test_banned_person_refreshes_nothing(signed_in):
    User.objects.update(is_active=False)

    assert code_of(signed_in[1].refresh_token) == "session_revoked"


@pytest.mark.django_db
def test_refresh_slides_the_idle_end_but_never_past_the_absolute_one(signed_in):
    session, tokens = signed_in
    Session.objects.update(
        idle_expires_at=Now() + timedelta(minutes=1), expires_at=Now() + timedelta(days=3)
    )
    tokens = refresh(tokens.refresh_token)

    session.refresh_from_db()
    assert session.idle_expires_at == session.expires_at


@pytest.mark.django_db
def test_figures_of_a_new_session(owner):
    session = open_session(user=owner)

    assert session.idle_expires_at - session.created_at == timedelta(days=30)
    assert session.expires_at - session.created_at == timedelta(days=180)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [{}, {"refresh_token": ""}, {"refresh_token": "\x00"}, {"refresh_token": [1]}, [], "x"],
)
def test_malformed_refresh_is_400(db, body):
    assert APIClient().post(URL, body, format="json").status_code == 400


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["unknown", "a.b.c", "ключ", "x" * 256])
def test_unknown_token_is_401(db, token):
    answer = APIClient().post(URL, {"refresh_token": token}, format="json")

    assert answer.status_code == 401
    assert answer.json()["code"] == "token_invalid"


@pytest.mark.django_db
def test_access_token_is_no_refresh_token(signed_in):
    assert code_of(signed_in[1].access_token[:256]) == "token_invalid"


@pytest.mark.django_db
def test_refresh_is_one_statement(signed_in, statements):
    with statements() as seen:
        refresh(signed_in[1].refresh_token)

    assert len(seen.asked) == 1


@pytest.mark.django_db
def test_long_access_token_dies_with_its_session(owner, bearer):
    session = open_session(user=owner)
    token = issue_access_token(session, ttl_seconds=7 * 86400)
    assert bearer(token).get("/api/auth/v1/me").status_code == 200

    Session.objects.update(revoked_at=Now())

    assert bearer(token).get("/api/auth/v1/me").json()["code"] == "session_revoked"


@pytest.mark.django_db
def test_sign_in_is_announced_after_commit(owner, django_capture_on_commit_callbacks):
    told = []

    def hear(**news) -> None:
        told.append((news["user_id"], news["session_id"]))

    signed_in.connect(hear)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            session = open_session(user=owner)
            assert told == []
    finally:
        signed_in.disconnect(hear)

    assert told == [(owner.pk, session.pk)]


@pytest.mark.django_db(transaction=True)
def test_sixteen_parallel_refreshes_have_one_successor(owner):
    tokens = issue_tokens(open_session(user=owner))

    results = at_once(16, lambda _: refresh(tokens.refresh_token))

    assert all(isinstance(item, Tokens) for item in results), results
    assert len({item.refresh_token for item in results}) == 1
    assert RefreshToken.objects.count() == 2
    assert Session.objects.get().revoked_at is None
    assert {decode_access_token(item.access_token).session_id for item in results} == {
        tokens.session_id
    }


@pytest.mark.django_db(transaction=True)
def test_control_reading_before_writing_gives_several_successors(owner):
    """Why the rotation is one statement: with a look before the write, rivals all pass."""
    tokens = issue_tokens(open_session(user=owner))
    digest = hashlib.sha256(tokens.refresh_token.encode()).digest()
    import threading

    looked = threading.Barrier(8)

    def rotate(_: int) -> bool:
        row = RefreshToken.objects.get(token_hash=digest)
        looked.wait(20)
        if row.used_at is None:
            RefreshToken.objects.filter(pk=row.pk).update(used_at=Now())
            return True
        return False

    assert at_once(8, rotate).count(True) == 8
