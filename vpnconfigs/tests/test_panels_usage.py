"""Usage only grows: whatever becomes of a panel's counters, nothing shrinks or counts twice."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from vpnconfigs.models import Config
from vpnconfigs.services import reconciling, syncing, usage
from vpnconfigs.signals import configs_depleted, usage_crossed
from vpnconfigs.tests.panels import TROJAN, change, make_config

State = Config.State


@pytest.fixture
def heard():
    """What the signals of usage have said: ``(percent or "depleted", config ids)``."""
    found = []

    def crossed(config_ids, percent, **_):
        found.append((percent, config_ids))

    def depleted(config_ids, **_):
        found.append(("depleted", config_ids))

    usage_crossed.connect(crossed)
    configs_depleted.connect(depleted)
    yield found
    usage_crossed.disconnect(crossed)
    configs_depleted.disconnect(depleted)


@pytest.fixture
def config(panel):
    made = make_config(panel, traffic_limit_bytes=1000)
    syncing.sync_due()
    made.refresh_from_db()
    return made


def use(panel, config, *, up=0, down=0):
    """Let a customer use the VPN, and read it."""
    panel.play("traffic", email=config.email, up=up, down=down)
    panel.play("tick")
    reconciling.reconcile_due()
    config.refresh_from_db()


def test_traffic_and_presence_are_read(panel, config):
    use(panel, config, up=30, down=40)
    assert (config.used_up_bytes, config.used_down_bytes) == (30, 40)
    assert config.is_online
    assert abs(config.last_online_at - timezone.now()) < timedelta(minutes=2)
    first = config.first_online_at
    panel.play("tick")
    reconciling.reconcile_due()
    config.refresh_from_db()
    assert (config.is_online, config.used_bytes, config.first_online_at) == (False, 70, first)


def test_resets_and_restarts_of_others_neither_shrink_nor_double(panel, config):
    use(panel, config, up=100, down=200)
    panel.play("backup")
    use(panel, config, up=10, down=10)
    panel.play("restart", seconds=0)
    use(panel, config)
    assert config.used_bytes == 320
    panel.play("restore")
    use(panel, config)
    assert config.used_bytes == 320
    use(panel, config, up=5)
    assert config.used_bytes == 325
    # Somebody resets the counters in the panel: it would let the customer use all of it again.
    panel.connect().reset_traffic(config.inbound.external_id, config.email)
    reconciling.reconcile_due()
    use(panel, config, down=15)
    assert config.used_bytes == 340
    (stored,) = panel.stored(config.email)
    left = stored["totalGB"] - stored["stats"]["up"] - stored["stats"]["down"]
    assert left == 1000 - 340


def test_who_used_all_is_switched_off_and_a_renewal_begins_anew(panel, config, heard):
    use(panel, config, up=800)
    assert heard == [(80, [config.pk])]
    use(panel, config, up=160)
    use(panel, config, up=1)
    assert heard[1:] == [(95, [config.pk])]
    use(panel, config, down=100)
    assert heard[2:] == [(100, [config.pk]), ("depleted", [config.pk])]
    assert (config.state, config.is_synced) == (State.DEPLETED, True)
    (stored,) = panel.stored(config.email)
    assert not stored["enable"]
    change(
        config,
        state=State.ACTIVE,
        wanted_reset=1,
        earlier_bytes=config.used_bytes,
        used_up_bytes=0,
        used_down_bytes=0,
    )
    syncing.sync_due()
    config.refresh_from_db()
    (stored,) = panel.stored(config.email)
    assert (stored["enable"], stored["stats"]["enable"], stored["totalGB"]) == (True, True, 1000)
    assert (stored["stats"]["up"], config.done_reset, config.panel_up_bytes) == (0, 1, 0)
    use(panel, config, up=5)
    assert (config.used_bytes, config.earlier_bytes, config.state) == (5, 1061, State.ACTIVE)


def test_a_suspended_config_stays_off_when_its_counters_are_reset(panel, config):
    use(panel, config, up=10)
    change(config, state=State.SUSPENDED, wanted_reset=1)
    syncing.sync_due()
    (stored,) = panel.stored(config.email)
    assert (stored["enable"], stored["stats"]["up"]) == (False, 0)


def test_a_thousand_counters_cost_one_statement(shop_panel, monkeypatch):
    panel = shop_panel("g3b")
    configs = [make_config(panel) for _ in range(4)]
    configs.append(make_config(panel, protocol=TROJAN))
    syncing.sync_due()
    sync = syncing.PanelSync(panel.row, panel.connect())

    def read_gains(*, among):
        for config in among:
            panel.play("traffic", email=config.email, up=7)
        panel.play("tick")
        with CaptureQueriesContext(connection) as queries:
            sync.read()
        return len(queries)

    assert read_gains(among=configs) == read_gains(among=configs[:1])
    assert set(Config.objects.values_list("used_up_bytes", flat=True)) == {7, 14}
    # In several statements where there are more than that.
    monkeypatch.setattr(usage, "BATCH", 2)
    read_gains(among=configs[1:])
    assert set(Config.objects.values_list("used_up_bytes", flat=True)) == {14}
