"""Subscriptions: which body, what is in it, and its headers."""

import base64
import json
from datetime import UTC, datetime

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from vpnconfigs.links.parse import parse_link, parse_links
from vpnconfigs.links.share import LinkError
from vpnconfigs.links.subscription import (
    Format,
    Usage,
    choose_format,
    render_body,
    subscription_headers,
)

UUID = "0f2b8a0e-6f0e-4f0a-9d63-1a2b3c4d5e6f"
REALITY = "security=reality&sni=s.example&fp=safari&pbk=PUB&sid=12e4&spx=%2Fq"
TLS = "security=tls&sni=s.example&fp=firefox&alpn=h2%2Chttp%2F1.1"
LINKS = {
    "vless-tcp-reality": f"vless://{UUID}@a.example:443?{REALITY}&flow=xtls-rprx-vision#A",
    "vless-ws-tls": f"vless://{UUID}@b.example:443?{TLS}&type=ws&path=%2Fw%3Fed%3D2048&host=h.example#B",
    "vless-grpc-reality": f"vless://{UUID}@[2001:db8::1]:443?{REALITY}&type=grpc&serviceName=svc#C",
    "vless-xhttp-tls": f"vless://{UUID}@d.example:443?{TLS}&type=xhttp&path=%2Fx&host=x.example"
    "&mode=packet-up&extra=%7B%22xPaddingBytes%22%3A%22100-1000%22%7D#D",
    "vless-upgrade-none": f"vless://{UUID}@e.example:80?type=httpupgrade&path=%2Fu&host=u.example#E",
    "vless-header-none": f"vless://{UUID}@f.example:80?headerType=http&path=%2Fn&host=n.example#F",
    "trojan-tcp-tls": f"trojan://0o17@g.example:443?{TLS}#G",
    "trojan-ws-none": "trojan://0o17@h.example:80?security=none&type=ws&path=%2Fw#H",
    "trojan-xhttp-tls": f"trojan://0o17@i.example:443?{TLS}&type=xhttp#I",
    "vless-mlkem": f"vless://{UUID}@j.example:443?security=none&encryption=mlkem768#J",
}


def links_of(*names):
    return [parse_link(LINKS[name]) for name in names or LINKS]


def singbox(*links):
    body = render_body(links, format_=Format.SINGBOX)
    assert body.content_type == "application/json"
    return json.loads(body.content)


def clash(*links):
    body = render_body(links, format_=Format.CLASH)
    assert body.content_type == "application/yaml"
    return yaml.safe_load(body.content)


@pytest.mark.parametrize(
    ("query", "accept", "agent", "format_"),
    [
        ("", "", "", Format.BASE64),
        ("", "*/*", "v2rayNG/1.9.5", Format.BASE64),
        ("", "", "Happ/3.1", Format.BASE64),
        ("", "text/html,application/xhtml+xml,*/*;q=0.8", "Mozilla/5.0", Format.BASE64),
        ("", "", "clash-verge/v2.2.3", Format.CLASH),
        ("", "*/*", "ClashMeta/1.19 mihomo/1.19", Format.CLASH),
        ("", "", "Stash/2.7 Clash/1.9", Format.CLASH),
        ("", "", "mihomo/1.19", Format.CLASH),
        ("", "", "SFA/1.12.0 (Build 1; sing-box 1.12.0)", Format.SINGBOX),
        ("", "", "sing-box 1.12", Format.SINGBOX),
        ("", "", "HiddifyNext/2.5.7 (android) like ClashMeta v2ray sing-box", Format.BASE64),
        ("", "application/json", "clash", Format.SINGBOX),
        ("", "text/plain, Text/YAML;q=0.5", "SFA/1", Format.CLASH),
        ("plain", "application/json", "clash", Format.PLAIN),
        ("CLASH", "application/json", "SFA/1", Format.CLASH),
        ("singbox", "", "", Format.SINGBOX),
        ("sing-box", "", "", Format.SINGBOX),
        ("base64", "", "clash", Format.BASE64),
    ],
)
def test_the_body_is_chosen_by_query_then_accept_then_app(query, accept, agent, format_):
    assert choose_format(query=query, accept=accept, user_agent=agent) == format_


def test_an_unknown_format_is_refused_with_the_known_ones():
    with pytest.raises(LinkError, match=r"known are base64, clash, json"):
        choose_format(query="surge")


@pytest.mark.parametrize("format_", [Format.BASE64, Format.PLAIN])
def test_lists_hold_every_link_once_in_order(format_):
    links = links_of()
    body = render_body([*links, links[0]], format_=format_)

    assert body.content_type == "text/plain; charset=utf-8"
    assert list(parse_links(body.content.decode())) == links


def test_a_plain_list_is_the_links_and_a_base64_one_the_same_packed():
    [link] = links_of("trojan-tcp-tls")
    plain = render_body([link], format_=Format.PLAIN).content

    assert plain == f"{link}\n".encode()
    assert base64.b64decode(render_body([link], format_=Format.BASE64).content) == plain


def test_singbox_outbounds():
    config = singbox(*links_of())
    made = {outbound["tag"]: outbound for outbound in config["outbounds"]}

    assert set(made) == {"select", "auto", "direct", "A", "B", "C", "E", "F", "G", "H"}
    assert made["select"]["outbounds"] == ["auto", "A", "B", "C", "E", "F", "G", "H"]
    assert made["A"] == {
        "type": "vless",
        "tag": "A",
        "server": "a.example",
        "server_port": 443,
        "uuid": UUID,
        "flow": "xtls-rprx-vision",
        "tls": {
            "enabled": True,
            "server_name": "s.example",
            "utls": {"enabled": True, "fingerprint": "safari"},
            "reality": {"enabled": True, "public_key": "PUB", "short_id": "12e4"},
        },
    }
    assert made["B"]["tls"]["alpn"] == ["h2", "http/1.1"]
    assert made["G"]["password"] == "0o17"
    assert "tls" not in made["H"]


@pytest.mark.parametrize(
    ("name", "transport"),
    [
        (
            "vless-ws-tls",
            {
                "type": "ws",
                "path": "/w",
                "headers": {"Host": "h.example"},
                "max_early_data": 2048,
                "early_data_header_name": "Sec-WebSocket-Protocol",
            },
        ),
        ("vless-grpc-reality", {"type": "grpc", "service_name": "svc"}),
        ("vless-upgrade-none", {"type": "httpupgrade", "path": "/u", "host": "u.example"}),
        (
            "vless-header-none",
            {"type": "http", "method": "GET", "path": "/n", "host": ["n.example"]},
        ),
        ("trojan-ws-none", {"type": "ws", "path": "/w"}),
    ],
)
def test_singbox_transports(name, transport):
    made = singbox(*links_of(name))["outbounds"][2]

    assert made["transport"] == transport


def test_clash_proxies():
    config = clash(*links_of())
    made = {proxy["name"]: proxy for proxy in config["proxies"]}

    assert set(made) == {"A", "B", "C", "D", "E", "F", "G", "J"}
    assert config["proxy-groups"][0]["proxies"] == ["Auto", *made]
    assert config["rules"][-1] == "MATCH,VPN"
    assert made["A"] == {
        "name": "A",
        "type": "vless",
        "server": "a.example",
        "port": 443,
        "uuid": UUID,
        "tls": True,
        "flow": "xtls-rprx-vision",
        "servername": "s.example",
        "client-fingerprint": "safari",
        "reality-opts": {"public-key": "PUB", "short-id": "12e4"},
        "udp": True,
        "network": "tcp",
    }
    assert made["C"]["server"] == "2001:db8::1"
    assert (made["G"]["type"], made["G"]["password"], made["G"]["sni"]) == (
        "trojan",
        "0o17",
        "s.example",
    )
    assert made["J"]["encryption"] == "mlkem768"


@pytest.mark.parametrize(
    ("name", "network", "options"),
    [
        (
            "vless-ws-tls",
            "ws",
            {
                "path": "/w",
                "headers": {"Host": "h.example"},
                "max-early-data": 2048,
                "early-data-header-name": "Sec-WebSocket-Protocol",
            },
        ),
        ("vless-grpc-reality", "grpc", {"grpc-service-name": "svc"}),
        (
            "vless-xhttp-tls",
            "xhttp",
            {
                "path": "/x",
                "host": "x.example",
                "mode": "packet-up",
                "x-padding-bytes": "100-1000",
            },
        ),
        (
            "vless-header-none",
            "http",
            {"method": "GET", "path": ["/n"], "headers": {"Host": ["n.example"]}},
        ),
    ],
)
def test_clash_transports(name, network, options):
    [made] = clash(*links_of(name))["proxies"]

    assert (made["network"], made[f"{network}-opts"]) == (network, options)


def test_clash_says_httpupgrade_as_a_kind_of_websocket():
    [made] = clash(*links_of("vless-upgrade-none"))["proxies"]

    assert made["network"] == "ws"
    assert made["ws-opts"] == {
        "path": "/u",
        "headers": {"Host": "u.example"},
        "v2ray-http-upgrade": True,
    }


@pytest.mark.parametrize("extra", ["%7B%22downloadSettings%22%3A%7B%7D%7D", "broken", "%5B%5D"])
def test_clash_leaves_out_an_xhttp_that_it_would_get_wrong(extra):
    link = parse_link(f"vless://{UUID}@d.example:443?type=xhttp&extra={extra}#D")

    assert clash(link)["proxies"] == []


def test_what_yaml_1_2_would_take_for_numbers_stays_in_quotes():
    text = render_body(links_of(), format_=Format.CLASH).content.decode()

    assert '"short-id": "12e4"' in text
    assert '"password": "0o17"' in text


def test_names_that_occur_twice_or_mean_something_else_are_numbered():
    titles = ["DE", "DE", "auto", "DIRECT", "", "DE 2"]
    links = [
        parse_link(f"vless://{UUID}@h{i}.example:443?security=none#{title.replace(' ', '%20')}")
        for i, title in enumerate(titles)
    ]
    names = ["DE", "DE 2", "auto 2", "DIRECT 2", "h4.example:443", "DE 2 2"]

    assert [proxy["name"] for proxy in clash(*links)["proxies"]] == names
    assert [outbound["tag"] for outbound in singbox(*links)["outbounds"][2:-1]] == names


def test_without_links_nothing_passes_outside_the_tunnel():
    for links in ([], links_of("trojan-xhttp-tls")):
        box, meta = singbox(*links), clash(*links)

        assert box["route"]["rules"] == [{"action": "reject"}]
        assert [outbound["tag"] for outbound in box["outbounds"]] == ["direct"]
        assert meta["proxy-groups"] == [{"name": "VPN", "type": "select", "proxies": ["REJECT"]}]
        assert meta["rules"][-1] == "MATCH,VPN"
    assert render_body([], format_=Format.BASE64).content == b""


def test_singbox_names_only_outbounds_that_are_there():
    for links in ([], links_of()):
        config = singbox(*links)
        tags = {outbound["tag"] for outbound in config["outbounds"]}
        detours = {server["detour"] for server in config["dns"]["servers"] if "detour" in server}

        assert {config["route"]["final"], *detours} <= tags


@settings(deadline=None)
@given(
    secret=st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    title=st.text(st.characters(exclude_categories=["Cs"])),
)
def test_any_password_and_title_survive_every_format(secret, title):
    [model] = links_of("trojan-tcp-tls")
    link = type(model)(
        protocol="trojan",
        secret=secret,
        host=model.host,
        port=model.port,
        params=model.params,
        title=title,
    )

    [proxy] = clash(link)["proxies"]
    outbound = singbox(link)["outbounds"][2]
    [listed] = parse_links(render_body([link], format_=Format.BASE64).content.decode())
    assert proxy["password"] == outbound["password"] == listed.secret == secret
    assert listed.title == title
    assert proxy["name"] == outbound["tag"]


END = datetime(2026, 12, 1, tzinfo=UTC)
LATER = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("usages", "userinfo"),
    [
        ([], "upload=0; download=0; total=0; expire=0"),
        (
            [Usage(upload_bytes=1, download_bytes=2, total_bytes=10, expires_at=END)],
            f"upload=1; download=2; total=10; expire={int(END.timestamp())}",
        ),
        (
            [
                Usage(upload_bytes=1, total_bytes=10, expires_at=END),
                Usage(download_bytes=5, total_bytes=20, expires_at=END),
            ],
            f"upload=1; download=5; total=30; expire={int(END.timestamp())}",
        ),
        (
            [Usage(total_bytes=10, expires_at=END), Usage(expires_at=END)],
            f"upload=0; download=0; total=0; expire={int(END.timestamp())}",
        ),
        (
            [Usage(total_bytes=1, expires_at=END), Usage(total_bytes=1, expires_at=LATER)],
            "upload=0; download=0; total=2; expire=0",
        ),
        (
            [Usage(total_bytes=1, expires_at=END), Usage(total_bytes=1)],
            "upload=0; download=0; total=2; expire=0",
        ),
    ],
)
def test_traffic_and_end_are_told_together(usages, userinfo):
    headers = subscription_headers(usages, title="t", update_hours=12)

    assert headers["Subscription-Userinfo"] == userinfo


def test_the_other_headers():
    headers = subscription_headers(
        [], title="Ёлка\r\nX: y", update_hours=0, page_url="https://site.example/configs"
    )
    packed = headers["Profile-Title"].removeprefix("base64:")

    assert base64.b64decode(packed).decode() == "Ёлка X: y"
    assert headers["Profile-Update-Interval"] == "1"
    assert headers["Profile-Web-Page-Url"] == "https://site.example/configs"
    assert all(value.isascii() and value.isprintable() for value in headers.values())
    assert "Profile-Web-Page-Url" not in subscription_headers([], title="t", update_hours=2)
