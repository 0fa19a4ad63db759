"""Clients on a panel: added, replaced, removed, each generation by its own rules."""

import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest

from .xui import GENERATIONS, Desk, client, inner, said

OLD = ("g2", "g3a")


@pytest.fixture(params=GENERATIONS)
def desk(world, request):
    return Desk(world, request.param)


@pytest.fixture(params=OLD)
def old(world, request):
    return Desk(world, request.param)


@pytest.fixture
def g2(world):
    return Desk(world, "g2")


@pytest.fixture
def g3b(world):
    return Desk(world, "g3b")


def test_an_added_client_is_there_with_all_its_fields(desk):
    sent = client("d1", totalGB=5_000, expiryTime=1_900_000_000_000, comment="x", futureField=[1])
    assert said(desk.add(sent)) == (True, "Inbound client(s) have been added.")
    kept = desk.find("d1")
    assert {name: kept[name] for name in sent} == sent
    assert kept["created_at"] == kept["updated_at"] == desk.now_ms()
    row = desk.traffic()["obj"]
    assert (row["total"], row["expiryTime"], row["enable"]) == (5_000, 1_900_000_000_000, True)
    assert (row["uuid"], row["subId"]) == (sent["id"], sent["subId"])


def test_an_update_replaces_the_whole_client(desk):
    sent = client("d1", totalGB=5_000, comment="x", futureField=[1])
    desk.add(sent)
    made_at = desk.find("d1")["created_at"]
    desk.act("clock", seconds=60)
    left = {"id": sent["id"], "email": "d1", "subId": sent["subId"]}
    assert said(desk.update(left)) == (True, "Inbound client has been updated.")
    kept = desk.find("d1")
    assert "comment" not in kept
    assert "futureField" not in kept
    assert (kept["created_at"], kept["updated_at"]) == (made_at, made_at + 60_000)
    row = desk.traffic()["obj"]
    assert (row["total"], row["enable"]) == (0, False)


def test_an_update_keeps_the_counters(desk):
    sent = client("d1")
    desk.add(sent)
    desk.act("traffic", email="d1", up=10, down=20)
    desk.act("tick")
    desk.update({**sent, "email": "d2", "subId": "other"}, email="d1")
    row = desk.traffic("d2")["obj"]
    assert (row["email"], row["up"], row["down"]) == ("d2", 10, 20)
    assert desk.find("d1") is None


@pytest.mark.parametrize("generation", GENERATIONS)
def test_an_email_is_taken_in_whatever_case_and_inbound(world, generation):
    desk = Desk(world, generation)
    desk.add(client("d1"))
    refused = desk.add(client("D1", subId="another"), inbound_id=3)
    text = "email already in use: D1\n" if desk.by_email else "Duplicate email: D1\n"
    assert inner(refused) == text
    assert said(refused)[1].startswith("Something went wrong (")
    assert desk.find("D1") is None


def test_the_same_email_and_subid_again(world):
    ids = {}
    for generation in GENERATIONS:
        desk = Desk(world, generation)
        second = desk.inbounds()[1]["id"]
        sent = client("d1")
        desk.add(sent)
        again = desk.add(sent, inbound_id=second)
        ids[generation] = [
            i["id"]
            for i in desk.inbounds()
            if any(c["email"] == "d1" for c in i["settings"]["clients"])
        ]
        assert said(again)[0] is (generation != "g2")
        assert len(ids[generation]) == (1 if generation == "g2" else 2)


def test_a_subid_may_be_shared_until_3_1(desk):
    desk.add(client("d1", subId="s"))
    answer = desk.add(client("d2", subId="s"))
    if desk.by_email:
        assert inner(answer) == "subId already in use: s\n"
    assert (desk.find("d2") is None) is desk.by_email


def test_a_disabled_client_is_enabled_on_arrival_from_3_1(desk):
    desk.add(client("d1", enable=False))
    assert desk.find("d1")["enable"] is desk.by_email
    desk.update({**desk.find("d1"), "enable": False})
    assert desk.find("d1")["enable"] is False
    assert desk.traffic()["obj"]["enable"] is False


def test_a_missing_id_is_refused_or_made(desk):
    answer = desk.add(client("d1", id="", subId=""))
    if desk.by_email:
        made = desk.find("d1")
        assert len(made["id"]) == 36
        assert made["subId"]
    else:
        assert inner(answer) == "empty client ID\n"
        assert desk.find("d1") is None


@pytest.mark.parametrize("email", ["a/b", "a\\b", "a b", "a\tb"])
def test_emails_must_fit_from_3_1(world, email):
    desk = Desk(world, "g3b")
    assert not said(desk.add(client(email)))[0]
    assert desk.find(email) is None
    assert said(Desk(world, "g2").add(client(email)))[0]


def test_an_unknown_client_cannot_be_updated(desk):
    text = "record not found" if desk.by_email else "empty client ID\n"
    assert inner(desk.update(client("none"))) == text


def test_an_email_cannot_be_changed_to_a_taken_one(desk):
    sent = client("d1")
    desk.add(sent)
    desk.add(client("d2"))
    refused = desk.update({**sent, "email": "d2", "subId": "new"}, email="d1")
    assert inner(refused) == "Duplicate email: d2\n"
    assert desk.find("d1")["id"] == sent["id"]


def test_a_subid_cannot_be_changed_to_a_taken_one_from_3_1(g3b):
    sent = client("d1")
    g3b.add(sent)
    g3b.add(client("d2"))
    assert inner(g3b.update({**sent, "subId": "sub-d2"})) == "Duplicate subId: sub-d2\n"


def test_a_deleted_client_is_gone_with_its_counters(desk):
    sent = client("d1")
    desk.add(sent)
    assert said(desk.delete(sent)) == (True, "Inbound client has been deleted.")
    assert desk.find("d1") is None
    text = f"Client Not Found In Inbound For ID: {sent['id']}\n"
    if desk.by_email:
        text = 'client "d1" not found in any inbound or client record\n'
    assert inner(desk.delete(sent)) == text


def test_traffic_of_an_unknown_email(desk):
    answer = desk.traffic("none")
    assert answer["success"] is desk.by_email
    assert answer["obj"] is None
    if not desk.by_email:
        assert answer["msg"].endswith("(Inbound Not Found For Email: none\n)")


def test_the_last_client_of_an_inbound_stays_until_3_1(desk):
    (anchor,) = desk.inbound()["settings"]["clients"]
    answer = desk.delete(anchor)
    if desk.by_email:
        assert said(answer)[0]
        assert desk.inbound()["settings"]["clients"] == []
    else:
        assert inner(answer) == "no client remained in Inbound\n"
        by_email = old_delete_by_email(desk, anchor["email"])
        assert inner(by_email) == "no client remained in Inbound\n"
        assert desk.inbound()["settings"]["clients"] == [anchor]


def old_delete_by_email(desk, email, inbound_id=1):
    return desk.post(f"inbounds/{inbound_id}/delClientByEmail/{quote(email, safe='')}")


def test_deletion_by_email(old):
    old.add(client("d1"))
    assert said(old_delete_by_email(old, "d1"))[0]
    assert inner(old_delete_by_email(old, "d1")) == "client with email d1 not found\n"


def test_a_slash_in_a_password_ends_the_segment(old):
    trojan = old.inbound("trojan")["id"]
    sent = {"password": "pass/word", "email": "d1", "enable": True, "subId": "s"}
    assert said(old.add(sent, inbound_id=trojan))[0]
    path = f"inbounds/{trojan}/delClient/{quote('pass/word', safe='')}"
    assert old.post(path).status_code == 404
    assert said(old_delete_by_email(old, "d1", trojan))[0]


def test_trojan_clients_are_never_found_by_id(old):
    trojan = old.inbound("trojan")["id"]
    vless = client("d1")
    old.add(vless)
    old.add({"password": "secret-1", "email": "d2", "enable": True}, inbound_id=trojan)

    def emails(client_id):
        rows = old.get(f"inbounds/getClientTrafficsById/{client_id}").json()["obj"]
        return [row["email"] for row in rows]

    assert emails(vless["id"]) == ["d1"]
    assert emails("secret-1") == []


@pytest.mark.parametrize("fields", [{"tgId": ""}, {"totalGB": "5"}, {"enable": 1}, {"email": 5}])
def test_a_field_of_another_type_is_refused(desk, fields):
    answer = desk.add(client(**{"email": "d1", **fields}))
    (name,) = fields
    success, message = said(answer)
    assert not success
    if desk.by_email:
        assert message == "request body failed validation"
        assert answer.json()["obj"]["issues"][0]["field"] == name
    else:
        assert f"Go struct field Client.clients.{name}" in message
    assert desk.find("d1") is None


def test_a_body_without_clients_is_refused(old):
    for settings in ("", "{", json.dumps({"clients": "x"}), json.dumps([])):
        answer = old.post("inbounds/addClient", json={"id": 1, "settings": settings})
        assert not said(answer)[0]
    assert inner(old.add(client("d1"), inbound_id=999)) == "record not found"


def test_parallel_adds_lose_clients_on_2_only(desk):
    # Each thread has connections of its own, and all have one session of the panel.
    def add(number):
        with desk.http.__class__() as http:
            http.cookies.update(desk.http.cookies)
            http.headers.update(desk.http.headers)
            twin = object.__new__(Desk)
            twin.__dict__ = {**desk.__dict__, "http": http}
            return said(twin.add(client(f"d{number}")))[0]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(add, range(8)))
    left = {c["email"] for c in desk.inbound()["settings"]["clients"]} - {"anchor-443"}
    assert (len(left) < 8) is (desk.generation == "g2")


def test_adds_in_a_row_lose_nobody(g2):
    for number in range(8):
        g2.add(client(f"d{number}"))
    assert len(g2.inbound()["settings"]["clients"]) == 9


def test_one_client_on_many_inbounds(g3b):
    sent = client("d1")
    trojan = g3b.inbound("trojan")["id"]
    g3b.post("clients/add", json={"client": sent, "inboundIds": [1, trojan]})
    record = g3b.get("clients/get/d1").json()["obj"]
    assert record["inboundIds"] == record["client"]["inboundIds"] == [1, trojan]
    assert record["client"]["uuid"] == sent["id"]
    assert isinstance(record["client"]["id"], int)
    held = {
        i["id"]: c for i in g3b.inbounds() for c in i["settings"]["clients"] if c["email"] == "d1"
    }
    assert set(held) == {1, trojan}
    assert "password" not in held[1]
    assert "id" not in held[trojan]
    assert g3b.post("clients/d1/detach", json={"inboundIds": [1]}).json()["success"]
    assert g3b.get("clients/get/d1").json()["obj"]["inboundIds"] == [trojan]
    assert g3b.post("clients/d1/attach", json={"inboundIds": [1]}).json()["success"]
    assert [r["email"] for r in g3b.get("clients/list").json()["obj"]].count("d1") == 1


def test_a_record_sent_back_as_it_came_is_refused(g3b):
    g3b.add(client("d1"))
    record = g3b.get("clients/get/d1").json()["obj"]["client"]
    assert said(g3b.update(record)) == (False, "request body failed validation")
    fields = {**record, "id": record["uuid"]}
    assert said(g3b.update(fields))[0]
    assert g3b.find("d1")["id"] == record["uuid"]
    assert "uuid" not in g3b.find("d1")


def test_secrets_left_out_stay_from_3_1(g3b):
    sent = client("d1")
    g3b.add(sent)
    g3b.update({"email": "d1", "enable": True})
    assert (g3b.find("d1")["id"], g3b.find("d1")["subId"]) == (sent["id"], "sub-d1")


@pytest.mark.parametrize("ids", [None, [], ["1"], "1"])
def test_a_client_needs_inbounds_from_3_1(g3b, ids):
    answer = g3b.post("clients/add", json={"client": client("d1"), "inboundIds": ids})
    assert said(answer) == (False, "request body failed validation")
    missing = g3b.post("clients/add", json={"client": client("d1"), "inboundIds": [999]})
    assert inner(missing) == "record not found"
    assert g3b.get("clients/get/d1").json()["success"] is False


def test_counters_may_be_kept(g3b):
    g3b.add(client("d1"))
    g3b.act("traffic", email="d1", up=7)
    g3b.act("tick")
    assert said(g3b.post("clients/del/d1?keepTraffic=1"))[0]
    assert g3b.traffic()["obj"]["up"] == 7


def test_inbounds_are_added_changed_and_removed(desk):
    body = {
        "remark": "more",
        "port": 5000,
        "protocol": "vless",
        "settings": json.dumps({"clients": [client("m1")], "decryption": "none"}),
        "streamSettings": json.dumps({"network": "tcp", "security": "none"}),
        "sniffing": "{}",
    }
    made = desk.post("inbounds/add", data=body).json()["obj"]
    assert desk.find("m1")["email"] == "m1"
    assert inner(desk.post("inbounds/add", data=body)) == "Port already exists: 5000\n"
    changed = desk.post(f"inbounds/update/{made['id']}", data={**body, "remark": "new"}).json()
    assert changed["obj"]["remark"] == "new"
    assert desk.find("m1") is not None
    desk.post(f"inbounds/setEnable/{made['id']}", data={"enable": "false"})
    assert desk.get(f"inbounds/get/{made['id']}").json()["obj"]["enable"] is False
    assert said(desk.post(f"inbounds/del/{made['id']}"))[0]
    assert inner(desk.get(f"inbounds/get/{made['id']}")) == "record not found"
    assert not said(desk.post("inbounds/add", data={**body, "port": "x"}))[0]
