"""A token that Avito no longer takes is renewed by one, however many workers meet it at once."""

import threading
from collections import Counter
from contextlib import contextmanager

import pytest
from django.db import connection, connections

from integrations.models import AvitoAccount
from integrations.services import avito_tokens, secrets
from integrations.tests.wires import avito_call, connect_account, open_chat

pytestmark = pytest.mark.django_db(transaction=True)

WORKERS = 30


class NoMemory(dict):
    """What each worker process knows when it has just started: nothing, and it stays so."""

    def __setitem__(self, key, value):
        pass


@pytest.fixture
def account(organization, sandbox):
    return connect_account(organization, sandbox)


@pytest.fixture
def chat_id(sandbox, account):
    return open_chat(sandbox, account)


@pytest.fixture(autouse=True)
def _workers_share_nothing(monkeypatch):
    """Threads stand for processes: a connection of its own each, and no common memory."""
    monkeypatch.setattr(avito_tokens, "_known", NoMemory())


def spoil_token(account) -> None:
    """Put a token in the row that Avito has never given, though by its date it lives for hours."""
    sealed = secrets.seal(avito_tokens.access_token_ref(account), "expired-on-their-side")
    AvitoAccount.objects.filter(pk=account.pk).update(sealed_access_token=sealed)


def read_together(account, chat_id) -> Counter:
    """Have thirty workers make a call at the same moment; return what became of the calls."""
    gate = threading.Barrier(WORKERS)
    outcomes = []

    def work():
        try:
            gate.wait(20)
            outcome = avito_call(account.sender, "get_chat", chat_id=chat_id)
            outcomes.append((outcome.status.value, outcome.code))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return Counter(outcomes)


def token_requests(sandbox) -> int:
    return len(sandbox.calls("avito.token"))


def test_thirty_workers_with_an_expired_token_ask_for_one(sandbox, account, chat_id):
    spoil_token(account)
    before = token_requests(sandbox)
    sandbox.fault("avito.token", "slow", seconds=0.5, times=1)
    assert read_together(account, chat_id) == {("sent", ""): WORKERS}
    assert token_requests(sandbox) == before + 1
    account.refresh_from_db()
    assert account.status == "active"


def test_without_the_lock_the_same_thirty_ask_again_and_again(
    sandbox, account, chat_id, monkeypatch
):
    """The control: they do race, so it is the lock that makes them one."""

    @contextmanager
    def no_lock(name):
        yield True

    monkeypatch.setattr(avito_tokens, "try_advisory_lock", no_lock)
    spoil_token(account)
    before = token_requests(sandbox)
    sandbox.fault("avito.token", "slow", seconds=0.5, times=WORKERS)
    read_together(account, chat_id)
    assert token_requests(sandbox) > before + 1


def test_who_comes_while_the_one_is_asking_waits_and_shares_what_he_gets(sandbox, account, chat_id):
    spoil_token(account)
    sandbox.fault("avito.token", "slow", seconds=0.5, times=1)
    found = []

    def ask():
        try:
            found.append(avito_tokens.access(account.pk, refused="expired-on-their-side").token)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(found) == 3
    assert len(set(found)) == 1
