"""``/configs`` and the pages of one config, as a customer's browser sees them."""

import uuid

import pytest

from vpnconfigs.models import Config

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor(page, owner):
    return page(owner)


def text_of(answer, status=200):
    assert answer.status_code == status, answer.content[:2000]
    return " ".join(answer.content.decode().split())


def test_who_has_nothing_is_shown_the_way(visitor):
    text = text_of(visitor.get("/configs"))
    assert "Your first config is two taps away" in text
    assert 'href="/configs/new"' in text
    assert "Your subscription" not in text


def test_a_free_tariff_is_taken_at_once(visitor, owner, inbound, tariff):
    text = text_of(visitor.get("/configs/new"))
    assert "10.0 GB" in text
    assert "30 days" in text
    key = uuid.uuid4().hex
    body = {"tariff": str(tariff.pk), "name": "Phone", "key": key}
    made = visitor.post("/configs/new", body)
    again = visitor.post("/configs/new", body)
    config = Config.objects.get()
    assert made.status_code == again.status_code == 302
    assert made["Location"] == again["Location"] == f"/configs/{config.pk}"
    assert (config.user, config.name, config.state) == (owner, "Phone", "provisioning")
    text = text_of(visitor.get(f"/configs/{config.pk}"))
    assert "Being set up" in text
    assert "vless://" in text
    assert "data:image/svg+xml" in text
