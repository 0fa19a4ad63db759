"""A person's VPN app, the formats of subscriptions that it may ask for, and a panel's switch."""

import base64

import pytest
import requests

from .xui import GENERATIONS, Desk, client


@pytest.fixture(params=GENERATIONS)
def desk(world, request):
    desk = Desk(world, request.param)
    desk.add(client("d1", totalGB=1_000_000))
    return desk


@pytest.fixture
def g3b(world):
    desk = Desk(world, "g3b")
    desk.add(client("d1", totalGB=1_000_000))
    return desk


def read(desk, url=None):
    return desk.world.control("vpn/subscription", url=url or f"{desk.url}sub/sub-d1")


def connect(desk, **body):
    (server,) = read(desk)["servers"]
    return desk.world.control("vpn/connect", link=server["link"], **body)


def row(desk):
    return desk.traffic()["obj"]


def test_an_app_reads_a_subscription_and_connects(desk):
    found = read(desk)
    (server,) = found["servers"]
    assert (server["protocol"], server["port"], server["security"]) == ("vless", 443, "reality")
    assert server["name"] == "VLESS Reality-d1"
    assert found["usage"] == {"upload": 0, "download": 0, "total": 1_000_000, "expire": 0}
    assert (found["title"], found["update_hours"]) == ("VPN", "12")
    assert connect(desk, up=7, down=8)["connected"] is True
    assert (row(desk)["up"], row(desk)["down"]) == (7, 8)
    assert desk.onlines() == ["d1"]
    assert read(desk)["usage"]["download"] == 8


def test_a_server_without_a_subscription_and_links_that_import_one(g3b, world):
    (server,) = read(g3b)["servers"]
    assert read(g3b, server["link"])["servers"] == [server]
    for address in (f"happ://add/{g3b.url}sub/sub-d1", "v2raytun://import/" + packed(g3b)):
        assert len(read(g3b, address)["servers"]) == 1
    assert read(g3b, f"{g3b.url}sub/none")["status"] == 404
    for address in ("https://example.com/sub/x", "nonsense", "vless://", "http://[x"):
        world.control("vpn/subscription", expect=400, url=address)
    world.control("vpn/subscription", expect=502, url="http://127.0.0.1:1/sub/x")
    world.control("vpn/connect", expect=400, link="https://example.com")


def packed(desk):
    return requests.utils.quote(f"{desk.url}sub/sub-d1", safe="")


def test_a_trojan_is_found_by_its_password(desk):
    trojan = desk.inbound("trojan")
    (anchor,) = trojan["settings"]["clients"]
    link = f"trojan://{anchor['password']}@127.0.0.1:{trojan['port']}?type=tcp#x"
    found = desk.world.control("vpn/connect", link=link)
    assert (found["connected"], found["email"], found["panel"]) == (True, "anchor-9443", desk.name)


def test_an_app_is_told_why_it_cannot_connect(desk):
    assert connect(desk, down=1_000_000)["connected"] is True
    assert connect(desk)["reason"] == "refused"
    assert row(desk)["enable"] is False
    desk.reset()
    (server,) = read(desk)["servers"]
    for action, body, reason in (
        ("power", {"on": False}, "off"),
        ("power", {"on": True}, None),
        ("xray", {"running": False}, "no_xray"),
    ):
        desk.act(action, **body)
        if not desk.by_email:
            continue
        found = desk.world.control("vpn/connect", link=server["link"], up=1, down=0)
        assert found["reason"] == reason
    unknown = server["link"].replace(server["link"].split("@")[0], "vless://nobody")
    assert desk.world.control("vpn/connect", link=unknown)["reason"] == "unknown"
    desk.act("xray", running=True)
    desk.post("inbounds/setEnable/1", json={"enable": False})
    assert desk.world.control("vpn/connect", link=server["link"])["reason"] == "inbound_off"


def test_a_panel_that_is_off_refuses_until_it_is_on_again(desk):
    desk.act("traffic", email="d1", up=5)
    shown = desk.act("power", on=False)
    assert "powered" not in shown
    assert (desk.look()["powered"], desk.look()["reachable"]) == (False, False)
    with pytest.raises(requests.ConnectionError):
        desk.get("inbounds/list")
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{desk.url}sub/sub-d1", timeout=5)
    desk.world.control("vpn/subscription", expect=502, url=f"{desk.url}sub/sub-d1")
    desk.world.control(f"xui/panels/{desk.name}/traffic", expect=409, email="d1", up=1)
    desk.act("tick", seconds=60)
    desk.act("power", on=True)
    desk.act("tick")
    assert desk.get("inbounds/list").status_code == 200
    assert row(desk)["up"] == 0


def get(desk, form, **options):
    return requests.get(f"{desk.url}{form}/sub-d1", timeout=10, **options)


def test_whole_configurations_are_served_beside_links(desk):
    secret = desk.find("d1")["id"]
    whole = get(desk, "json")
    proxy = whole.json()["outbounds"][0]
    (place,) = proxy["settings"]["vnext"]
    assert (place["port"], place["users"][0]["id"]) == (443, secret)
    assert "privateKey" not in whole.text
    assert proxy["streamSettings"]["realitySettings"]["publicKey"]
    clash = get(desk, "clash").json()
    (shown,) = clash["proxies"]
    assert (shown["type"], shown["uuid"], shown["port"]) == ("vless", secret, 443)
    assert clash["proxy-groups"][0]["proxies"] == [shown["name"]]
    assert "total=1000000" in whole.headers["Subscription-Userinfo"]
    missing = requests.get(f"{desk.url}json/none", timeout=10)
    assert missing.status_code == (400 if desk.generation == "g2" else 404)


def test_every_kind_of_inbound_has_a_configuration(world):
    desk = Desk(world, "g3b")
    ids = [inbound["id"] for inbound in desk.inbounds()]
    desk.post("clients/add", json={"client": client("d1"), "inboundIds": ids})
    whole = get(desk, "json").json()
    kinds = [one["outbounds"][0]["streamSettings"]["network"] for one in whole]
    assert kinds == ["tcp", "ws", "grpc", "xhttp", "httpupgrade", "tcp"]
    assert whole[-1]["outbounds"][0]["settings"]["servers"][0]["password"]
    assert len(get(desk, "clash").json()["proxies"]) == 4


def test_what_stands_behind_a_subscription_is_told_from_3(desk):
    answer = get(desk, "sub", params={"format": "info"})
    if desk.generation == "g2":
        assert "://" in base64.b64decode(answer.text).decode()
    else:
        info = answer.json()["obj"]
        assert (info["subId"], len(info["links"])) == ("sub-d1", 1)
        assert info["userinfo"].endswith("total=1000000; expire=0")
