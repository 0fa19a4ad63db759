"""Where a panel may stand, how its address is written, and what may stand in a path."""

from ipaddress import ip_address

import pytest

from integrations.xui.addresses import clean_url, may_connect, path_segment
from integrations.xui.client import XuiClient
from integrations.xui.errors import AddressError
from integrations.xui.types import Credentials


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://panel.example.org:2053/s3cret/", "https://panel.example.org:2053/s3cret"),
        ("  HTTP://Panel.Example.org ", "http://panel.example.org"),
        ("https://panel.example.org:443//a//b", "https://panel.example.org/a/b"),
        ("https://[2606:4700::1111]:8443/", "https://[2606:4700::1111]:8443"),
    ],
)
def test_an_address_is_cleaned(written, meant):
    assert clean_url(written) == meant


@pytest.mark.parametrize(
    "written",
    [
        "",
        "panel.example.org",
        "ftp://panel.example.org",
        "file:///etc/passwd",
        "https://",
        "https://admin:pw@panel.example.org",
        "https://panel.example.org/?x=1",
        "https://panel.example.org/#x",
        "https://panel.example.org:99999/",
        "https://panel.example.org:0/",
        "https://panel.example.org/a/../b",
        "https://panel.example.org/a b",
        "https://[::1",
    ],
)
def test_what_is_no_address_of_a_panel_is_refused(written):
    with pytest.raises(AddressError) as raised:
        clean_url(written)
    assert "pw" not in str(raised.value)


@pytest.mark.parametrize(
    ("allowed", "host", "port", "address", "may"),
    [
        ([], "panel.example.org", 443, "8.8.8.8", True),
        ([], "panel.example.org", 443, "10.0.0.5", False),
        ([], "localhost", 443, "127.0.0.1", False),
        (["127.0.0.1:8100"], "127.0.0.1", 8100, "127.0.0.1", True),
        (["127.0.0.1:8100"], "localhost", 8100, "127.0.0.1", True),
        (["127.0.0.1:8100"], "127.0.0.1", 6379, "127.0.0.1", False),
        (["127.0.0.1:8100"], "panel.example.org", 443, "8.8.8.8", False),
        (["Panel.example.org"], "panel.EXAMPLE.org", 2053, "10.0.0.5", True),
        (["panel.example.org"], "xpanel.example.org", 2053, "10.0.0.5", False),
        (["panel.example.org:443"], "panel.example.org", 2053, "10.0.0.5", False),
        (["10.0.0.0/8"], "panel.example.org", 2053, "10.0.0.5", True),
        (["10.0.0.0/8"], "panel.example.org", 2053, "192.168.0.1", False),
        (["fd00::/8", "[fd01::1]:8443"], "x.example.org", 1, "fd00::7", True),
        (["[fd01::1]:8443"], "x.example.org", 8443, "fd01::1", True),
        (["[fd01::1]:8443"], "x.example.org", 8444, "fd01::1", False),
        (["[fd01::1", "x.example.org:http", ""], "x.example.org", 80, "fd01::1", False),
    ],
)
def test_the_list_says_where_a_panel_may_stand(settings, allowed, host, port, address, may):
    settings.XUI_ALLOWED_HOSTS = allowed
    assert may_connect(host, port, ip_address(address)) is may


def test_a_client_asks_the_guard_before_it_says_a_word(sandbox, settings):
    settings.XUI_ALLOWED_HOSTS = []
    client = XuiClient(f"{sandbox.url}/xui/main", Credentials("admin", "pw"))
    with pytest.raises(AddressError) as raised:
        client.status()
    assert raised.value.code == "foreign_address"
    assert sandbox.calls("*") == []


@pytest.mark.parametrize("text", ["", ".", "..", "a/b", "a\\b", "a?b", "a#b", "a%2Fb", "a\nb"])
def test_what_no_path_can_carry_is_refused(text):
    with pytest.raises(ValueError, match="path"):
        path_segment(text)


@pytest.mark.parametrize(
    ("text", "segment"), [("d_1-2.3~x", "d_1-2.3~x"), ("a b", "a%20b"), ("ю@x", "%D1%8E%40x")]
)
def test_the_rest_is_escaped(text, segment):
    assert path_segment(text) == segment
