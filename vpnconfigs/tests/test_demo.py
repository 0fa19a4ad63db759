"""The demo's VPN shop, loaded once, again, and beside a panel that does not answer."""

import pytest

from config.lib.demo import Stage
from vpnconfigs import demo
from vpnconfigs.models import Inbound, News, Panel, PromoCode, Tariff

pytestmark = pytest.mark.django_db


@pytest.fixture
def stage(sandbox, settings):
    settings.XUI_ALLOWED_HOSTS = [f"127.0.0.1:{sandbox.port}"]
    return Stage(sandbox.url)


def counts():
    return [model.objects.count() for model in (Panel, Inbound, Tariff, News, PromoCode)]


def test_a_panel_of_each_generation_is_sold_from(stage):
    assert demo.seed(stage) == []
    panels = Panel.objects.order_by("name")
    assert [(p.name, p.country, p.generation, p.state) for p in panels] == [
        ("amsterdam", "NL", "g2", "up"),
        ("frankfurt", "DE", "g3a", "up"),
        ("helsinki", "FI", "g3b", "up"),
    ]
    sold = Inbound.objects.filter(is_sold=True, panel__name="helsinki").values_list("title")
    assert {title for (title,) in sold} == {
        "Финляндия · Reality",
        "Финляндия · WebSocket",
        "Финляндия · Trojan",
    }
    start = Tariff.objects.get(code="start")
    assert (start.days, start.price_kopecks, start.is_self_service) == (30, 0, True)


def test_a_second_load_changes_nothing_that_people_have_changed(stage):
    demo.seed(stage)
    before = counts()
    assert before == [3, 18, 4, 2, 1]
    Tariff.objects.filter(code="month").update(price_kopecks=100)
    Inbound.objects.update(is_sold=False)
    demo.seed(stage)
    assert counts() == before
    assert Tariff.objects.get(code="month").price_kopecks == 100
    assert not Inbound.objects.filter(is_sold=True).exists()


def test_a_panel_that_is_down_holds_nothing_up(stage, sandbox):
    sandbox.control("xui/panels", {"name": "amsterdam", "generation": "g2"})
    sandbox.control("xui/panels/amsterdam/power", {"on": False})
    demo.seed(stage)
    assert Panel.objects.get(name="amsterdam").state != "up"
    assert Inbound.objects.filter(is_sold=True).count() == 6
    sandbox.control("xui/panels/amsterdam/power", {"on": True})
    demo.seed(stage)
    assert Inbound.objects.filter(is_sold=True).count() == 9
