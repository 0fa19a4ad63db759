"""What happens to a panel and its clients in time: bytes, days, faults, restarts, upgrades."""

import base64
import re
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from .conftest import GENEROUS, World
from .xui import DAY_MS, GENERATIONS, Desk, client, inner, said

MONTH_MS = 30 * DAY_MS


@pytest.fixture(params=GENERATIONS)
def desk(world, request):
    return Desk(world, request.param)


@pytest.fixture
def g2(world):
    return Desk(world, "g2")


def row(desk, email="d1"):
    return desk.traffic(email)["obj"]


def test_bytes_count_at_the_tick(desk):
    desk.add(client("d1"))
    assert desk.onlines() is None
    desk.act("traffic", email="d1", up=10, down=20)
    assert row(desk)["up"] == 0
    desk.act("tick")
    assert (row(desk)["up"], row(desk)["down"]) == (10, 20)
    assert desk.onlines() == ["d1"]
    path = "clients/lastOnline" if desk.by_email else "inbounds/lastOnline"
    assert desk.post(path).json()["obj"] == {"d1": desk.now_ms()}
    desk.act("tick")
    assert desk.onlines() is None
    assert row(desk)["up"] == 10


def test_the_clock_alone_runs_the_job_when_it_is_due(desk):
    desk.add(client("d1", totalGB=5))
    desk.act("traffic", email="d1", up=5)
    period = 10 if desk.generation == "g2" else 5
    desk.act("clock", seconds=period - 1)
    assert row(desk)["enable"] is True
    desk.act("clock", seconds=1)
    assert row(desk)["enable"] is False


def test_a_client_out_of_bytes_is_disabled_in_row_and_fields(desk):
    desk.add(client("d1", totalGB=100))
    desk.act("traffic", email="d1", up=40, down=59)
    desk.act("tick")
    assert row(desk)["enable"] is True
    desk.act("traffic", email="d1", down=1)
    desk.act("tick")
    assert row(desk)["enable"] is False
    assert desk.find("d1")["enable"] is False
    desk.world.control(f"xui/panels/{desk.name}/traffic", expect=409, email="d1", up=1)


def test_a_client_out_of_days_is_disabled(desk):
    desk.add(client("d1", expiryTime=desk.now_ms() + 60_000))
    desk.act("tick", seconds=59)
    assert row(desk)["enable"] is True
    desk.act("tick", seconds=1)
    assert row(desk)["enable"] is False


def test_renewing_the_days_alone_does_not_bring_back_bytes(desk):
    sent = client("d1", totalGB=100)
    desk.add(sent)
    desk.act("traffic", email="d1", up=100)
    desk.act("tick")
    desk.update({**sent, "enable": True, "expiryTime": desk.now_ms() + MONTH_MS})
    assert row(desk)["enable"] is True
    desk.act("tick")
    assert row(desk)["enable"] is False
    assert desk.reset()["success"]
    assert (row(desk)["up"], row(desk)["enable"]) == (0, True)
    assert desk.find("d1")["enable"] is desk.by_email
    desk.act("tick")
    assert row(desk)["enable"] is True


def test_resetting_an_unknown_client_is_refused(desk):
    assert desk.reset("none")["success"] is False


def test_a_negative_expiry_begins_with_the_first_byte(desk):
    desk.add(client("d1", expiryTime=-MONTH_MS))
    desk.act("tick", seconds=86_400)
    desk.sign_in()
    assert row(desk)["expiryTime"] == -MONTH_MS
    desk.act("traffic", email="d1", up=1)
    desk.act("tick")
    assert row(desk)["expiryTime"] == desk.find("d1")["expiryTime"] == desk.now_ms() + MONTH_MS


def test_a_client_with_reset_days_renews_itself(desk):
    ends = desk.now_ms() + 60_000
    desk.add(client("d1", expiryTime=ends, reset=7, totalGB=50))
    desk.act("traffic", email="d1", up=50)
    desk.act("tick")
    assert row(desk)["enable"] is False
    desk.act("tick", seconds=8 * 86_400)
    desk.sign_in()
    assert (row(desk)["up"], row(desk)["enable"]) == (0, True)
    assert row(desk)["expiryTime"] == ends + 14 * DAY_MS
    assert desk.find("d1")["enable"] is True


def test_nothing_is_enforced_while_xray_stands(desk):
    desk.add(client("d1", expiryTime=desk.now_ms() + 1_000))
    desk.act("xray", running=False)
    desk.world.control(f"xui/panels/{desk.name}/traffic", expect=409, email="d1", up=1)
    desk.act("tick", seconds=60)
    assert row(desk)["enable"] is True
    desk.act("xray", running=True)
    desk.act("tick")
    assert row(desk)["enable"] is False


def test_the_depleted_are_removed_and_on_2_their_inbound_too(desk):
    ws = desk.inbounds()[1]
    (anchor,) = ws["settings"]["clients"]
    desk.update({**anchor, "totalGB": 5}, inbound_id=ws["id"])
    desk.act("traffic", email=anchor["email"], up=5)
    desk.act("tick")
    if desk.by_email:
        assert desk.post("clients/delDepleted").json()["obj"] == {"deleted": 1}
    else:
        assert said(desk.post("inbounds/delDepletedClients/-1"))[0]
    assert desk.find(anchor["email"]) is None
    assert (ws["id"] in [i["id"] for i in desk.inbounds()]) is desk.by_email


def test_a_restart_refuses_and_forgets_what_xray_had_counted(desk):
    desk.add(client("d1"))
    desk.act("traffic", email="d1", up=10)
    desk.act("tick")
    desk.act("traffic", email="d1", up=99)
    desk.act("restart", seconds=30)
    with pytest.raises(requests.ConnectionError):
        desk.get("inbounds/list")
    desk.act("restart", seconds=0)
    desk.act("tick")
    assert row(desk)["up"] == 10


def test_a_restored_panel_has_lost_who_came_since(desk):
    desk.add(client("d1"))
    desk.act("backup")
    desk.add(client("d2"))
    desk.act("restore")
    assert desk.find("d1") is not None
    assert desk.find("d2") is None
    desk.add(client("d2"))
    desk.act("restore")
    assert desk.find("d2") is None


def test_an_upgrade_in_place_merges_clients_by_email(g2):
    sent = client("d1", totalGB=500, futureField="x")
    g2.add(sent)
    g2.act("traffic", email="d1", up=10)
    g2.act("tick")
    g2.act("upgrade")
    assert g2.get("inbounds/list").status_code == 404
    g2.generation = "g3b"
    g2.sign_in()
    assert g2.post("inbounds/addClient", json={}).status_code == 404
    record = g2.get("clients/get/d1").json()["obj"]
    assert (record["client"]["uuid"], record["usedTraffic"]) == (sent["id"], 10)
    assert record["client"]["futureField"] == "x"
    assert len(g2.inbounds()) == 6
    assert said(g2.update({**sent, "totalGB": 600}))[0]
    assert (row(g2)["total"], row(g2)["up"]) == (600, 10)


def test_a_panel_does_not_go_back(world):
    desk = Desk(world, "g3b")
    world.control(f"xui/panels/{desk.name}/upgrade", expect=400, generation="g2")


def test_one_email_on_two_inbounds_becomes_one_record(world):
    desk = Desk(world, "g3a")
    sent = client("d1")
    desk.add(sent)
    trojan = desk.inbound("trojan")["id"]
    desk.add({**sent, "password": "secret-1"}, inbound_id=trojan)
    desk.act("upgrade")
    desk.generation = "g3b"
    desk.sign_in()
    record = desk.get("clients/get/d1").json()["obj"]["client"]
    assert (record["uuid"], record["password"]) == (sent["id"], "secret-1")
    assert record["inboundIds"] == [1, trojan]


def test_a_busy_database_is_told_in_the_envelope(desk):
    desk.world.fault("xui.addClient", "error", error="database is locked", times=1)
    assert inner(desk.add(client("d1"))) == "database is locked"
    assert desk.find("d1") is None
    assert said(desk.add(client("d1")))[0]


@pytest.mark.parametrize(("do", "applied"), [("timeout_before", False), ("timeout_after", True)])
def test_timeouts_come_before_and_after_the_write(desk, do, applied):
    desk.world.fault("xui.addClient", do, times=1, seconds=0.1, where={"email": "d1"})
    with pytest.raises(requests.ConnectionError):
        desk.add(client("d1"))
    assert (desk.find("d1") is not None) is applied


def test_a_gateway_in_front_answers_in_html(desk):
    desk.world.fault("xui.addClient", "status", status=502, times=1)
    answer = desk.add(client("d1"))
    assert (answer.status_code, answer.headers["Content-Type"]) == (
        502,
        "text/html; charset=utf-8",
    )
    assert "nginx" in answer.text
    assert desk.find("d1") is None


@pytest.mark.parametrize("how", ["empty", "truncated", "bad_gateway"])
def test_a_spoilt_answer_hides_a_write_that_was_done(desk, how):
    desk.world.fault("xui.addClient", "error", error=how, times=1)
    answer = desk.add(client("d1"))
    assert answer.status_code == (502 if how == "bad_gateway" else 200)
    with pytest.raises(requests.JSONDecodeError):
        answer.json()
    assert desk.find("d1") is not None


def test_a_packed_answer_may_break_off(desk):
    desk.world.fault("xui.addClient", "error", error="broken_gzip", times=1)
    try:
        answer = desk.add(client("d1"))
    except requests.RequestException:
        pass
    else:
        with pytest.raises(requests.JSONDecodeError):
            answer.json()
    assert desk.find("d1") is not None


def test_a_success_may_come_without_a_cookie(world):
    desk = Desk(world, "g2", signed_in=False)
    world.fault("xui.login", "error", error="no_cookie", times=1)
    assert said(desk.sign_in())[0]
    assert "3x-ui" not in desk.http.cookies
    assert desk.get("inbounds/list").status_code == 404


def test_a_second_start_finds_the_same_panel(start):
    first = start(**GENEROUS).wait_ready()
    desks = [Desk(World(first.url), generation) for generation in GENERATIONS]
    for desk in desks:
        desk.add(client("d1", totalGB=50))
        desk.act("traffic", email="d1", up=10)
        desk.act("tick")
    before = [desk.look() for desk in desks]
    assert first.stop() == 0
    again = start(**GENEROUS).wait_ready()
    for desk, seen in zip(desks, before, strict=True):
        desk.world = World(again.url)
        desk.url = desk.look()["url"]
        now = {**desk.look(), "url": "", "sub_url": "", "now_ms": 0}
        assert now == {**seen, "url": "", "sub_url": "", "now_ms": 0}
        assert row(desk)["up"] == 10


def subscription(desk, sub_id="sub-d1", **options):
    method = options.pop("method", "GET")
    return requests.request(method, f"{desk.url}sub/{sub_id}", timeout=10, **options)


def links(desk, sub_id="sub-d1"):
    return base64.b64decode(subscription(desk, sub_id).text).decode().splitlines()


def test_a_subscription_tells_links_and_usage(desk):
    ends = desk.now_ms() + MONTH_MS
    desk.add(client("d1", totalGB=500, expiryTime=ends, flow="xtls-rprx-vision"))
    desk.act("traffic", email="d1", up=10, down=20)
    desk.act("tick")
    answer = subscription(desk)
    usage = f"upload=10; download=20; total=500; expire={ends // 1000}"
    assert answer.headers["Subscription-Userinfo"] == usage
    assert answer.headers["Profile-Update-Interval"] == "12"
    assert answer.headers["Profile-Title"].startswith("base64:")
    (link,) = links(desk)
    url, query = urlsplit(link), parse_qs(urlsplit(link).query)
    assert (url.scheme, url.username, url.port) == ("vless", desk.find("d1")["id"], 443)
    assert (query["type"], query["security"], query["flow"]) == (
        ["tcp"],
        ["reality"],
        ["xtls-rprx-vision"],
    )
    reality = desk.inbound()["streamSettings"]["realitySettings"]
    assert query["sid"][0] in reality["shortIds"]
    assert query["sni"][0] in reality["serverNames"]


def test_the_spider_path_is_fixed_from_3(desk):
    desk.add(client("d1"))
    paths = {parse_qs(urlsplit(links(desk)[0]).query)["spx"][0] for _ in range(4)}
    assert all(re.fullmatch(r"/[0-9a-f]{15}", path) for path in paths)
    assert (len(paths) == 1) is (desk.generation != "g2")


def test_an_external_proxy_multiplies_links(desk):
    inbound = desk.inbounds()[1]
    stream = inbound["streamSettings"]
    stream["externalProxy"] = [
        {"forceTls": "same", "dest": "one.example", "port": 443, "remark": "a"},
        {"forceTls": "none", "dest": "two.example", "port": 80, "remark": "b"},
    ]
    path = f"inbounds/update/{inbound['id']}"
    assert said(desk.post(path, json={**inbound, "streamSettings": stream}))[0]
    desk.add(client("d1"), inbound_id=inbound["id"])
    first, second = (urlsplit(link) for link in links(desk))
    assert (first.hostname, second.hostname, second.port) == ("one.example", "two.example", 80)
    assert parse_qs(first.query)["security"] == ["tls"]
    assert parse_qs(second.query)["security"] == ["none"]
    assert "sni" not in parse_qs(second.query)


def test_an_unknown_subscription_is_refused_by_generation(desk):
    answer = subscription(desk, "none")
    wanted = (400, "Error!") if desk.generation == "g2" else (404, "")
    assert (answer.status_code, answer.text) == wanted


def test_head_and_pages(desk):
    desk.add(client("d1"))
    head = subscription(desk, method="HEAD")
    assert head.status_code == (404 if desk.generation == "g2" else 200)
    page = subscription(desk, headers={"Accept": "text/html,*/*"})
    assert page.headers["Content-Type"].startswith("text/html")
    assert "vless://" in page.text


def test_a_disabled_client_is_still_served_and_a_disabled_inbound_not(desk):
    desk.add(client("d1"))
    desk.update({**desk.find("d1"), "enable": False})
    assert len(links(desk)) == 1
    desk.post("inbounds/setEnable/1", json={"enable": False})
    assert subscription(desk).status_code in (400, 404)


def test_clients_under_one_subid_are_summed(g2):
    g2.add(client("d1", subId="s", totalGB=100))
    g2.add(client("d2", subId="s", totalGB=200, expiryTime=g2.now_ms() + MONTH_MS))
    assert len(links(g2, "s")) == 2
    usage = subscription(g2, "s").headers["Subscription-Userinfo"]
    assert usage == "upload=0; download=0; total=300; expire=0"
    g2.add(client("d3", subId="s"))
    assert "total=0;" in subscription(g2, "s").headers["Subscription-Userinfo"]


def test_links_of_a_client_by_the_api(world):
    desk = Desk(world, "g3b")
    desk.add(client("d1"))
    by_email = desk.get("clients/links/d1").json()["obj"]
    by_sub_id = desk.get("clients/subLinks/sub-d1").json()["obj"]
    assert len(by_email) == len(by_sub_id) == 1
    assert desk.get("clients/links/none").json()["success"] is False
