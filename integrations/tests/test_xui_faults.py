"""What is known after a call that went wrong: not done, refused, or nobody knows."""

import pytest

from config.lib.http import AmbiguousError
from integrations.tests.panels import VLESS, WRITES, new_client
from integrations.xui.client import XuiClient
from integrations.xui.errors import BusyError, DownError, RefusedError, TakenError

READS = {
    "listInbounds": lambda panel, client: panel.client.list_inbounds(),
    # A POST that changes nothing.
    "onlines": lambda panel, client: panel.client.onlines(),
}
UNCLEAR = {
    "no answer, not done": {"do": "timeout_before", "seconds": 2},
    "no answer, done": {"do": "timeout_after", "seconds": 2},
    "hung up": {"do": "drop"},
    "a proxy's 502": {"do": "status", "status": 502},
    "a proxy's 502, done": {"do": "error", "error": "bad_gateway"},
    "an empty 200, done": {"do": "error", "error": "empty"},
    "half an answer, done": {"do": "error", "error": "truncated"},
}


@pytest.fixture
def client(panel):
    """A client that is on the panel, with a session that is open."""
    made = new_client()
    panel.client.add_client(panel.inbounds[VLESS], made)
    return made


def write(panel, client, operation):
    """Make the one write that the sandbox calls ``operation``."""
    inbound_id = panel.inbounds[VLESS]
    if operation == "addClient":
        panel.client.add_client(inbound_id, new_client())
    elif operation == "updateClient":
        panel.client.update_client(inbound_id, client)
    elif operation == "deleteClient":
        panel.client.delete_client(inbound_id, client)
    else:
        panel.client.reset_traffic(inbound_id, client.email)


@pytest.mark.parametrize("operation", WRITES)
@pytest.mark.parametrize("fault", UNCLEAR.values(), ids=UNCLEAR)
def test_after_a_write_without_clear_answer_nobody_knows(panel, client, operation, fault):
    before = len(panel.calls(operation))
    panel.sandbox.fault(f"xui.{operation}", **fault)
    with pytest.raises(AmbiguousError):
        write(panel, client, operation)
    assert len(panel.calls(operation)) == before + 1
    panel.sandbox.clear_faults()
    assert panel.client.status().is_healthy


@pytest.mark.parametrize("fault", UNCLEAR.values(), ids=UNCLEAR)
@pytest.mark.parametrize("operation", READS)
def test_a_read_without_clear_answer_is_a_panel_that_is_down(panel, client, operation, fault):
    panel.sandbox.fault(f"xui.{operation}", **fault)
    with pytest.raises(DownError):
        READS[operation](panel, client)
    panel.sandbox.clear_faults()
    READS[operation](panel, client)
    assert len(panel.calls("login")) == 1


@pytest.mark.parametrize("operation", WRITES)
def test_a_busy_panel_did_nothing_and_is_not_asked_twice(panel, client, operation):
    before, stored = len(panel.calls(operation)), panel.show()["clients"]
    panel.sandbox.fault(f"xui.{operation}", "error", error="database is locked")
    with pytest.raises(BusyError):
        write(panel, client, operation)
    assert len(panel.calls(operation)) == before + 1
    assert panel.show()["clients"] == stored


@pytest.mark.parametrize("operation", READS)
def test_reading_tells_a_busy_panel_too(panel, client, operation):
    panel.sandbox.fault(f"xui.{operation}", "error", error="database is locked\n")
    with pytest.raises(BusyError):
        READS[operation](panel, client)


def test_what_only_proves_to_be_done_is_seen_by_reading_back(panel, client):
    """What the caller of an ambiguous creation does: look, and add only what is not there."""
    lost, done = new_client(), new_client()
    for sent, do in ((lost, "timeout_before"), (done, "timeout_after")):
        panel.sandbox.fault("xui.addClient", do, seconds=2, times=1)
        with pytest.raises(AmbiguousError):
            panel.client.add_client(panel.inbounds[VLESS], sent)
    inbounds = panel.client.list_inbounds()
    seen = [any(i.find_client(sent.email) for i in inbounds) for sent in (lost, done)]
    assert seen == [False, True]


def test_a_creation_that_is_repeated_blindly_makes_no_second_client(panel, client):
    if panel.client.generation == "g3b":
        panel.client.add_client(panel.inbounds[VLESS], client)
    else:
        with pytest.raises(TakenError):
            panel.client.add_client(panel.inbounds[VLESS], client)
    assert len(panel.stored(client.email)) == 1


def test_an_unknown_refusal_keeps_its_kernel(panel, client):
    panel.sandbox.fault("xui.updateClient", "error", error="xray: port is busy")
    with pytest.raises(RefusedError) as raised:
        panel.client.update_client(panel.inbounds[VLESS], client)
    assert (type(raised.value), raised.value.text) == (RefusedError, "xray: port is busy")


def test_a_panel_that_restarts_is_down_and_then_goes_on_in_the_same_session(panel, client):
    panel.play("restart", seconds=0.8)
    with pytest.raises(DownError):
        panel.client.status()
    panel.play("restart", seconds=0)
    assert panel.client.traffic(client.email).email == client.email
    assert len(panel.calls("login")) == 1


def test_nobody_at_the_address_is_down_for_writes_as_well(make_panel, settings):
    panel = make_panel("g2")
    settings.XUI_ALLOWED_HOSTS = ["127.0.0.1"]
    gone = XuiClient("http://127.0.0.1:1/panel", panel.credentials)
    for attempt in (gone.status, lambda: gone.add_client(1, new_client())):
        with pytest.raises(DownError):
            attempt()


def test_a_host_without_tls_is_down_not_open(make_panel):
    panel = make_panel("g2")
    secure = XuiClient(panel.url.replace("http://", "https://"), panel.credentials)
    with pytest.raises(DownError):
        secure.status()
    assert panel.calls("*") == []


def test_faults_of_a_panel_show_neither_its_address_nor_a_secret(panel, client):
    for fault in UNCLEAR.values():
        panel.sandbox.fault("xui.updateClient", times=1, **fault)
        with pytest.raises(AmbiguousError) as raised:
            panel.client.update_client(panel.inbounds[VLESS], client)
        assert str(raised.value).startswith("xui: ")
        for secret in (client.secret, panel.credentials.password, panel.name, "127.0.0.1"):
            assert secret not in str(raised.value)
