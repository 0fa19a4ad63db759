"""Links: what stands in them, for each way in, and that they can be read back."""

import base64
import json
import string

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from vpnconfigs.links.parse import differing, parse_link
from vpnconfigs.links.share import (
    Client,
    Inbound,
    LinkError,
    ShareLink,
    drawn_by_lot,
    make_links,
    read_inbound,
)

UUID = "0f2b8a0e-6f0e-4f0a-9d63-1a2b3c4d5e6f"
CLIENT = Client(uuid=UUID, password="pass-word", flow="xtls-rprx-vision", seed="sub-1")
HOST = "panel.example"
TLS = {
    "serverName": "tls.example",
    "alpn": ["h2", "http/1.1"],
    "settings": {
        "fingerprint": "firefox",
        "echConfigList": "",
        "pinnedPeerCertSha256": ["ab", "cd"],
    },
}
REALITY = {
    "target": "front.example:443",
    "serverNames": ["one.example", "two.example", "three.example"],
    "privateKey": "unused-while-the-public-one-is-there",
    "shortIds": ["", "aa", "bb", "cc"],
    "settings": {"publicKey": "PUBLIC", "fingerprint": "safari", "spiderX": "/"},
}
TRANSPORTS = {
    "tcp": {"tcpSettings": {"header": {"type": "none"}}},
    "ws": {"wsSettings": {"path": "/w?ed=2048", "host": "", "headers": {"host": "ws.example"}}},
    "grpc": {"grpcSettings": {"serviceName": "svc", "authority": "a.example", "multiMode": True}},
    "xhttp": {
        "xhttpSettings": {
            "path": "/x",
            "host": "x.example",
            "mode": "packet-up",
            "xPaddingBytes": "100-1000",
            "noSSEHeader": True,
            "scMaxBufferedPosts": 30,
            "headers": {"Host": "x.example", "X-Way": "1"},
        }
    },
    "httpupgrade": {"httpupgradeSettings": {"path": "/h", "host": "h.example"}},
}
EXPECTED = {
    "tcp": {},
    "ws": {"path": "/w?ed=2048", "host": "ws.example"},
    "grpc": {"serviceName": "svc", "authority": "a.example", "mode": "multi"},
    "xhttp": {
        "path": "/x",
        "host": "x.example",
        "mode": "packet-up",
        "extra": '{"headers":{"X-Way":"1"},"xPaddingBytes":"100-1000"}',
        "x_padding_bytes": "100-1000",
    },
    "httpupgrade": {"path": "/h", "host": "h.example"},
}
SECURITIES = {
    "none": {},
    "tls": {"tlsSettings": TLS},
    "reality": {"realitySettings": REALITY},
}
COMBINATIONS = [
    (protocol, network, security)
    for protocol in ("vless", "trojan")
    for network in TRANSPORTS
    for security in SECURITIES
    if security != "reality" or network in ("tcp", "grpc", "xhttp")
]


def stream_of(network, security, **more):
    return {
        "network": network,
        "security": security,
        **TRANSPORTS[network],
        **SECURITIES[security],
        **more,
    }


def row_of(protocol="vless", network="tcp", security="none", *, port=443, **more):
    return {
        "id": 1,
        "protocol": protocol,
        "port": port,
        "listen": "",
        "settings": {"clients": [], "decryption": "none"},
        "streamSettings": stream_of(network, security, **more),
    }


def link_of(row, *, client=CLIENT, host=HOST, title="") -> ShareLink:
    [link] = make_links(read_inbound(row), client=client, host=host, title=title)
    return link


@pytest.mark.parametrize(("protocol", "network", "security"), COMBINATIONS)
def test_each_way_in_has_its_parameters(protocol, network, security):
    link = link_of(row_of(protocol, network, security), title="Имя 🇩🇪")

    assert (link.protocol, link.host, link.port) == (protocol, HOST, 443)
    assert link.secret == (UUID if protocol == "vless" else "pass-word")
    assert (link.params["type"], link.params["security"]) == (network, security)
    assert link.params.get("encryption") == ("none" if protocol == "vless" else None)
    assert EXPECTED[network].items() <= link.params.items()
    assert ("flow" in link.params) == (
        (protocol, network) == ("vless", "tcp") and security != "none"
    )
    assert ("pbk" in link.params, "alpn" in link.params) == (
        security == "reality",
        security == "tls",
    )
    assert all(link.params.values())
    assert parse_link(str(link)) == link


@pytest.mark.parametrize(("protocol", "network", "security"), COMBINATIONS)
def test_settings_as_strings_give_the_same_link(protocol, network, security):
    row = row_of(protocol, network, security)
    packed = row | {
        "settings": json.dumps(row["settings"]),
        "streamSettings": json.dumps(row["streamSettings"]),
    }

    assert link_of(packed) == link_of(row)


def test_a_link_is_written_as_the_proposal_says():
    row = row_of("trojan", "ws", "tls")
    client = Client(password="a/b@c:d?e#f%g h", seed="s")

    assert str(link_of(row, client=client, host="2001:db8::1", title="a#b ü")) == (
        "trojan://a%2Fb%40c%3Ad%3Fe%23f%25g%20h@[2001:db8::1]:443"
        "?type=ws&security=tls&sni=tls.example&fp=firefox&alpn=h2%2Chttp%2F1.1&pcs=ab%2Ccd"
        "&path=%2Fw%3Fed%3D2048&host=ws.example#a%23b%20%C3%BC"
    )


def test_reality_draws_the_same_for_one_client_and_spreads_over_many():
    row = row_of(security="reality")
    drawn = [link_of(row, client=Client(uuid=UUID, seed=f"s{i}")).params for i in range(60)]

    assert link_of(row) == link_of(row)
    assert {params["sni"] for params in drawn} == set(REALITY["serverNames"])
    assert {params["sid"] for params in drawn} == {"aa", "bb", "cc"}
    assert len({params["spx"] for params in drawn}) == 60
    assert all(len(params["spx"]) == 16 and params["spx"][0] == "/" for params in drawn)
    assert all(params["pbk"] == "PUBLIC" and params["fp"] == "safari" for params in drawn)


def test_a_missing_public_key_is_the_private_ones():
    key = X25519PrivateKey.generate()
    public = base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).decode().rstrip("=")
    private = base64.urlsafe_b64encode(key.private_bytes_raw()).decode().rstrip("=")
    bare = {**REALITY, "privateKey": private, "settings": {"serverName": ""}}

    params = link_of(row_of(security="reality", realitySettings=bare)).params
    assert (params["pbk"], params["fp"]) == (public, "chrome")
    with pytest.raises(LinkError, match="no REALITY key"):
        link_of(row_of(security="reality", realitySettings={**bare, "privateKey": "no key"}))


@pytest.mark.parametrize(
    ("settings", "network", "security", "flow"),
    [
        ({}, "tcp", "none", None),
        ({}, "tcp", "tls", "xtls-rprx-vision"),
        ({}, "grpc", "tls", None),
        ({}, "xhttp", "reality", None),
        ({"encryption": "mlkem768x25519plus.native"}, "xhttp", "none", "xtls-rprx-vision"),
        ({"encryption": "mlkem768x25519plus.native"}, "ws", "tls", None),
    ],
)
def test_flow_stands_only_where_it_may(settings, network, security, flow):
    row = row_of(network=network, security=security) | {"settings": settings}
    params = link_of(row).params

    assert params.get("flow") == flow
    assert params["encryption"] == settings.get("encryption", "none")


def test_a_header_of_http_inside_tcp():
    request = {"path": ["/news", "/more"], "headers": {"Host": ["a.example", "b.example"]}}
    header = {"tcpSettings": {"header": {"type": "http", "request": request}}}
    link = link_of(row_of(**header))

    assert link.params == {
        "type": "tcp",
        "encryption": "none",
        "security": "none",
        "headerType": "http",
        "path": "/news",
        "host": "a.example",
    }


@pytest.mark.parametrize(
    ("name", "own", "network"),
    [
        ("raw", {"rawSettings": {"header": {"type": "http", "request": {"path": ["/r"]}}}}, "tcp"),
        ("splithttp", {"splithttpSettings": {"path": "/r"}}, "xhttp"),
        ("splithttp", {"xhttpSettings": {"path": "/r"}}, "xhttp"),
    ],
)
def test_old_and_new_names_of_a_transport_are_one(name, own, network):
    row = row_of() | {"streamSettings": {"network": name, "security": "none", **own}}

    assert {"type": network, "path": "/r"}.items() <= link_of(row).params.items()


@pytest.mark.parametrize(
    ("listen", "share", "host"),
    [
        ("", {}, HOST),
        ("0.0.0.0", {}, HOST),
        ("::", {}, HOST),
        ("127.0.0.1", {}, HOST),
        ("/run/x.sock", {}, HOST),
        ("a?b#c@d", {}, HOST),
        ("@abstract", {}, HOST),
        ("203.0.113.7", {}, "203.0.113.7"),
        ("node.example", {}, "node.example"),
        ("203.0.113.7", {"shareAddrStrategy": "custom", "shareAddr": "cdn.example"}, "cdn.example"),
        ("", {"shareAddrStrategy": "node", "shareAddr": "cdn.example"}, HOST),
        ("", {"shareAddrStrategy": "custom", "shareAddr": "[2001:db8::2]"}, "2001:db8::2"),
    ],
)
def test_the_address_is_one_that_a_client_can_reach(listen, share, host):
    assert link_of(row_of() | {"listen": listen} | share).host == host


def test_external_proxies_multiply_links():
    proxies = [
        {"forceTls": "same", "dest": "a.example", "port": 8443, "remark": "A"},
        {"forceTls": "none", "dest": "b.example", "port": 80, "remark": ""},
        {
            "forceTls": "tls",
            "dest": "2001:db8::3",
            "port": 0,
            "remark": "C",
            "sni": "c.example",
            "fingerprint": "edge",
            "alpn": ["h3"],
        },
    ]
    row = row_of(network="tcp", security="tls", externalProxy=proxies)
    same, none, tls = make_links(read_inbound(row), client=CLIENT, host=HOST, title="T")

    direct = link_of(row_of(network="tcp", security="tls"))
    assert (same.host, same.port, same.title) == ("a.example", 8443, "T A")
    assert same.params == direct.params
    assert (none.host, none.port, none.title) == ("b.example", 80, "T")
    assert none.params == {"type": "tcp", "encryption": "none", "security": "none"}
    assert (tls.host, tls.port, tls.title) == ("2001:db8::3", 443, "T C")
    assert (tls.params["sni"], tls.params["fp"], tls.params["alpn"]) == ("c.example", "edge", "h3")
    assert "@[2001:db8::3]:443?" in str(tls)


def test_an_external_proxy_that_ends_the_tls_takes_reality_and_flow_away():
    proxies = [{"forceTls": "tls", "dest": "a.example", "port": 443}]
    link = link_of(row_of(security="reality", externalProxy=proxies))

    assert link.security == "tls"
    assert not {"pbk", "sid", "spx", "flow"} & link.params.keys()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (row_of() | {"protocol": "vmess"}, "protocol 'vmess'"),
        (row_of() | {"port": 0}, "no port"),
        (row_of() | {"port": "443"}, "no port"),
        (row_of() | {"port": True}, "no port"),
        (row_of() | {"streamSettings": "{"}, "not JSON"),
        (row_of() | {"settings": []}, "not a JSON object"),
        (row_of() | {"streamSettings": {"network": "kcp"}}, "network 'kcp'"),
        (row_of() | {"streamSettings": {"security": "xtls"}}, "security 'xtls'"),
        (row_of(network="ws") | {"streamSettings": stream_of("ws", "reality")}, "not run over ws"),
    ],
)
def test_what_has_no_link_says_so(row, reason):
    with pytest.raises(LinkError, match=reason):
        link_of(row)


@pytest.mark.parametrize("protocol", ["vless", "trojan"])
def test_a_client_without_the_secret_of_the_protocol_gets_no_link(protocol):
    other = Client(password="p") if protocol == "vless" else Client(uuid=UUID)

    with pytest.raises(LinkError, match="no secret"):
        link_of(row_of(protocol), client=other)


def test_an_empty_address_gets_no_link():
    with pytest.raises(LinkError, match="no address"):
        link_of(row_of(), host=" ")


def test_the_panels_own_draw_is_the_same_way_in():
    row = row_of(security="reality")
    ours = link_of(row)
    drawn = drawn_by_lot(read_inbound(row))
    others = {
        "sni": next(name for name in REALITY["serverNames"] if name != ours.params["sni"]),
        "sid": next(sid for sid in ("aa", "bb") if sid != ours.params["sid"]),
        "spx": "/elsewhere",
    }
    theirs = parse_link(
        str(ours).split("?", maxsplit=1)[0]
        + "?"
        + "&".join(f"{name}={value}" for name, value in {**ours.params, **others}.items())
    )

    assert differing(ours, theirs, one_of=drawn) == frozenset()
    assert differing(ours, theirs) == {"sni", "sid"}
    assert drawn_by_lot(read_inbound(row_of())) == {}


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
NAMES = st.text(string.ascii_letters + string.digits + ".-", min_size=1, max_size=40)


@settings(deadline=None)
@given(
    combination=st.sampled_from(COMBINATIONS),
    secret=TEXT,
    title=TEXT | st.just(""),
    path=TEXT,
    host=NAMES | st.ip_addresses().map(str),
    port=st.integers(1, 65535),
)
def test_any_link_is_read_back_as_it_was_made(combination, secret, title, path, host, port):
    row = row_of(*combination, port=port)
    network = combination[1]
    settings = row["streamSettings"].get(f"{network}Settings", {})
    row["streamSettings"][f"{network}Settings"] = {**settings, "path": path, "serviceName": path}
    client = Client(uuid=secret, password=secret, flow="xtls-rprx-vision", seed=secret)
    link = link_of(row, client=client, host=host, title=title)

    assert parse_link(str(link)) == link
    assert str(link).isascii()
    assert not set(str(link)) & set(' "<>\\^`{|}\r\n\t')


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
        max_leaves=8,
    ),
    st.sampled_from(["settings", "streamSettings", "port", "listen", "externalProxy"]),
)
def test_whatever_a_panel_answers_is_a_link_or_a_refusal(value, field):
    row = row_of(security="reality")
    (row["streamSettings"] if field == "externalProxy" else row)[field] = value

    try:
        links = make_links(read_inbound(row), client=CLIENT, host=HOST)
    except LinkError:
        return
    assert all(parse_link(str(link)) == link for link in links)


def test_an_inbound_can_be_made_by_hand():
    inbound = Inbound(protocol="trojan", port=1, settings={}, stream={})

    assert str(make_links(inbound, client=CLIENT, host=HOST)[0]) == (
        "trojan://pass-word@panel.example:1?type=tcp&security=none"
    )
