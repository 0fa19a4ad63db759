"""What is deleted with time, and what never is."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from accounts.models import (
    AuditEvent,
    IdempotencyRecord,
    LinkToken,
    RefreshToken,
    Session,
    Transfer,
)
from accounts.services import cleaning
from accounts.services.audit import record_audit
from accounts.services.idempotency import reserve
from accounts.services.ledger import system_wallet, transfer, wallet_of
from accounts.services.sessions import issue_tokens, open_session, refresh, revoke_session
from accounts.tasks import delete_old_rows

pytestmark = pytest.mark.django_db


def ago(**length):
    return Now() - timedelta(**length)


@pytest.fixture
def chain(owner):
    """A live session with one used token and its successor."""
    tokens = issue_tokens(open_session(user=owner))
    return refresh(tokens.refresh_token)


def test_young_rows_stay(owner, chain):
    reserve(user=owner, route="POST /x", key="k", body=b"")
    revoke_session(session_id=open_session(user=owner).pk)

    assert cleaning.delete_old_rows() == 0
    assert Session.objects.count() == 2


def test_old_answers_go(owner):
    for key in ("old", "young"):
        reserve(user=owner, route="POST /x", key=key, body=b"")
    IdempotencyRecord.objects.filter(key="old").update(created_at=ago(hours=25))

    assert cleaning.delete_old_rows() == 1
    assert IdempotencyRecord.objects.get().key == "young"


def test_dead_links_go_after_a_week(owner):
    for days, name in ((8, b"old"), (1, b"young")):
        LinkToken.objects.create(
            purpose="reset_password",
            user=owner,
            token_hash=name,
            created_at=Now(),
            expires_at=Now() - timedelta(days=days),
        )
    cleaning.delete_old_rows()
    assert [bytes(row.token_hash) for row in LinkToken.objects.all()] == [b"young"]


@pytest.mark.parametrize("field", ["revoked_at", "idle_expires_at", "expires_at"])
def test_sessions_go_a_month_after_their_end_with_their_tokens(owner, chain, field):
    kept = open_session(user=owner)
    Session.objects.filter(pk=chain.session_id).update(**{field: ago(days=31)})

    assert cleaning.delete_old_rows() == 1
    assert Session.objects.get() == kept
    assert not RefreshToken.objects.exists()


def test_long_chains_of_live_sessions_lose_their_beginning(chain):
    RefreshToken.objects.filter(used_at__isnull=False).update(used_at=ago(days=31))

    assert cleaning.delete_old_rows() == 1
    assert RefreshToken.objects.get().used_at is None
    assert refresh(chain.refresh_token).session_id == chain.session_id


def test_ledger_and_audit_are_for_ever(owner):
    transfer(
        kind="recharge",
        debit=system_wallet("dev"),
        credit=wallet_of(owner),
        amount_kopecks=1,
        idempotency_key="dev:1",
        reference="",
    )
    record_audit(actor=owner, action="deed")
    AuditEvent.objects.update(at=ago(days=4000))

    assert cleaning.delete_old_rows() == 0
    assert Transfer.objects.count() == AuditEvent.objects.count() == 1


def test_many_rows_go_in_portions(owner, monkeypatch):
    monkeypatch.setattr(cleaning, "BATCH", 3)
    for number in range(10):
        reserve(user=owner, route="POST /x", key=str(number), body=b"")
    IdempotencyRecord.objects.update(created_at=ago(days=2))

    assert cleaning.delete_old_rows() == 10
    assert not IdempotencyRecord.objects.exists()


def test_the_task_does_it_and_may_run_twice(owner):
    reserve(user=owner, route="POST /x", key="k", body=b"")
    IdempotencyRecord.objects.update(created_at=ago(days=2))

    delete_old_rows()
    delete_old_rows()

    assert not IdempotencyRecord.objects.exists()
