"""QR codes: of what exactly, and for whom."""

import io

import pytest
import segno
from PIL import Image

from vpnconfigs.links.qr import render_qr
from vpnconfigs.models import Config
from vpnconfigs.selectors.links import links_of
from vpnconfigs.services.subscriptions import subscription_of, subscription_url
from vpnconfigs.tests.mirrored import make_config, make_inbound

pytestmark = pytest.mark.django_db


@pytest.fixture
def config(owner):
    return make_config(owner, make_inbound())


def drawn(text, kind):
    out = io.BytesIO()
    scale = {"svg": 6, "png": 8}[kind]
    segno.make_qr(text, error="l").save(
        out, kind=kind, scale=scale, border=4, dark="#000", light="#fff"
    )
    return out.getvalue()


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_the_owner_gets_the_exact_link_and_the_address(page, owner, config, kind):
    client = page(owner)
    wanted = {
        f"/configs/{config.pk}/qr.{kind}": links_of(config)[0],
        f"/account/subscription/qr.{kind}": subscription_url(subscription_of(owner)),
    }

    for path, text in wanted.items():
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.content == drawn(text, kind)
        assert answer["Content-Type"] == {"svg": "image/svg+xml", "png": "image/png"}[kind]
        assert answer["Cache-Control"] == "private, no-store"
        if kind == "png":
            width, height = Image.open(io.BytesIO(answer.content)).size
            assert width == height > 200


def test_nobody_else_does(page, client, stranger, staff, owner, config):
    path = f"/configs/{config.pk}/qr.svg"

    assert page(stranger).get(path).status_code == 404
    assert page(staff).get(path).status_code == 404
    anonymous = client.get(path)
    assert (anonymous.status_code, anonymous["Location"][:6]) == (302, "/login")
    assert client.get("/account/subscription/qr.png").status_code == 302


@pytest.mark.parametrize("fields", [{"state": Config.State.DELETED}, {"protocol": "trojan"}])
def test_a_config_without_a_link_has_none(page, owner, config, fields):
    if "protocol" in fields:
        config.inbound.protocol = "shadowsocks"
        config.inbound.mirrored_at = config.created_at
        config.inbound.save()
    Config.objects.filter(pk=config.pk).update(**fields)

    assert page(owner).get(f"/configs/{config.pk}/qr.svg").status_code == 404


def test_the_longest_links_still_fit():
    # A post-quantum key in `pqv` takes 2,600 characters of base64.
    assert render_qr("vless://" + "k" * 2_900, kind="svg").startswith(b"<?xml")
