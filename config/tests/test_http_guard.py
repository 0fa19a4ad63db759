"""Where a guarded session goes, and what it keeps between calls."""

import socket
from ipaddress import ip_address

import pytest

from config.lib.http import OutsideSession, PermanentError, TransientError
from config.lib.http_guard import is_public


@pytest.fixture
def guarded(outside):
    """Return a maker of sessions; ``.asked`` is what their guard was asked."""
    made = []

    def make(answer, *, url=outside.url):
        def may_connect(host, port, address):
            make.asked.append((host, port, str(address)))
            return answer(address)

        made.append(OutsideSession(url, name="outside", may_connect=may_connect))
        return made[-1]

    make.asked = []
    yield make
    for session in made:
        session.close()


def test_what_the_guard_lets_through_is_called(outside, guarded):
    session = guarded(lambda address: address.is_loopback)
    assert session.call("GET", "/a").status == 200
    assert guarded.asked == [("127.0.0.1", outside.server_port, "127.0.0.1")]


def test_a_refused_address_hears_nothing_at_all(outside, guarded):
    connections = []
    outside.verify_request = lambda *parts: connections.append(parts) or True
    session = guarded(lambda address: False)
    for method in ("GET", "POST"):
        with pytest.raises(PermanentError) as raised:
            session.call(method, "/")
        assert (raised.value.status, raised.value.code) == (0, "foreign_address")
        assert "127.0.0.1" not in str(raised.value)
    assert connections == []
    assert len(guarded.asked) == 2


def test_the_address_that_was_checked_is_the_one_connected_to(outside, guarded, monkeypatch):
    """A name whose answer changes behind the check, to where our server is, leads nowhere."""
    answers = iter(["127.0.0.2"])

    def look_up(host, port, *_, **__):
        found = next(answers, "127.0.0.1") if host == "rebinding.example" else host
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    url = f"http://rebinding.example:{outside.server_port}"
    session = guarded(lambda address: str(address) == "127.0.0.2", url=url)
    # Nobody listens there, and the next try asks the guard anew.
    with pytest.raises(PermanentError, match="foreign_address"):
        session.call("POST", "/")
    assert [address for _, _, address in guarded.asked] == ["127.0.0.2", "127.0.0.1"]
    assert outside.seen == []


def test_one_wrong_address_among_several_refuses_the_name(outside, guarded, monkeypatch):
    def look_up(host, port, *_, **__):
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in ("127.0.0.1", "10.0.0.1")
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    session = guarded(lambda address: address.is_loopback, url="http://mixed.example:80")
    with pytest.raises(PermanentError, match="foreign_address"):
        session.call("GET", "/")


def test_a_name_without_address_was_never_sent(guarded, monkeypatch):
    def look_up(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(TransientError, match="no connection"):
        guarded(lambda address: True, url="http://nowhere.example").call("POST", "/")


def test_a_guarded_refused_connection_was_never_sent(guarded):
    with pytest.raises(TransientError, match="no connection"):
        guarded(lambda address: True, url="http://127.0.0.1:1").call("POST", "/")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "198.18.0.1",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_our_own_networks_are_not_public(address):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_the_open_internet_is_public(address):
    assert is_public(ip_address(address))


def test_cookies_are_kept_and_forgotten_where_asked_for(outside):
    session = OutsideSession(
        outside.url, name="outside", keeps_cookies=True, headers={"X-Always": "1"}
    )
    outside.play = lambda call: call.reply(200, Set_Cookie="who=me; Path=/; HttpOnly")
    session.call("GET", "/")
    session.call("GET", "/", headers={"X-Own": "2"})
    headers = outside.seen[1][2]
    assert (headers["Cookie"], headers["X-Always"], headers["X-Own"]) == ("who=me", "1", "2")
    assert session.cookies == {"who": "me"}
    session.forget_cookies()
    session.call("GET", "/")
    assert "Cookie" not in outside.seen[2][2]
    session.close()
