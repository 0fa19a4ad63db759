"""What is revoked or changed counts at once, with Redis there, gone, and back again."""

import json
import threading
import time
import uuid

import pytest
from django.db import transaction
from redis import Redis

from accounts.models import Membership, Session, User
from accounts.selectors import principal_cache, principals
from accounts.selectors.organizations import memberships_of
from accounts.selectors.principals import find_principal
from accounts.services.organizations import (
    add_member,
    change_member_role,
    open_organization,
    remove_member,
    rename_organization,
)
from accounts.services.people import change_role, set_active, update_profile
from accounts.services.sessions import (
    issue_tokens,
    open_session,
    revoke_all,
    revoke_session,
)
from accounts.tests.conftest import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
ME = "/api/auth/v1/me"


def warm(session: Session) -> None:
    """Make sure that Redis holds the session."""
    find_principal(session.pk)
    assert principal_cache.look_up(session.pk)[0] is not None


@pytest.fixture
def client(signed_in, bearer):
    """The owner's API client, its session in Redis."""
    session, tokens = signed_in
    warm(session)
    return bearer(tokens.access_token)


def test_valid_token_costs_no_query(client, owner, organization, statements):
    client.get(ME)
    with statements() as seen:
        assert client.get(ME).status_code == 200

    assert seen.asked == []


def test_miss_costs_one_query_and_fills_redis(signed_in, statements):
    session, _ = signed_in
    with statements() as seen:
        find_principal(session.pk)
        find_principal(session.pk)

    assert len(seen.asked) == 1


def test_entry_runs_out_with_the_session(owner):
    session = open_session(user=owner)
    Session.objects.update(idle_expires_at=session.created_at + principals_minute())
    find_principal(session.pk)

    ttl = principal_cache.get_client().ttl(f"sess:{session.pk}")
    assert 0 < ttl <= 60


def principals_minute():
    from datetime import timedelta

    return timedelta(seconds=60)


def test_request_user_is_whole(owner, organization, signed_in):
    warm(signed_in[0])

    user = find_principal(signed_in[0].pk).user

    assert isinstance(user, User)
    assert user == owner
    assert (user.email, user.lang_code, user.role) == (owner.email, "en", "USER")
    assert [item.organization.name for item in memberships_of(user)] == ["Bicycles"]
    assert memberships_of(user)[0].organization == organization
    assert user.check_password("correct-horse-battery-9")  # loads what Redis does not hold


def test_entry_holds_no_password(signed_in):
    warm(signed_in[0])

    stored = principal_cache.get_client().get(f"sess:{signed_in[0].pk}")
    assert "md5$" not in stored
    assert "password" not in stored


def test_revoked_session_is_refused_at_once(client, signed_in):
    revoke_session(session_id=signed_in[0].pk)

    assert client.get(ME).json()["code"] == "session_revoked"


def test_revoke_all_spares_the_one_named(owner, signed_in, bearer):
    other = open_session(user=owner)
    kept = issue_tokens(other)

    assert revoke_all(user_id=owner.pk, reason="test", but=other.pk) == 1
    assert bearer(signed_in[1].access_token).get(ME).status_code == 401
    assert bearer(kept.access_token).get(ME).status_code == 200


def test_rolled_back_revocation_changes_nothing(client, signed_in):
    with pytest.raises(RuntimeError), transaction.atomic():
        revoke_session(session_id=signed_in[0].pk)
        raise RuntimeError

    assert client.get(ME).status_code == 200


@pytest.mark.parametrize("code", ["SUPERUSER", "ADMIN"])
def test_changed_role_makes_old_tokens_worthless(client, owner, staff, signed_in, bearer, code):
    change_role(actor=staff, user_id=owner.pk, role=code)

    assert client.get(ME).json()["code"] == "session_revoked"
    from accounts.services.sessions import refresh

    renewed = refresh(signed_in[1].refresh_token)
    assert bearer(renewed.access_token).get(ME).json()["role"] == code


def test_ban_counts_at_once(client, owner, staff):
    set_active(actor=staff, user_id=owner.pk, is_active=False)

    assert client.get(ME).status_code == 401
    assert not Session.objects.filter(user=owner, revoked_at=None).exists()


def test_profile_counts_at_once(client, owner):
    update_profile(user=owner, changes={"first_name": "Olya"})

    assert client.get(ME).json()["first_name"] == "Olya"


def test_memberships_count_at_once(client, owner, colleague, staff):
    def seen() -> list:
        return [(row["name"], row["role"]) for row in client.get(ME).json()["organizations"]]

    assert seen() == []
    opened = open_organization(owner=owner, name="Kites")
    assert seen() == [("Kites", "owner")]
    rename_organization(actor=owner, organization_id=opened.organization_id, name="Sails")
    assert seen() == [("Sails", "owner")]
    add_member(actor=owner, organization=opened.organization, user=colleague, role="owner")
    change_member_role(actor=colleague, membership_id=opened.pk, role="manager")
    assert seen() == [("Sails", "manager")]
    remove_member(actor=colleague, membership_id=opened.pk)
    assert seen() == []


def test_last_seen_is_written_seldom(client, signed_in, statements):
    session, _ = signed_in
    Session.objects.update(last_seen_at=session.created_at - principals_minute() * 10)
    principal_cache.drop([session.pk])

    client.get(ME)
    session.refresh_from_db()
    assert session.last_seen_at >= session.created_at
    with statements() as seen:
        client.get(ME)
    assert seen.asked == []


def test_what_was_read_before_a_drop_is_not_stored_after_it(signed_in):
    """The late writer: reads the live session, is overtaken by the revocation, then stores."""
    session, _ = signed_in
    entry, claim = principal_cache.look_up(session.pk)
    assert entry is None
    row = principals._read_row(session.pk)

    revoke_session(session_id=session.pk)
    principal_cache.store(claim, {"user": row[0], "memberships": row[1]}, seconds=600)

    assert find_principal(session.pk) is None


def test_control_without_the_claim_the_late_writer_would_win(signed_in):
    session, _ = signed_in
    row = principals._read_row(session.pk)
    revoke_session(session_id=session.pk)
    client = principal_cache.get_client()
    entry = json.dumps({"user": row[0], "memberships": row[1]})

    def wins() -> bool:
        client.set(f"sess:{session.pk}", f"{client.get(principal_cache.EPOCH_KEY)} {entry}")
        return find_principal(session.pk) is not None

    # A connection that another thread opens just now begins a new epoch, which ends the entry.
    assert any(wins() for _ in range(5))


def test_one_reader_claims_and_others_store_nothing(signed_in):
    session, _ = signed_in
    _, first = principal_cache.look_up(session.pk)
    _, second = principal_cache.look_up(session.pk)

    assert first is not None
    assert second is None


def test_redis_gone_every_request_asks_the_database(client, signed_in, redis_gone, statements):
    with statements() as seen:
        assert client.get(ME).status_code == 200
    assert len(seen.asked) == 1

    began = time.monotonic()
    revoke_session(session_id=signed_in[0].pk)
    assert client.get(ME).json()["code"] == "session_revoked"
    assert time.monotonic() - began < 1


def test_sign_in_works_without_redis(owner, redis_gone, api):
    assert api(owner).get(ME).status_code == 200


def test_old_entry_is_not_trusted_when_redis_returns(client, signed_in, redis_gone):
    revoke_session(session_id=signed_in[0].pk)
    redis_gone()  # the same Redis again, still holding the entry

    assert client.get(ME).json()["code"] == "session_revoked"
    assert wait_until(lambda: not principal_cache._doubt.is_set())
    assert client.get(ME).json()["code"] == "session_revoked"
    assert principal_cache.look_up(signed_in[0].pk)[0] is None


def test_lost_drop_reaches_other_processes_within_a_second(client, signed_in, redis_gone, settings):
    """Another process looks into the Redis that this one has lost."""
    session, _ = signed_in
    there = Redis.from_url(_real_url(redis_gone, settings), decode_responses=True)
    epoch = there.get(principal_cache.EPOCH_KEY)
    assert there.get(f"sess:{session.pk}").startswith(epoch)

    revoke_session(session_id=session.pk)
    assert there.get(principal_cache.EPOCH_KEY) == epoch  # it does not know yet
    redis_gone()

    assert wait_until(lambda: there.get(principal_cache.EPOCH_KEY) != epoch, seconds=1)
    there.close()


def _real_url(bring_back, settings) -> str:
    gone = settings.REDIS_URL
    bring_back()
    there, settings.REDIS_URL = settings.REDIS_URL, gone
    return there


def test_a_new_connection_begins_a_new_epoch(signed_in):
    """A restarted process, or Redis back from disk, trusts nothing stored before."""
    session, _ = signed_in
    warm(session)

    principal_cache.get_client().connection_pool.disconnect()

    assert principal_cache.look_up(session.pk)[0] is None


def test_flushed_redis_fills_again(signed_in, statements):
    session, _ = signed_in
    warm(session)
    principal_cache.get_client().flushdb()

    assert find_principal(session.pk) is not None
    with statements() as seen:
        assert find_principal(session.pk) is not None
    assert seen.asked == []


@pytest.mark.parametrize("rubbish", ["", "x", "{}", "?claim"])
def test_rubbish_in_redis_is_a_miss(signed_in, rubbish):
    session, _ = signed_in
    principal_cache.get_client().set(f"sess:{session.pk}", rubbish)

    assert find_principal(session.pk).user.pk == session.user_id


def test_unknown_session_is_nobody():
    assert find_principal(uuid.uuid4()) is None


def test_inside_a_transaction_what_is_not_committed_counts_and_stays_inside(owner, signed_in):
    session, _ = signed_in
    warm(session)
    with pytest.raises(RuntimeError), transaction.atomic():
        User.objects.update(first_name="Uncommitted")
        assert find_principal(session.pk).user.first_name == "Uncommitted"
        raise RuntimeError

    assert find_principal(session.pk).user.first_name == "Olga"


def test_storm_of_reads_and_a_revocation(signed_in):
    """Eight readers fill the cache without pause; after the revocation nobody is let in."""
    session, _ = signed_in
    revoked = threading.Event()
    wrong: list = []
    stop = time.monotonic() + 0.6

    def read() -> None:
        from django.db import connection

        while time.monotonic() < stop:
            was_revoked = revoked.is_set()
            if find_principal(session.pk) is not None and was_revoked:
                wrong.append(time.monotonic())
        connection.close()

    readers = [threading.Thread(target=read) for _ in range(8)]
    for reader in readers:
        reader.start()
    time.sleep(0.2)
    principal_cache.drop([session.pk])
    revoke_session(session_id=session.pk)
    revoked.set()
    for reader in readers:
        reader.join()

    assert wrong == []


def test_membership_rows_behave_like_stored_ones(owner, organization, signed_in):
    warm(signed_in[0])
    membership = memberships_of(find_principal(signed_in[0].pk).user)[0]

    assert membership == Membership.objects.get(user=owner)
    assert membership.created_at is not None
    assert membership.organization.created_at is not None
