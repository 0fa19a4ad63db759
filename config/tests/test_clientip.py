import pytest

from config.lib.clientip import UNKNOWN, address_block, client_address


def address(rf, settings, *, proxies, forwarded=None, peer="10.0.0.9"):
    settings.TRUSTED_PROXIES = proxies
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return client_address(rf.get("/", headers=headers, REMOTE_ADDR=peer))


def test_without_proxies_the_header_is_nothing(rf, settings):
    assert address(rf, settings, proxies=0, forwarded="1.2.3.4") == "10.0.0.9"


def test_one_proxy_appends_the_client_last(rf, settings):
    assert address(rf, settings, proxies=1, forwarded="6.6.6.6, 1.2.3.4") == "1.2.3.4"


def test_two_proxies_put_the_client_before_the_inner_one(rf, settings):
    forwarded = "6.6.6.6, 1.2.3.4, 10.0.0.1"
    assert address(rf, settings, proxies=2, forwarded=forwarded) == "1.2.3.4"


def test_a_client_cannot_choose_its_address_by_writing_more(rf, settings):
    for lie in ("9.9.9.9", "9.9.9.9, 8.8.8.8", ",,,", "x"):
        assert address(rf, settings, proxies=1, forwarded=f"{lie}, 1.2.3.4") == "1.2.3.4"


@pytest.mark.parametrize(
    "forwarded", [None, "", "rubbish", "1.2.3", "1.2.3.4,", " , ", "1.2.3.4\t5"]
)
def test_nothing_or_rubbish_means_the_peer(rf, settings, forwarded):
    assert address(rf, settings, proxies=1, forwarded=forwarded) == "10.0.0.9"


def test_fewer_entries_than_proxies_mean_the_peer(rf, settings):
    assert address(rf, settings, proxies=2, forwarded="1.2.3.4") == "10.0.0.9"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1.2.3.4:5678", "1.2.3.4"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_ports_brackets_and_spellings_are_one_address(rf, settings, written, read):
    assert address(rf, settings, proxies=1, forwarded=written) == read


def test_a_unix_socket_has_no_peer(rf, settings):
    assert address(rf, settings, proxies=0, peer="") == UNKNOWN
    assert address(rf, settings, proxies=1, peer="", forwarded="1.2.3.4") == "1.2.3.4"


def test_one_client_holds_a_whole_ipv6_network():
    assert address_block("2001:db8:1:2:3::4") == address_block("2001:db8:1:2:ffff::1")
    assert address_block("2001:db8:1:2::1") != address_block("2001:db8:1:3::1")
    assert address_block("1.2.3.4") == "1.2.3.4"
