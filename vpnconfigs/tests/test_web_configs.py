"""``/configs`` and the pages of one config, as a customer's browser sees them."""

import re
import uuid

import pytest
from django.utils import timezone

from vpnconfigs.models import Config, Device, Panel, PromoCode, Purchase, Request
from vpnconfigs.services.subscriptions import subscription_of
from vpnconfigs.tests.conftest import DAY, GB

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor(page, owner):
    return page(owner)


def text_of(answer, status=200):
    assert answer.status_code == status, answer.content[:2000]
    return " ".join(answer.content.decode().replace("\xa0", " ").split())


def order(visitor, tariff, **fields):
    return visitor.post("/configs/new", {"tariff": str(tariff.pk), **fields})


def test_who_has_nothing_is_shown_the_way(visitor):
    text = text_of(visitor.get("/configs"))
    assert "Your first config is two taps away" in text
    assert 'href="/configs/new"' in text
    assert "Your subscription" not in text


def test_a_free_tariff_is_taken_at_once_and_only_once(visitor, owner, inbound, tariff):
    text = text_of(visitor.get("/configs/new"))
    assert "10.0 GB" in text
    assert "30 days" in text
    key = uuid.uuid4().hex
    made, again = (order(visitor, tariff, name="Phone", key=key) for _ in range(2))
    config = Config.objects.get()
    assert made.status_code == again.status_code == 302
    assert made["Location"] == again["Location"] == f"/configs/{config.pk}"
    assert (config.user, config.name, config.state) == (owner, "Phone", "provisioning")
    text = text_of(visitor.get(f"/configs/{config.pk}"))
    assert "Being set up" in text
    assert "vless://" in text
    assert "data:image/svg+xml" in text
    assert f"/sub/{subscription_of(owner).token}" in text


def test_what_is_given_by_staff_becomes_a_request(visitor, owner, make_tariff, make_config):
    tariff = make_tariff("company", is_self_service=False)
    assert "on request" in text_of(visitor.get("/configs/new"))
    assert order(visitor, tariff)["Location"] == "/configs"
    assert Request.objects.get().tariff == tariff
    text = text_of(visitor.get("/configs"))
    assert "Asked for" in text
    assert "We tell you as soon as it is decided" in text
    # There is nothing to scan yet; once there is, the open page brings all of itself anew.
    assert not re.search("Your subscription|Traffic|Set up a device", text)
    live = re.search(r'hx-get="(/configs/live[^"]+)"', text)[1].replace("&amp;", "&")
    assert visitor.get(live).status_code == 204
    make_config(owner)
    assert visitor.get(live)["HX-Refresh"] == "true"
    assert "Your subscription" in text_of(visitor.get("/configs"))


def test_a_refused_order_keeps_what_was_typed(visitor, inbound, make_tariff):
    tariff = make_tariff("paid", price_kopecks=9900)
    text = text_of(order(visitor, tariff, name="Mum's phone", promo_code="NOPE"), 400)
    assert "There is no such promo code." in text
    assert 'value="NOPE"' in text
    assert 'value="Mum&#x27;s phone"' in text
    assert f'value="{tariff.pk}" checked' in text
    poor = text_of(order(visitor, tariff), 422)
    assert "99 ₽ are missing in your wallet." in poor
    assert text_of(visitor.post("/configs/new", {"tariff": "x", "name": "n"}), 400)
    assert not Config.objects.exists()


def test_the_price_follows_the_choice(visitor, owner, make_tariff, pay_in):
    tariff = make_tariff("paid", price_kopecks=10_000)
    PromoCode.objects.create(code="HALF", effect="percent", value=50)
    PromoCode.objects.create(code="WEEK", effect="days", value=7)
    pay_in(owner, 5_000)
    ask = {"tariff": str(tariff.pk)}
    assert "50 ₽ are missing" in text_of(visitor.get("/configs/new/price", ask))
    half = text_of(visitor.get("/configs/new/price", {**ask, "promo_code": "half"}))
    assert "<strong>50 ₽</strong>" in half
    assert "missing" not in half
    assert "37 days" in text_of(visitor.get("/configs/new/price", {**ask, "promo_code": "WEEK"}))
    assert "no such promo code" in text_of(
        visitor.get("/configs/new/price", {**ask, "promo_code": "?"})
    )
    assert text_of(visitor.get("/configs/new/price", {"tariff": "\x00"})) == ""


@pytest.mark.parametrize(
    ("fields", "panel", "words"),
    [
        ({}, "up", ["Works", "in 20 days"]),
        ({"valid_to": 0.5}, "up", ["Ends soon", "Renew"]),
        ({"valid_to": -1, "state": "expired"}, "up", ["Ended", "1 day ago"]),
        ({"used_down_bytes": 10 * GB}, "up", ["Traffic used up", 'value="100"']),
        ({"used_down_bytes": 9 * GB}, "up", ["traffic-high", "9.0 GB"]),
        ({"is_online": True}, "up", ["connected now"]),
        ({"state": "suspended", "suspended_reason": "Spam"}, "up", ["Suspended", "Spam"]),
        ({"state": "provisioning"}, "up", ["Being set up", "a few seconds"]),
        ({"state": "provisioning"}, "down", ["is ready as soon as the server is back"]),
        ({}, "refused", ["Your config keeps working"]),
        ({}, "xray_down", ["This server is out of order"]),
        ({"revision": 2}, "up", ["on its way to the server"]),
        ({"valid_to": None, "traffic_limit_bytes": 0}, "up", ["never", "without limit"]),
    ],
)
def test_a_card_says_how_a_config_is(visitor, owner, make_config, fields, panel, words):
    if fields.get("valid_to") is not None:
        fields = {**fields, "valid_to": timezone.now() + DAY * fields["valid_to"]}
    config = make_config(owner, **fields)
    Panel.objects.update(state=panel)
    for path in ("/configs", f"/configs/{config.pk}"):
        text = text_of(visitor.get(path))
        assert [word for word in words if word not in text] == [], path


def test_what_is_live_is_sent_only_when_it_changed(visitor, owner, make_config):
    config = make_config(owner, state="provisioning", synced_revision=0)
    for path, name in (("/configs/live", "configs"), (f"/configs/{config.pk}/live", "config")):
        Config.objects.update(state="provisioning", synced_revision=0)
        first = visitor.get(path)
        assert 'hx-trigger="tick from:body"' in text_of(first)
        version = first.context["version"]
        assert visitor.get(path, {"version": version}).status_code == 204, name
        Config.objects.update(state="active", synced_revision=1)
        changed = text_of(visitor.get(path, {"version": version}))
        assert "Works" in changed
        # Nothing more to wait for: it is asked for seldom.
        assert 'hx-trigger="slowtick from:body"' in changed


def test_another_ones_config_is_not_there(page, owner, stranger, make_config):
    config = make_config(owner)
    visitor = page(stranger)
    base = f"/configs/{config.pk}"
    posts = ("name", "renew", "move", "delete")
    answers = [visitor.get(base), visitor.get(f"{base}/live"), visitor.get(f"{base}/price")]
    answers += [visitor.post(f"{base}/{deed}", {"confirmation": config.name}) for deed in posts]
    assert {answer.status_code for answer in answers} == {404}
    assert text_of(visitor.get(f"/configs/{uuid.uuid4()}"), 404).startswith("<!doctype html>")
    config.refresh_from_db()
    assert (config.state, config.revision) == ("active", 1)


def test_it_is_renamed(visitor, owner, make_config):
    config = make_config(owner)
    assert visitor.post(f"/configs/{config.pk}/name", {"name": " New \n one "}).status_code == 302
    config.refresh_from_db()
    assert config.name == "New one"
    text = text_of(visitor.post(f"/configs/{config.pk}/name", {"name": " "}), 400)
    assert "This field is required." in text


def test_it_is_renewed_at_one_tap_once(visitor, owner, make_config, make_tariff, pay_in, balance):
    config = make_config(owner, tariff=make_tariff("paid", price_kopecks=9900))
    assert "Renew for 99 ₽" not in text_of(visitor.get("/configs"))
    pay_in(owner, 20_000)
    assert "Renew for 99 ₽" in text_of(visitor.get("/configs"))
    for _ in range(2):
        assert visitor.post(f"/configs/{config.pk}/renew", {"key": "one"}).status_code == 302
    before = config.valid_to
    config.refresh_from_db()
    assert config.valid_to == before + 30 * DAY
    assert balance(owner) == 10_100
    text = text_of(visitor.get(f"/configs/{config.pk}"))
    assert "“Phone” is renewed." in text
    assert "Renewal" in text


def test_a_renewal_that_is_refused_says_why(visitor, owner, make_config, make_tariff):
    paid = make_tariff("paid", price_kopecks=9900)
    config = make_config(owner, tariff=paid)
    url = f"/configs/{config.pk}/renew"
    text = text_of(visitor.post(url, {"promo_code": "NOPE"}), 400)
    assert "There is no such promo code." in text
    assert 'value="NOPE"' in text
    assert visitor.post(url, {"tariff": "nonsense"}).status_code == 400
    assert visitor.post(url, {}).status_code == 422
    assert not Purchase.objects.exists()
    asked = make_tariff("asked", is_self_service=False)
    answer = visitor.post(url, {"tariff": str(asked.pk)})
    assert answer["Location"] == f"/requests/{Request.objects.get(kind='renewal').pk}"


def test_after_a_trial_a_tariff_is_chosen(visitor, owner, make_config, make_tariff, tariff):
    trial = make_tariff("trial", is_trial=True, position=5)
    config = make_config(owner, tariff=trial, is_trial=True)
    page = visitor.get(f"/configs/{config.pk}")
    assert page.context["tariffs"] == [tariff]
    assert f'href="/configs/{config.pk}#renew"' in text_of(visitor.get("/configs"))
    assert visitor.post(f"/configs/{config.pk}/renew", {"key": "k"}).status_code == 302
    config.refresh_from_db()
    assert (config.tariff, config.is_trial) == (tariff, False)


def test_it_moves_to_where_there_is_room(visitor, owner, make_config, make_inbound, switches):
    config = make_config(owner)
    there = make_inbound(country="DE")
    text = text_of(visitor.get(f"/configs/{config.pk}"))
    assert "Germany" in text
    assert visitor.post(f"/configs/{config.pk}/move", {"country": "FI"}).status_code == 400
    assert visitor.post(f"/configs/{config.pk}/move", {"country": "DE"}).status_code == 302
    config.refresh_from_db()
    assert (config.inbound, config.state) == (there, "provisioning")
    switches(has_country_choice=False)
    assert "/move" not in text_of(visitor.get(f"/configs/{config.pk}"))


def test_it_is_deleted_by_its_name(visitor, owner, make_config):
    config = make_config(owner)
    text = text_of(visitor.post(f"/configs/{config.pk}/delete", {"confirmation": "phone"}), 400)
    assert "This is not the name." in text
    answer = visitor.post(f"/configs/{config.pk}/delete", {"confirmation": "Phone"})
    assert answer["Location"] == "/configs"
    config.refresh_from_db()
    assert config.state == "deleted"
    assert visitor.get(f"/configs/{config.pk}").status_code == 404


def test_the_address_and_the_devices(page, visitor, owner, stranger, make_config):
    make_config(owner)
    link = subscription_of(owner)
    device = Device.objects.create(
        subscription=link, hwid="h", model="Pixel <9>", last_seen_at=timezone.now()
    )
    text = text_of(visitor.get("/configs"))
    assert f"/sub/{link.token}" in text
    assert "Pixel &lt;9&gt;" in text
    url = f"/configs/devices/{device.pk}/remove"
    assert page(stranger).post(url).status_code == 404
    assert visitor.post(url)["Location"] == "/configs"
    assert visitor.post(url).status_code == 404
    assert visitor.post("/configs/address")["Location"] == "/configs"
    assert f"/sub/{link.token}" not in text_of(visitor.get("/configs"))


def test_the_list_costs_the_same_for_one_and_many(
    visitor, owner, make_config, django_assert_max_num_queries
):
    make_config(owner)
    visitor.get("/configs")
    with django_assert_max_num_queries(12) as one:
        visitor.get("/configs")
    cost = len(one.captured_queries)
    for _ in range(4):
        make_config(owner)
    # The switches of the site and of the shop may just be read anew.
    with django_assert_max_num_queries(cost + 2):
        visitor.get("/configs")


def test_strangers_sign_in_first(page, make_config, owner):
    config = make_config(owner)
    for path in ("/configs", "/configs/new", f"/configs/{config.pk}", "/requests", "/gifts"):
        assert page().get(path)["Location"] == f"/login?next={path}"
