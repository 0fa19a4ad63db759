"""Getting in: generations, sessions, refused credentials, and panels that change under us."""

import threading

import pytest

from integrations.tests.panels import VLESS, new_client
from integrations.xui import refusals
from integrations.xui.client import XuiClient, panel_client
from integrations.xui.errors import (
    BusyError,
    DownError,
    NotSignedInError,
    RouteGoneError,
    SignInRefusedError,
)
from integrations.xui.types import Credentials


def with_password(panel, password, **more) -> Credentials:
    return Credentials(panel.credentials.username, password, **more)


def count_calls(panel) -> int:
    return len(panel.calls("*"))


def test_the_generation_is_found_with_one_sign_in(panel):
    assert panel.client.generation == panel.show()["generation"]
    assert len(panel.calls("login")) == 1
    for _ in range(3):
        panel.client.list_inbounds()
    assert len(panel.calls("login")) == 1
    assert {call["wire"]["signed_in_by"] for call in panel.calls("listInbounds")} == {"cookie"}


@pytest.mark.parametrize("generation", ["g3a", "g3b"])
def test_a_token_needs_no_sign_in_and_no_csrf(make_panel, generation):
    panel = make_panel(generation, by_token=True)
    client = new_client()
    panel.client.add_client(panel.inbounds[VLESS], client)
    panel.client.update_client(panel.inbounds[VLESS], client)
    assert panel.client.generation == generation
    assert panel.calls("login") == []
    assert {call["wire"]["signed_in_by"] for call in panel.calls("addClient")} == {"bearer"}


def test_a_panel_without_tokens_is_asked_by_password(make_panel):
    panel = make_panel("g2")
    both = with_password(panel, panel.credentials.password, token="x" * 48)
    assert panel.connect(both).status().is_healthy
    with pytest.raises(SignInRefusedError):
        panel.connect(Credentials(token="x" * 48)).status()
    assert len(panel.calls("login")) == 1


@pytest.mark.parametrize("generation", ["g3a", "g3b"])
def test_a_wrong_token_is_tried_once(make_panel, generation):
    panel = make_panel(generation)
    for is_remembered in (False, True, True):
        with pytest.raises(SignInRefusedError) as raised:
            panel.connect(Credentials(token="x" * 48)).status()
        assert raised.value.is_remembered is is_remembered
    assert len(panel.calls("status")) == 1


def test_thirty_wrong_sign_ins_cost_one_call(panel):
    wrong = with_password(panel, "wrong")
    client = panel.connect(wrong)
    for number in range(30):
        # Every third is another process, which knows of the refusal by Redis alone.
        with pytest.raises(SignInRefusedError) as raised:
            (client if number % 3 else panel.connect(wrong)).status()
        assert raised.value.is_remembered is (number > 0)
    assert len(panel.calls("login")) == 1
    assert panel.client.status().is_healthy


class Apart(dict):
    """Turns of threads that do not know of each other, as those of other processes."""

    def __missing__(self, name):
        return threading.Lock()


@pytest.mark.parametrize("is_apart", [False, True])
def test_thirty_wrong_sign_ins_at_once_cost_one_call(panel, monkeypatch, is_apart):
    if is_apart:
        monkeypatch.setattr(refusals, "_turns", Apart())
    wrong = with_password(panel, "wrong")
    outcomes = []

    def attempt():
        with pytest.raises(SignInRefusedError) as raised:
            panel.connect(wrong).list_inbounds()
        outcomes.append(raised.value.is_remembered)

    threads = [threading.Thread(target=attempt) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False] + [True] * 29
    assert len(panel.calls("login")) == 1


def test_a_refusal_is_remembered_without_redis(make_panel, settings):
    panel = make_panel("g3b")
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    for _ in range(8):
        with pytest.raises(SignInRefusedError):
            panel.connect(with_password(panel, "wrong")).status()
    assert len(panel.calls("login")) == 1


def test_a_refused_sign_in_is_tried_again_only_where_a_person_asks(panel):
    wrong = with_password(panel, "new-password")
    client = panel.connect(wrong)
    with pytest.raises(SignInRefusedError):
        client.status()
    panel.play("settings", password="new-password")
    before = count_calls(panel)
    with pytest.raises(SignInRefusedError):
        client.status()
    assert count_calls(panel) == before
    client.try_again()
    assert client.status().is_healthy


def test_other_credentials_are_not_refused_with_the_wrong_ones(panel):
    with pytest.raises(SignInRefusedError):
        panel.connect(with_password(panel, "wrong")).status()
    assert panel.connect().status().is_healthy


def test_a_second_factor_is_given_with_the_password(panel):
    key = panel.play("settings", two_factor=True)["two_factor_secret"]
    password = panel.credentials.password
    with pytest.raises(SignInRefusedError):
        panel.connect(with_password(panel, password)).status()
    spaced = f"{key[:4].lower()} {key[4:]}"
    assert panel.connect(with_password(panel, password, totp_key=spaced)).status().is_healthy
    with pytest.raises(SignInRefusedError):
        panel.connect(with_password(panel, password, totp_key="not base32!")).status()
    assert len(panel.calls("login")) == 2


def test_success_without_a_session_is_a_failure_but_no_refusal(panel):
    panel.sandbox.fault("xui.login", "error", error="no_cookie", times=1)
    with pytest.raises(NotSignedInError) as raised:
        panel.client.status()
    assert not isinstance(raised.value, SignInRefusedError)
    assert panel.calls("status") == panel.calls("listInbounds") == []
    assert panel.client.status().is_healthy


def test_a_busy_or_broken_sign_in_is_no_refusal(panel):
    for fault, kind in (
        ({"do": "error", "error": "database is locked"}, BusyError),
        ({"do": "status", "status": 502}, DownError),
        ({"do": "drop"}, DownError),
    ):
        panel.sandbox.fault("xui.login", times=1, **fault)
        with pytest.raises(kind):
            panel.client.status()
    assert panel.client.status().is_healthy


def test_a_session_that_is_over_is_opened_anew_in_the_middle_of_work(panel):
    client = new_client()
    panel.client.add_client(panel.inbounds[VLESS], client)
    panel.play("clock", seconds=7 * 3600)
    panel.client.update_client(panel.inbounds[VLESS], client)
    assert len(panel.calls("login")) == 2
    panel.play("settings", reset=True)
    panel.client.delete_client(panel.inbounds[VLESS], client)
    assert len(panel.calls("login")) == 3
    assert panel.stored(client.email) == []


def test_many_threads_open_one_session_anew(panel):
    panel.client.status()
    panel.play("settings", reset=True)
    healths = []
    threads = [
        threading.Thread(target=lambda: healths.append(panel.client.status().is_healthy))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert healths == [True] * 12
    assert len(panel.calls("login")) == 2


def test_a_changed_password_ends_in_a_refusal_that_is_not_repeated(make_panel):
    panel = make_panel("g3b")
    panel.client.status()
    panel.play("settings", password="changed")
    for _ in range(5):
        with pytest.raises(SignInRefusedError):
            panel.client.list_inbounds()
    assert len(panel.calls("login")) == 2


@pytest.mark.parametrize("generation", ["g2", "g3a"])
def test_an_upgrade_under_a_running_client_loses_no_word(make_panel, generation):
    panel = make_panel(generation)
    first, second = new_client(), new_client()
    panel.client.add_client(panel.inbounds[VLESS], first)
    assert panel.client.generation == generation
    panel.play("upgrade")
    panel.client.add_client(panel.inbounds[VLESS], second)
    assert panel.client.generation == "g3b"
    panel.client.update_client(panel.inbounds[VLESS], first)
    assert panel.client.traffic(first.email).up_bytes == 0
    for client in (first, second):
        assert len(panel.stored(client.email)) == 1


@pytest.mark.parametrize("generation", ["g3a", "g3b"])
def test_a_session_whose_csrf_token_is_stale_takes_a_new_one(make_panel, generation):
    panel = make_panel(generation)
    panel.client.status()
    panel.sandbox.fault("xui.addClient", "status", status=403, times=1)
    client = new_client()
    panel.client.add_client(panel.inbounds[VLESS], client)
    assert len(panel.stored(client.email)) == 1
    assert len(panel.calls("login")) == 1


def test_a_call_that_the_panel_does_not_know_is_told_from_a_lost_session(panel):
    panel.client.status()
    panel.sandbox.fault("xui.lastOnline", "status", status=404)
    with pytest.raises(RouteGoneError) as raised:
        panel.client.last_online()
    assert raised.value.status == 404
    assert len(panel.calls("lastOnline")) == 2
    assert len(panel.calls("login")) == 1
    assert panel.client.status().is_healthy


def test_an_address_without_a_panel_is_told(panel):
    client = XuiClient(f"{panel.sandbox.url}/xui/not-here", panel.credentials)
    with pytest.raises(RouteGoneError):
        client.status()


def test_an_address_of_something_else_is_told(panel):
    client = XuiClient(f"{panel.sandbox.url}/health", panel.credentials)
    with pytest.raises(RouteGoneError):
        client.status()


def test_one_process_has_one_client_of_a_panel(panel):
    client = panel_client(panel.url, panel.credentials)
    same = with_password(panel, panel.credentials.password)
    assert client is panel_client(panel.url, same)
    assert client is not panel_client(panel.url, with_password(panel, "other"))


def test_no_secret_is_shown(panel):
    wrong = Credentials("admin", "hunter2-hunter2", token="", totp_key="GEZDGNBV")
    with pytest.raises(SignInRefusedError) as raised:
        panel.connect(wrong).status()
    name = refusals.fingerprint(panel.url, wrong)
    client = new_client()
    for shown in (repr(wrong), str(raised.value), repr(raised.value), name, repr(client)):
        for secret in ("hunter2", "GEZDGNBV", client.secret):
            assert secret not in shown
