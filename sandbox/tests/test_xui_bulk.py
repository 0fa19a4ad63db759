"""What came with 3.1.0: bulk calls, the table of tokens, the description of the API."""

import pytest
import requests

from .xui import DAY_MS, Desk, client, inner, said


@pytest.fixture
def g3b(world):
    desk = Desk(world, "g3b")
    desk.add(client("d1", totalGB=100, expiryTime=desk.now_ms() + DAY_MS))
    desk.add(client("free"))
    return desk


def bulk(desk, name, **body):
    return desk.post(f"clients/{name}", json=body).json()["obj"]


def reasons(result):
    return {report["email"]: report["reason"] for report in result.get("skipped", [])}


def test_days_and_bytes_are_added_to_whoever_has_a_limit(g3b):
    ends = g3b.find("d1")["expiryTime"]
    emails = ["d1", "d1", "free", "none"]
    result = bulk(g3b, "bulkAdjust", emails=emails, addDays=2, addBytes=50)
    assert result["adjusted"] == 1
    assert reasons(result) == {"free": "unlimited expiry", "none": "client not found"}
    kept, row = g3b.find("d1"), g3b.traffic()["obj"]
    assert kept["expiryTime"] == row["expiryTime"] == ends + 2 * DAY_MS
    assert kept["totalGB"] == row["total"] == 150
    assert (g3b.find("free")["expiryTime"], g3b.find("free")["totalGB"]) == (0, 0)


@pytest.mark.parametrize(
    ("fields", "less", "reason"),
    [
        ({"totalGB": 100}, {"addBytes": -100}, "reduction exceeds remaining quota"),
        ({"expiryTime": DAY_MS}, {"addDays": -1}, "reduction exceeds remaining time"),
        ({"expiryTime": -DAY_MS}, {"addDays": -1}, "reduction exceeds delay window"),
    ],
)
def test_nobody_is_adjusted_below_nothing(g3b, fields, less, reason):
    g3b.add(client("d2", **fields))
    result = bulk(g3b, "bulkAdjust", emails=["d2"], **less)
    assert (result["adjusted"], reasons(result)) == (0, {"d2": reason})
    assert fields.items() <= g3b.find("d2").items()


def test_an_adjustment_lets_in_again_whom_it_frees(g3b):
    g3b.act("traffic", email="d1", up=100)
    g3b.act("tick")
    assert g3b.find("d1")["enable"] is False
    bulk(g3b, "bulkAdjust", emails=["d1"], addDays=1)
    assert g3b.find("d1")["enable"] is False
    bulk(g3b, "bulkAdjust", emails=["d1"], addBytes=1)
    assert g3b.find("d1")["enable"] is True
    assert g3b.traffic()["obj"]["up"] == 100


def test_a_flow_is_set_and_cleared_for_many(g3b):
    for flow, kept in (("xtls-rprx-vision", "xtls-rprx-vision"), ("none", "")):
        assert bulk(g3b, "bulkAdjust", emails=["free"], flow=flow) == {"adjusted": 1}
        assert g3b.find("free")["flow"] == kept
    nothing = g3b.post("clients/bulkAdjust", json={"emails": ["free"], "flow": "evil"})
    assert inner(nothing) == "no adjustment specified\n"


def test_many_are_made_and_the_refused_are_named(g3b):
    wanted = [
        {"client": client("d2"), "inboundIds": [1]},
        {"client": client("D1", subId="x"), "inboundIds": [1]},
        {"client": client("d3"), "inboundIds": [999]},
    ]
    result = g3b.post("clients/bulkCreate", json=wanted).json()["obj"]
    assert result["created"] == 1
    assert reasons(result) == {"D1": "email already in use: D1", "d3": "record not found"}
    assert g3b.find("d2") is not None
    assert not said(g3b.post("clients/bulkCreate", json={}))[0]


def test_clients_are_paged_and_found_by_telegram_id(g3b):
    g3b.add(client("mine", tgId=77))
    page = g3b.get("clients/list/paged", params={"page": 2, "pageSize": 3}).json()["obj"]
    assert (page["total"], page["filtered"], len(page["items"])) == (9, 9, 3)
    sought = g3b.get("clients/list/paged", params={"search": "MIN"}).json()["obj"]
    assert [item["email"] for item in sought["items"]] == ["mine"]
    assert [c["email"] for c in g3b.get("clients/get/tgId/77").json()["obj"]] == ["mine"]


def test_inbounds_are_removed_together(g3b):
    answer = g3b.post("inbounds/bulkDel", json={"ids": [1, 2, 999]})
    assert answer.json()["obj"] == {"deleted": 2}
    assert {i["id"] for i in g3b.inbounds()} == {3, 4, 5, 6}


def opens(desk, token):
    bearer = {"Authorization": f"Bearer {token}"}
    answer = requests.get(f"{desk.url}panel/api/inbounds/list", headers=bearer, timeout=10)
    return answer.status_code == 200


def test_tokens_are_made_switched_and_deleted(g3b):
    made = g3b.post("setting/apiTokens/create", json={"name": "site"}).json()["obj"]
    path = f"setting/apiTokens/setEnabled/{made['id']}"
    assert opens(g3b, made["token"])
    listed = g3b.get("setting/apiTokens").json()["obj"]
    assert [(row["name"], row["enabled"]) for row in listed] == [("default", True), ("site", True)]
    assert all("token" not in row for row in listed)
    g3b.post(path, json={"enabled": False})
    assert not opens(g3b, made["token"])
    g3b.post(path, json={"enabled": True})
    assert opens(g3b, made["token"])
    g3b.post(f"setting/apiTokens/delete/{made['id']}")
    assert not opens(g3b, made["token"])
    assert opens(g3b, g3b.token)
    assert inner(g3b.post(path, json={"enabled": True})) == "record not found"


@pytest.mark.parametrize("name", ["", "default", "x" * 65])
def test_a_token_needs_a_name_of_its_own(g3b, name):
    assert not said(g3b.post("setting/apiTokens/create", json={"name": name}))[0]
    assert len(g3b.get("setting/apiTokens").json()["obj"]) == 1


def test_the_first_token_can_be_switched_off_and_replaced(g3b):
    g3b.act("settings", token="another-token")
    assert (opens(g3b, g3b.token), opens(g3b, "another-token")) == (False, True)
    g3b.post("setting/apiTokens/setEnabled/1", json={"enabled": False})
    assert not opens(g3b, "another-token")


def test_the_api_describes_itself(g3b, world):
    document = g3b.get("openapi.json").json()
    assert document["info"]["version"] == "3.6.0"
    assert "post" in document["paths"]["/panel/api/clients/update/{email}"]
    assert "/panel/api/inbounds/addClient" not in document["paths"]
    assert requests.get(f"{g3b.url}panel/api/openapi.json", timeout=10).status_code == 404
    assert Desk(world, "g3a").get("openapi.json").status_code == 404
