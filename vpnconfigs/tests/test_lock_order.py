"""Locks of the VPN shop take one row each, or two who need two wait for each other."""

import pytest
from django.utils import timezone

from vpnconfigs.models import Inbound, Panel
from vpnconfigs.selectors.locks import lock_inbound

pytestmark = pytest.mark.django_db


def test_locking_an_inbound_leaves_its_panel_alone(django_assert_num_queries):
    panel = Panel.objects.create(name="p", url="https://panel.example")
    inbound = Inbound.objects.create(
        panel=panel,
        external_id=1,
        protocol="vless",
        network="tcp",
        security="none",
        port=443,
        mirrored_at=timezone.now(),
    )
    with django_assert_num_queries(1) as asked:
        assert lock_inbound(inbound.pk) == inbound
    sql = asked.captured_queries[0]["sql"]
    assert "FOR NO KEY UPDATE" in sql
    assert "vpnconfigs_panel" not in sql
