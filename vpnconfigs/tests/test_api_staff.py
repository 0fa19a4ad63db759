"""The API of staff: everybody's configs, many at once, requests, news, tariffs, switches."""

import uuid

import pytest
from django.utils import timezone

from accounts.models import ApiToken, AuditEvent
from accounts.services.api_tokens import create_token
from conftest import make_user
from vpnconfigs.models import Config, News, PromoCode, ShopSettings, Tariff
from vpnconfigs.services import mass_actions, requests
from vpnconfigs.tests.conftest import DAY

pytestmark = pytest.mark.django_db
BASE = "/api/admin/v1"
URL = f"{BASE}/configs"


@pytest.fixture
def admin(db):
    return make_user("adam", lang_code="en", role="ADMIN")


@pytest.fixture
def stock(owner, stranger, make_config, make_inbound, make_tariff):
    """Five configs, each different from the others in what a list may be filtered by."""
    trojan = make_inbound(protocol="trojan", country="DE")
    now = timezone.now()
    return {
        "a": make_config(owner, name="a", used_up_bytes=1),
        "b": make_config(
            owner, name="b", state="expired", valid_to=now - DAY, synced_revision=0
        ),
        "c": make_config(
            stranger, name="c", protocol="trojan", inbound=trojan, valid_to=now + 5 * DAY,
            tariff=make_tariff("year"),
        ),
        "d": make_config(stranger, name="d", valid_to=None, email="special-mail"),
        "e": make_config(stranger, name="e", state="deleted"),
    }  # fmt: skip


def names(answer) -> str:
    assert answer.status_code == 200, answer.content
    return "".join(row["name"] for row in answer.json()["results"])


def test_only_staff(owner, admin, api, stock, inbound):
    client = api(owner)
    panel = inbound.panel_id
    for path in ("configs", "requests", "news", "tariffs", "promo-codes", "settings", "panels"):
        assert api().get(f"{BASE}/{path}").status_code == 401
        assert client.get(f"{BASE}/{path}").status_code == 403
        assert api(admin).get(f"{BASE}/{path}").status_code == 200
    body = {"action": "suspend", "ids": [str(stock["a"].pk)]}
    assert client.post(f"{URL}/actions", body, format="json").status_code == 403
    assert client.post(f"{BASE}/panels/{panel}/test").status_code == 403
    assert not AuditEvent.objects.filter(action__startswith="vpn").exists()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, "dcba"),
        ({"state": "deleted"}, "e"),
        ({"state": "expired"}, "b"),
        ({"protocol": "trojan"}, "c"),
        ({"tariff": "year"}, "c"),
        ({"is_synced": "false"}, "b"),
        ({"is_synced": "true", "protocol": "vless"}, "da"),
        ({"q": "OLGA"}, "ba"),
        ({"q": "special"}, "d"),
        ({"q": "nobody"}, ""),
        ({"q": "9" * 60}, ""),
        ({"sort": "name"}, "abcd"),
        ({"sort": "valid_to"}, "bcad"),
        ({"sort": "-used", "limit": "1"}, "a"),
    ],
)
def test_filters_and_order(admin, api, stock, query, expected):
    assert names(api(admin).get(URL, query)) == expected


def test_filters_by_person_panel_and_id(owner, admin, api, stock):
    client = api(admin)
    assert names(client.get(URL, {"user": owner.pk})) == "ba"
    assert names(client.get(URL, {"q": str(owner.pk)})) == "ba"
    assert names(client.get(URL, {"panel": stock["c"].inbound.panel_id})) == "c"
    assert names(client.get(URL, {"q": str(stock["d"].pk)})) == "d"
    bad = ({"state": "x"}, {"user": "x"}, {"panel": "x"}, {"sort": "secret"}, {"cursor": "x"})
    for query in bad:
        assert client.get(URL, query).status_code == 400


@pytest.mark.parametrize("sort", ["created_at", "-created_at", "valid_to", "-used", "name"])
def test_pages_hold_each_once(admin, api, stock, sort):
    client, seen, address = api(admin), "", f"{URL}?limit=2&sort={sort}"
    while address:
        answer = client.get(address)
        seen += names(answer)
        address = answer.json()["next"]
    assert sorted(seen) == list("abcd")


def test_a_page_is_one_query_and_holds_no_secret(admin, api, stock, statements):
    client = api(admin)
    client.get(URL)
    with statements() as seen:
        answer = client.get(URL)
    assert len([sql for sql in seen.asked if "vpnconfigs" in sql]) == 1
    assert len(seen.asked) <= 2
    for config in stock.values():
        assert config.secret not in answer.content.decode()
    row = answer.json()["results"][-1]
    assert (row["user"]["name"], row["panel"]["country"]) == ("Olga", "NL")
    detail = client.get(f"{URL}/{stock['a'].pk}").json()
    assert detail == row
    assert client.get(f"{URL}/{uuid.uuid4()}").status_code == 404


def test_a_mass_action(owner, admin, api, stock):
    client, url = api(admin), f"{URL}/actions"
    body = {"action": "extend", "days": 2, "filter": {"user": owner.pk}}
    started = client.post(url, body, format="json", HTTP_IDEMPOTENCY_KEY="k")
    assert started.status_code == 202, started.content
    again = client.post(url, body, format="json", HTTP_IDEMPOTENCY_KEY="k")
    assert again.json() == started.json()
    job = started.json()
    assert (job["state"], job["total"]) == ("running", 2)
    mass_actions.run_mass_actions()
    done = client.get(f"{url}/{job['job_id']}").json()
    assert (done["state"], done["ok_count"], done["percent"]) == ("done", 2, 100)
    assert {row["state"] for row in done["results"]} == {"done"}
    assert len(client.get(f"{url}/{job['job_id']}?limit=1").json()["results"]) == 1
    other = client.post(url, {"action": "suspend", "ids": [str(stock["d"].pk)]}, format="json")
    stopped = client.post(f"{url}/{other.json()['job_id']}/cancel")
    assert stopped.status_code == 200
    mass_actions.run_mass_actions()
    assert client.get(f"{url}/{other.json()['job_id']}").json()["state"] == "cancelled"
    assert Config.objects.get(pk=stock["d"].pk).state == "active"
    assert client.get(f"{url}/{uuid.uuid4()}").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"action": "extend", "days": 1},
        {"action": "extend", "days": 1, "ids": []},
        {"action": "extend", "days": 1, "ids": [str(uuid.uuid4())], "filter": {}},
        {"action": "extend", "days": 1, "ids": [str(uuid.uuid4())]},
        {"action": "extend", "filter": {}},
        {"action": "burn", "filter": {}},
        {"action": "move", "filter": {}, "inbound": 9**20},
        {"action": "suspend", "filter": {"state": "x"}},
        {"action": "suspend", "filter": []},
    ],
)
def test_mass_actions_that_are_refused(admin, api, stock, body):
    assert api(admin).post(f"{URL}/actions", body, format="json").status_code == 400
    assert not AuditEvent.objects.filter(action="vpn_config.mass_action").exists()


def test_requests_are_decided(owner, admin, api, inbound, make_tariff):
    asked = make_tariff("asked", is_self_service=False, price_kopecks=100)
    first = requests.ask(user=owner, kind="access", tariff=asked, text="Please")
    client, url = api(admin), f"{BASE}/requests"
    rows = client.get(url, {"state": "open", "unread": "true"}).json()["results"]
    assert [(row["user"]["id"], row["is_unread"]) for row in rows] == [(owner.pk, True)]
    own = f"{url}/{first.pk}"
    assert client.post(f"{own}/read").status_code == 204
    assert client.get(url, {"unread": "true"}).json()["results"] == []
    said = client.post(f"{own}/messages", {"text": "Soon"}, format="json").json()
    assert (said["is_from_staff"], said["author"]) == (True, "Adam")
    poor = client.post(f"{own}/decide", {"decision": "approve"}, format="json")
    assert (poor.status_code, poor.json()["code"]) == (422, "insufficient_balance")
    body = {"decision": "approve", "is_free": True, "comment": "Welcome"}
    decided = client.post(f"{own}/decide", body, format="json").json()
    assert (decided["state"], decided["comment"], decided["decided_by"]["name"]) == (
        "approved",
        "Welcome",
        "Adam",
    )
    assert Config.objects.get().state == "provisioning"
    late = client.post(f"{own}/decide", {"decision": "refuse"}, format="json")
    assert (late.status_code, late.json()["code"]) == (409, "request_decided")
    assert client.get(f"{own}/messages").json()["results"][0]["text"] == "Please"
    assert client.get(f"{url}/{uuid.uuid4()}").status_code == 404


def test_news_are_written_and_published(admin, api):
    client, url = api(admin), f"{BASE}/news"
    draft = client.post(url, {"title_ru": "Новость", "text_ru": "Текст"}, format="json").json()
    own = f"{url}/{draft['id']}"
    assert client.patch(own, {"is_pinned": True}, format="json").json()["is_pinned"] is True
    later = (timezone.now() + DAY).isoformat()
    scheduled = client.post(f"{own}/publish", {"publish_at": later}, format="json").json()
    assert scheduled["state"] == "scheduled"
    published = client.post(f"{own}/publish", {}, format="json").json()
    assert published["state"] == "published"
    twice = client.post(f"{own}/publish", {}, format="json")
    assert (twice.status_code, twice.json()["code"]) == (409, "published")
    assert client.post(f"{own}/withdraw").json()["state"] == "draft"
    assert client.get(url).json()["results"][0]["id"] == draft["id"]
    assert client.delete(own).status_code == 204
    assert client.get(own).status_code == 404
    assert not News.objects.exists()


def test_tariffs_and_promo_codes_are_kept(admin, api, inbound):
    client = api(admin)
    made = client.post(
        f"{BASE}/tariffs",
        {"code": "m", "name_ru": "М", "name_en": "M", "days": 30, "inbounds": [inbound.pk]},
        format="json",
    ).json()
    assert (made["name"], made["inbounds"]) == ("M", [inbound.pk])
    own = f"{BASE}/tariffs/{made['id']}"
    assert client.patch(own, {"price_kopecks": 5}, format="json").json()["price_kopecks"] == 5
    assert Tariff.objects.get().inbounds.count() == 1
    taken = client.post(
        f"{BASE}/tariffs", {"code": "m", "name_ru": "x", "name_en": "x"}, format="json"
    )
    assert (taken.status_code, taken.json()["code"]) == (409, "code_taken")
    body = {"code": "half", "effect": "percent", "value": 50, "tariffs": ["m"]}
    promo = client.post(f"{BASE}/promo-codes", body, format="json").json()
    assert (promo["code"], promo["tariffs"]) == ("HALF", ["m"])
    PromoCode.objects.update(used_count=2)
    own = f"{BASE}/promo-codes/{promo['id']}"
    for bad in ({"value": 101}, {"most_uses": 1}, {"tariffs": ["none"]}, {"code": "a b"}):
        assert client.patch(own, bad, format="json").status_code == 400
    assert client.patch(own, {"is_active": False}, format="json").json()["is_active"] is False
    assert client.patch(f"{BASE}/tariffs/{uuid.uuid4()}", {}, format="json").status_code == 404


def test_only_a_superuser_turns_switches(admin, staff, api):
    body = {"site_name": "Shop", "vpn": {"configs_per_person": 9}}
    assert api(admin).patch(f"{BASE}/settings", body, format="json").status_code == 403
    assert not ShopSettings.objects.exists()
    changed = api(staff).patch(f"{BASE}/settings", body, format="json").json()
    assert (changed["site_name"], changed["vpn"]["configs_per_person"]) == ("Shop", 9)
    assert ShopSettings.objects.get().configs_per_person == 9


def test_panels_are_looked_after(admin, staff, api, sandbox, shop_panel):
    shop = shop_panel()
    client, url = api(admin), f"{BASE}/panels"
    (row,) = client.get(url).json()
    own = f"{url}/{row['id']}"
    assert client.post(f"{own}/test").json()["is_good"] is True
    report = client.post(f"{own}/reconcile", {"dry_run": True}, format="json").json()
    assert report["is_dry_run"] is True
    assert client.get(f"{own}/reports").status_code == 200
    (first, *_others) = client.get(f"{own}/inbounds").json()
    changed = client.patch(
        f"{own}/inbounds/{first['id']}", {"title": "Fast", "capacity": 5}, format="json"
    )
    assert (changed.json()["title"], changed.json()["capacity"]) == ("Fast", 5)
    assert client.patch(own, {"is_open": False}, format="json").status_code == 403
    assert api(staff).patch(own, {"is_open": False}, format="json").json()["is_open"] is False
    for text in (client.get(url).content, client.get(own).content):
        assert b"password" not in text
        assert b"sealed" not in text
    assert client.get(f"{url}/{uuid.uuid4()}").status_code == 404
    assert shop is not None


def test_programs_need_the_scope(owner, api, make_config, bearer_of):
    make_config(owner)
    assert bearer_of(owner, "vpn:read").get("/api/backend/v1/configs").status_code == 200
    assert bearer_of(owner, "profile:read").get("/api/backend/v1/configs").status_code == 403
    write = bearer_of(owner, "vpn:read").post(
        "/api/backend/v1/configs", {"protocol": "vless"}, format="json"
    )
    assert write.status_code == 403
    assert bearer_of(owner, "vpn-staff:read").get(URL).status_code == 403
    assert ApiToken.objects.count() == 4


@pytest.fixture
def bearer_of():
    from rest_framework.test import APIClient

    def carry(user, scope):
        client = APIClient()
        made = create_token(user=user, name=scope, scopes=[scope])
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {made.key}")
        return client

    return carry
