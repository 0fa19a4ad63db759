"""Calls on many clients at once, on counters, and links of every transport."""

from urllib.parse import parse_qs, urlsplit

import pytest

from .xui import GENERATIONS, Desk, client, said

OLD = ("g2", "g3a")


@pytest.fixture(params=GENERATIONS)
def desk(world, request):
    return Desk(world, request.param)


@pytest.fixture
def g3b(world):
    return Desk(world, "g3b")


def spend(desk, *emails):
    for email in emails:
        desk.act("traffic", email=email, up=5, down=6)
    desk.act("tick")


def used(desk, *emails):
    return [desk.traffic(email)["obj"]["up"] for email in emails]


def test_counters_can_be_set(desk):
    desk.add(client("d1"))
    path = "clients/updateTraffic" if desk.by_email else "inbounds/updateClientTraffic"
    assert said(desk.post(f"{path}/d1", json={"upload": 7, "download": 8}))[0]
    assert used(desk, "d1") == [7]
    assert not said(desk.post(f"{path}/d1", json={"upload": "x"}))[0]
    assert not said(desk.post(f"{path}/none", json={"upload": 7, "download": 8}))[0]
    assert used(desk, "d1") == [7]


@pytest.mark.parametrize("generation", OLD)
def test_counters_of_an_inbound_or_of_all_are_reset(world, generation):
    desk = Desk(world, generation)
    other = desk.inbounds()[1]["id"]
    desk.add(client("d1"))
    desk.add(client("d2"), inbound_id=other)
    spend(desk, "d1", "d2")
    desk.post(f"inbounds/resetAllClientTraffics/{other}")
    assert used(desk, "d1", "d2") == [5, 0]
    assert desk.inbound()["up"] == 5
    desk.post("inbounds/resetAllTraffics")
    assert desk.inbound()["up"] == 0
    assert used(desk, "d1") == [5]
    desk.post("inbounds/resetAllClientTraffics/-1")
    assert used(desk, "d1") == [0]


def test_counters_of_many_are_reset_by_email(g3b):
    for email in ("d1", "d2", "d3"):
        g3b.add(client(email))
    spend(g3b, "d1", "d2", "d3")
    answer = g3b.post("clients/bulkResetTraffic", json={"emails": ["d1", "d2", "none"]})
    assert answer.json()["obj"] == {"affected": 2}
    assert used(g3b, "d1", "d2", "d3") == [0, 0, 5]
    g3b.post("clients/resetAllTraffics")
    assert used(g3b, "d3") == [0]
    g3b.post("inbounds/1/resetTraffic")
    assert g3b.inbound()["up"] == 0


def test_many_are_switched_and_removed_by_email(g3b):
    for email in ("d1", "d2"):
        g3b.add(client(email))
    emails = {"emails": ["d1", "none"]}
    skipped = [{"email": "none", "reason": "client not found"}]
    disabled = g3b.post("clients/bulkDisable", json=emails).json()["obj"]
    assert disabled == {"changed": 1, "skipped": skipped}
    assert (g3b.find("d1")["enable"], g3b.find("d2")["enable"]) == (False, True)
    g3b.post("clients/bulkEnable", json=emails)
    assert g3b.find("d1")["enable"] is True
    deleted = g3b.post("clients/bulkDel", json=emails).json()["obj"]
    assert deleted == {"deleted": 1, "skipped": skipped}
    assert g3b.find("d1") is None
    assert g3b.find("d2") is not None


def test_inbounds_are_listed_in_short(g3b):
    slim = g3b.get("inbounds/list/slim").json()["obj"]
    assert len(slim) == 6
    assert all("clients" not in i["settings"] and "clientStats" not in i for i in slim)
    options = g3b.get("inbounds/options").json()["obj"]
    assert [o["port"] for o in options] == [i["port"] for i in slim]


def test_addresses_are_told_as_none(desk):
    path = "clients/ips" if desk.by_email else "inbounds/clientIps"
    assert desk.post(f"{path}/anchor-443").json()["obj"] == "No IP Record"


def test_the_version_is_told_by_the_update_too(desk):
    told = desk.get("server/getPanelUpdateInfo").json()["obj"]["currentVersion"]
    assert told == desk.look()["version"]


def test_an_email_may_be_on_two_seeded_inbounds_from_3(world):
    def inbound(port):
        settings = {"clients": [client("d1")]}
        return {"port": port, "protocol": "vless", "settings": settings}

    both = [inbound(1000), inbound(1001)]
    refused = world.control("xui/panels", expect=400, name="old", generation="g2", inbounds=both)
    assert "Duplicate email: d1" in refused["error"]
    for generation in ("g3a", "g3b"):
        desk = Desk(world, generation, inbounds=both)
        held = [c["email"] for i in desk.inbounds() for c in i["settings"]["clients"]]
        assert held == ["d1", "d1"]


WANTED = {
    "VLESS Reality": {"type": "tcp", "security": "reality", "fp": "chrome"},
    "VLESS WS": {"type": "ws", "security": "tls", "path": "/ws", "sni": "vpn.example"},
    "VLESS gRPC": {"type": "grpc", "security": "tls", "serviceName": "tunnel"},
    "VLESS XHTTP": {"type": "xhttp", "security": "none", "path": "/x", "mode": "auto"},
    "VLESS HTTPUpgrade": {"type": "httpupgrade", "security": "none", "path": "/up"},
    "TROJAN": {"type": "tcp", "security": "tls", "alpn": "h2,http/1.1"},
}


@pytest.mark.parametrize("generation", ["g3a", "g3b"])
def test_links_of_every_kind(world, generation):
    desk = Desk(world, generation)
    for inbound in desk.inbounds():
        (anchor,) = inbound["settings"]["clients"]
        path = f"clients/links/{anchor['email']}"
        if not desk.by_email:
            path = f"inbounds/getClientLinks/{inbound['id']}/{anchor['email']}"
        (link,) = desk.get(path).json()["obj"]
        url = urlsplit(link)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        wanted = WANTED[inbound["remark"]]
        assert {name: query.get(name) for name in wanted} == wanted
        assert (url.scheme, url.port) == (inbound["protocol"], inbound["port"])
        assert url.username == anchor.get("id", anchor.get("password"))
        assert ("encryption" in query) is (inbound["protocol"] == "vless")


def test_a_tcp_header_and_many_modes_are_in_the_link(world):
    header = {
        "type": "http",
        "request": {"path": ["/p"], "headers": {"Host": ["a.example"]}},
    }
    streams = [
        {"network": "tcp", "tcpSettings": {"header": header}, "security": "none"},
        {
            "network": "grpc",
            "grpcSettings": {"serviceName": "s", "authority": "a", "multiMode": True},
            "security": "none",
        },
    ]
    inbounds = [
        {
            "port": 1000 + number,
            "protocol": "vless",
            "settings": {"clients": [client(f"d{number}", subId="s")]},
            "streamSettings": stream,
        }
        for number, stream in enumerate(streams)
    ]
    desk = Desk(world, "g3a", inbounds=inbounds)
    tcp, grpc = desk.get("inbounds/getSubLinks/s").json()["obj"]
    assert "headerType=http&path=%2Fp&host=a.example" in tcp
    assert "serviceName=s&authority=a&mode=multi" in grpc
