"""Links that people paste: what other clients and older panels write."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpnconfigs.links.parse import MOST_CHARACTERS, differing, parse_link, parse_links
from vpnconfigs.links.share import LinkError

UUID = "0f2b8a0e-6f0e-4f0a-9d63-1a2b3c4d5e6f"


def test_defaults_are_filled_in():
    link = parse_link(f"  VLESS://{UUID}@Host.example:443/?type=ws#Name%20a+b \n")

    assert (link.protocol, link.secret, link.host, link.port) == (
        "vless",
        UUID,
        "Host.example",
        443,
    )
    assert link.params == {"type": "ws", "security": "none", "encryption": "none", "path": "/"}
    assert link.title == "Name a+b"


@pytest.mark.parametrize(
    ("query", "params"),
    [
        ("", {"type": "tcp", "security": "tls"}),
        ("type=raw&headerType=none&alpn=", {"type": "tcp", "security": "tls"}),
        ("type=splithttp", {"type": "xhttp", "security": "tls", "path": "/", "mode": "auto"}),
        ("type=grpc&mode=gun&security=none", {"type": "grpc", "security": "none"}),
        ("sni=a+b%2Bc", {"type": "tcp", "security": "tls", "sni": "a b+c"}),
        ("fm=new&later=1", {"type": "tcp", "security": "tls", "fm": "new", "later": "1"}),
    ],
)
def test_names_and_defaults_of_others_become_ours(query, params):
    assert parse_link(f"trojan://p@h.example:1?{query}").params == params


@pytest.mark.parametrize(
    ("authority", "secret", "host"),
    [
        ("p%40ss@h.example:443", "p@ss", "h.example"),
        ("p@ss/w:rd@h.example:443", "p@ss/w:rd", "h.example"),
        ("100%@h.example:443", "100%", "h.example"),
        ("p@[2001:db8::1]:443", "p", "2001:db8::1"),
        ("p@2001:db8::1:443", "p", "2001:db8::1"),
    ],
)
def test_what_older_panels_do_not_escape_is_read_all_the_same(authority, secret, host):
    link = parse_link(f"trojan://{authority}?type=tcp")

    assert (link.secret, link.host, link.port) == (secret, host, 443)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "neither"),
        ("hello", "neither"),
        ("vmess://eyJ2IjoiMiJ9", "neither"),
        ("https://h.example/sub/token", "neither"),
        ("trojan://h.example:443", "no secret"),
        ("trojan://@h.example:443", "no secret"),
        ("trojan://p@:443", "no secret"),
        ("trojan://p@h.example", "no secret"),
        ("trojan://p@h.example:", "port is not"),
        ("trojan://p@h.example:0", "port is not"),
        ("trojan://p@h.example:65536", "port is not"),
        ("trojan://p@h.example:４４３", "port is not"),
        ("trojan://p@h.example:" + "9" * 5000, "port is not"),
        ("trojan://p@h.example:1?sni=a&sni=b", "repeated"),
        ("trojan://p@h.example:1?sni=%ff", "cannot be read"),
        ("trojan://%ff@h.example:1", "UTF-8"),
        ("trojan://p@h.example:1#%ff", "UTF-8"),
        ("trojan://p@h.example:1?" + "&".join(f"a{i}=1" for i in range(65)), "cannot be read"),
        ("trojan://p@h.example:1#" + "a" * MOST_CHARACTERS, "too long"),
    ],
)
def test_what_is_no_link_says_why(text, reason):
    with pytest.raises(LinkError, match=reason):
        parse_link(text)


@settings(deadline=None)
@given(st.text(max_size=80).map("trojan://".__add__) | st.text(max_size=80))
def test_any_text_is_a_link_or_a_refusal(text):
    try:
        link = parse_link(text)
    except LinkError:
        return
    assert parse_link(str(link)) == link


def test_a_refusal_never_tells_the_secret():
    with pytest.raises(LinkError) as caught:
        parse_link("trojan://very-secret@h.example:none")

    assert "very-secret" not in str(caught.value)


BODY = f"vless://{UUID}@a.example:1\r\nss://YWJj@b.example:2\n\ntrojan://p@c.example:3#ü\n"


@pytest.mark.parametrize(
    "body",
    [
        BODY,
        base64.b64encode(BODY.encode()).decode(),
        base64.urlsafe_b64encode(BODY.encode()).decode().rstrip("="),
        base64.encodebytes(BODY.encode()).decode(),
    ],
)
def test_a_subscription_is_read_plain_or_packed(body):
    assert [(link.protocol, link.host) for link in parse_links(body)] == [
        ("vless", "a.example"),
        ("trojan", "c.example"),
    ]


@pytest.mark.parametrize("body", ["<html>", "Error!", "/w==", "a"])
def test_a_body_of_something_else_is_refused(body):
    with pytest.raises(LinkError, match="neither a list"):
        parse_links(body)


def test_a_broken_link_spoils_its_subscription():
    with pytest.raises(LinkError, match="no secret"):
        parse_links("trojan://p@h.example:1\ntrojan://h.example:1\n")


def test_a_subscription_has_a_limit():
    with pytest.raises(LinkError, match="too long"):
        parse_links("a" * 1_000_001)


@pytest.mark.parametrize(
    ("other", "names"),
    [
        (
            "trojan://p@H.example:1?extra=%7B%22b%22%3A1%2C%22a%22%3A2%7D&spx=%2Fother&x_padding_bytes=1#x",
            set(),
        ),
        ("trojan://q@h.example:1?extra=%7B%22a%22%3A2%2C%22b%22%3A1%7D", {"secret"}),
        ("trojan://p@i.example:2?extra=%7B%7D&fp=edge", {"host", "port", "extra", "fp"}),
        ("trojan://p@h.example:1?extra=broken", {"extra"}),
        ("vless://p@h.example:1", {"protocol", "security", "encryption", "extra"}),
    ],
)
def test_two_links_differ_in_where_they_lead(other, names):
    link = parse_link("trojan://p@h.example:1?extra=%7B%22a%22%3A2%2C%22b%22%3A1%7D&spx=%2F#t")

    assert differing(link, parse_link(other)) == names
    assert differing(parse_link(other), link) == names
