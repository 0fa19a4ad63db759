"""The API of customers: configs, the subscription, tariffs, gifts, news, requests."""

import uuid

import pytest
from django.utils import timezone

from vpnconfigs.models import Config, Device, News, PromoCode, Purchase, Request
from vpnconfigs.services.subscriptions import subscription_of
from vpnconfigs.tests.conftest import DAY

pytestmark = pytest.mark.django_db
BASE = "/api/backend/v1"
URL = f"{BASE}/configs"
SHAPE = {
    "id", "protocol", "name", "status", "valid_from_dttm", "valid_to_dttm", "traffic_limit_bytes",
    "traffic_used_bytes", "links", "subscription_url",
}  # fmt: skip


def refused(answer, status, code) -> bool:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    return True


def test_the_documented_shape(owner, api, inbound, tariff):
    client = api(owner)
    answer = client.post(URL, {"protocol": "vless", "name": "Phone"}, format="json")
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert set(body) >= SHAPE
    assert (body["protocol"], body["name"], body["status"]) == ("vless", "Phone", "provisioning")
    assert body["valid_to_dttm"].endswith("Z")
    assert body["links"][0].startswith("vless://")
    assert subscription_of(owner).token in body["subscription_url"]
    read = client.get(f"{URL}/{body['id']}")
    assert read.json() == body
    assert client.get(URL).json() == {"results": [body], "next": None, "previous": None}


def test_a_repeat_gets_the_first_answer(owner, api, inbound, make_tariff, pay_in, balance):
    make_tariff("paid", price_kopecks=100)
    pay_in(owner, 1000)
    client, body = api(owner), {"protocol": "vless", "tariff": "paid"}
    first, again = (
        client.post(URL, body, format="json", HTTP_IDEMPOTENCY_KEY="k") for _twice in range(2)
    )
    assert again.json() == first.json()
    assert again["Idempotent-Replayed"] == "true"
    other = client.post(URL, {"protocol": "trojan"}, format="json", HTTP_IDEMPOTENCY_KEY="k")
    assert refused(other, 422, "idempotency_key_reused")
    config = first.json()["id"]
    for _twice in range(2):
        renewed = client.post(f"{URL}/{config}/renew", {}, format="json", HTTP_IDEMPOTENCY_KEY="r")
        assert renewed.status_code == 200
    assert (balance(owner), Config.objects.count()) == (800, 1)
    assert Purchase.objects.count() == 2


def test_a_refused_key_may_be_used_again(owner, api, inbound, make_tariff, pay_in):
    make_tariff("paid", price_kopecks=100)
    client, body = api(owner), {"protocol": "vless", "tariff": "paid"}
    answer = client.post(URL, body, format="json", HTTP_IDEMPOTENCY_KEY="k")
    assert refused(answer, 422, "insufficient_balance")
    assert answer.json()["amount_kopecks"] == 100
    pay_in(owner, 100)
    assert client.post(URL, body, format="json", HTTP_IDEMPOTENCY_KEY="k").status_code == 201


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "invalid"),
        ({"protocol": "wireguard"}, 400, "invalid"),
        ({"protocol": "vless", "name": "x" * 65}, 400, "invalid"),
        ({"protocol": "vless", "name": "a\x00b"}, 400, "invalid"),
        ({"protocol": "vless", "tariff": "nothing"}, 400, "invalid"),
        ({"protocol": "vless", "tariff": "hidden"}, 400, "invalid"),
        ({"protocol": "vless", "country": "N1"}, 400, "invalid"),
        ({"protocol": "vless", "country": "SE"}, 409, "no_room"),
        ({"protocol": "vless", "promo_code": "NONE"}, 400, "invalid"),
        ([], 400, "invalid"),
    ],
)
def test_what_is_refused_makes_nothing(
    owner, api, inbound, tariff, make_tariff, body, status, code
):
    make_tariff("hidden", is_visible=False)
    assert refused(api(owner).post(URL, body, format="json"), status, code)
    assert not Config.objects.exists()


def test_details_carry_a_weak_tag(owner, api, make_config):
    config, client = make_config(owner), api(owner)
    first = client.get(f"{URL}/{config.pk}")
    tag = first["ETag"]
    assert tag.startswith('W/"')
    again = client.get(f"{URL}/{config.pk}", HTTP_IF_NONE_MATCH=tag)
    assert (again.status_code, again.content) == (304, b"")
    renamed = client.patch(f"{URL}/{config.pk}", {"name": "TV"}, format="json")
    assert renamed.json()["name"] == "TV"
    assert client.get(f"{URL}/{config.pk}", HTTP_IF_NONE_MATCH=tag).status_code == 200
    assert client.delete(f"{URL}/{config.pk}").status_code == 204
    assert client.get(f"{URL}/{config.pk}").status_code == 404
    assert client.get(URL).json()["results"] == []


def test_a_stranger_sees_nothing(owner, stranger, staff, api, make_config):
    config = make_config(owner)
    for person in (stranger, staff):
        client = api(person)
        assert client.get(URL).json()["results"] == []
        for call in (
            client.get(f"{URL}/{config.pk}"),
            client.patch(f"{URL}/{config.pk}", {"name": "x"}, format="json"),
            client.delete(f"{URL}/{config.pk}"),
            client.post(f"{URL}/{config.pk}/renew", {}, format="json"),
            client.post(f"{URL}/{config.pk}/move", {"country": "DE"}, format="json"),
            client.get(f"{URL}/{uuid.uuid4()}"),
        ):
            assert call.status_code == 404
    assert api().get(URL).status_code == 401
    config.refresh_from_db()
    assert (config.state, config.revision) == ("active", 1)


def test_a_list_costs_the_same_however_long(owner, api, make_config, statements):
    client = api(owner)
    costs = []
    for _more in range(2):
        for number in range(3):
            make_config(owner, name=f"Config {number}")
        with statements() as seen:
            rows = client.get(URL).json()["results"]
        costs.append(len(seen.asked))
    assert len(rows) == 6
    assert costs[0] == costs[1] <= 3
    page = client.get(f"{URL}?limit=4").json()
    assert len(page["results"] + client.get(page["next"]).json()["results"]) == 6


def test_moving_to_another_country(owner, api, make_config, make_inbound, switches):
    config, client = make_config(owner), api(owner)
    make_inbound(country="DE")
    assert client.get(f"{BASE}/countries").json() == ["DE", "NL"]
    url = f"{URL}/{config.pk}/move"
    assert client.post(url, {}, format="json").status_code == 400
    assert refused(client.post(url, {"country": "SE"}, format="json"), 409, "no_room")
    assert refused(client.post(url, {"country": "NL"}, format="json"), 409, "same_inbound")
    moved = client.post(url, {"country": "de"}, format="json").json()
    assert (moved["country"], moved["status"]) == ("DE", "provisioning")
    switches(has_country_choice=False)
    answer = client.post(url, {"country": "NL"}, format="json")
    assert refused(answer, 409, "no_country_choice")
    assert client.get(f"{BASE}/countries").json() == []


def test_what_is_on_offer(owner, api, inbound, make_tariff):
    make_tariff("hidden", is_visible=False)
    make_tariff("trial", is_trial=True, position=1)
    make_tariff("month", price_kopecks=1000, position=2)
    client = api(owner)
    offered = client.get(f"{BASE}/tariffs").json()
    assert [(row["code"], row["price_kopecks"]) for row in offered] == [
        ("trial", 0),
        ("month", 1000),
    ]
    client.post(URL, {"protocol": "vless", "tariff": "trial"}, format="json")
    assert [row["code"] for row in client.get(f"{BASE}/tariffs").json()] == ["month"]
    PromoCode.objects.create(code="HALF", effect="percent", value=50)
    url = f"{BASE}/promo-codes/check"
    terms = client.post(url, {"code": "half", "tariff": "month"}, format="json").json()
    assert terms == {
        "tariff": "month", "price_kopecks": 500, "discount_kopecks": 500, "days": 30,
    }  # fmt: skip
    bad = client.post(url, {"code": "x", "tariff": "month"}, format="json")
    assert bad.json()["errors"][0]["field"] == "promo_code"


def test_gifts_and_referrals(owner, stranger, api, inbound, make_tariff, pay_in, switches):
    switches(has_referrals=True)
    make_tariff("month", price_kopecks=1000)
    pay_in(owner, 1000)
    giver, taker = api(owner), api(stranger)
    gift = giver.post(f"{BASE}/gifts", {"tariff": "month"}, format="json").json()
    code = giver.get(f"{BASE}/referral").json()["code"]
    brought = taker.post(f"{BASE}/referral", {"code": code}, format="json")
    assert brought.status_code == 204
    assert giver.get(f"{BASE}/referral").json()["brought_count"] == 1
    url = f"{BASE}/gifts/redeem"
    taken = taker.post(url, {"code": gift["code"]}, format="json")
    assert (taken.status_code, taken.json()["status"]) == (201, "provisioning")
    assert refused(taker.post(url, {"code": gift["code"]}, format="json"), 422, "gift_unknown")
    assert giver.get(f"{BASE}/gifts").json()["results"][0]["is_taken"] is True
    assert taker.get(f"{BASE}/gifts").json()["results"] == []


def test_the_subscription(owner, stranger, api):
    client = api(owner)
    body = client.get(f"{BASE}/subscription").json()
    link = subscription_of(owner)
    assert link.token in body["url"]
    device = Device.objects.create(
        subscription=link, hwid="h", model="Pixel", last_seen_at=timezone.now()
    )
    assert [row["model"] for row in client.get(f"{BASE}/subscription/devices").json()] == ["Pixel"]
    url = f"{BASE}/subscription/devices/{device.pk}"
    assert api(stranger).delete(url).status_code == 404
    assert client.delete(url).status_code == 204
    assert client.delete(url).status_code == 404
    renewed = client.post(f"{BASE}/subscription/renew").json()
    assert renewed["url"] != body["url"]
    assert renewed["devices"] == []


def test_news_are_read(owner, api):
    now = timezone.now()
    for number, state in enumerate(("draft", "published", "published", "scheduled")):
        News.objects.create(
            title_ru=f"Новость {number}",
            title_en=f"News {number}",
            text_ru="**Привет** <script>alert(1)</script> [x](javascript:alert(1))",
            state=state,
            is_pinned=number == 1,
            published_at=now + number * DAY if state == "published" else None,
            publish_at=now + DAY,
        )
    client = api(owner)
    rows = client.get(f"{BASE}/news").json()["results"]
    assert [(row["title"], row["is_read"]) for row in rows] == [
        ("News 1", False),
        ("News 2", False),
    ]
    assert "<strong>Привет</strong>" in rows[0]["html"]
    assert "<script" not in rows[0]["html"]
    assert "javascript:" not in rows[0]["html"].replace("[x](javascript:alert(1))", "")
    for _twice in range(2):
        assert client.post(f"{BASE}/news/{rows[0]['id']}/read").status_code == 204
    draft = News.objects.get(state="draft")
    assert client.post(f"{BASE}/news/{draft.pk}/read").status_code == 404
    page = client.get(f"{BASE}/news?limit=1").json()
    assert page["results"][0]["is_read"] is True
    assert client.get(page["next"]).json()["results"][0]["title"] == "News 2"


def test_requests_and_their_conversation(owner, stranger, api, make_config, make_tariff):
    make_tariff("asked", is_self_service=False)
    client, url = api(owner), f"{BASE}/requests"
    asked = client.post(
        url, {"tariff": "asked", "protocol": "trojan", "text": "Please"}, format="json"
    ).json()
    assert (asked["kind"], asked["state"], asked["tariff"]) == ("access", "open", "asked")
    again = client.post(url, {"tariff": "asked"}, format="json")
    assert refused(again, 409, "request_open")
    assert client.post(url, {"kind": "renewal"}, format="json").status_code == 400
    foreign = {"kind": "renewal", "config": str(make_config(stranger).pk)}
    assert client.post(url, foreign, format="json").status_code == 404
    own = f"{url}/{asked['id']}"
    said = client.post(f"{own}/messages", {"text": "Hello?"}, format="json")
    assert said.status_code == 201
    words = [row["text"] for row in client.get(f"{own}/messages").json()["results"]]
    assert words == ["Please", "Hello?"]
    other = api(stranger)
    assert other.get(url).json()["results"] == []
    for call in (
        other.get(own),
        other.post(f"{own}/withdraw"),
        other.post(f"{own}/read"),
        other.get(f"{own}/messages"),
        other.post(f"{own}/messages", {"text": "x"}, format="json"),
    ):
        assert call.status_code == 404
    Request.objects.update(is_unread_by_user=True)
    assert client.get(own).json()["is_unread"] is True
    assert client.post(f"{own}/read").status_code == 204
    assert client.get(own).json()["is_unread"] is False
    assert client.post(f"{own}/withdraw").json()["state"] == "withdrawn"
    assert refused(client.post(f"{own}/withdraw"), 409, "request_decided")
    assert len(client.get(url).json()["results"]) == 1


def test_a_tariff_of_the_staff_is_asked_for_by_the_same_call(owner, api, make_tariff):
    make_tariff("asked", is_self_service=False)
    answer = api(owner).post(URL, {"protocol": "vless", "tariff": "asked"}, format="json")
    assert (answer.status_code, answer.json()["status"]) == (201, "requested")
    assert answer.json()["links"] == []
    assert Request.objects.count() == 1
