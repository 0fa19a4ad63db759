"""What the shop wants comes to the panel, and only once, whatever goes wrong on the way."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from integrations.xui.client import panel_client
from vpnconfigs.models import Config, Inbound, Panel, Removal
from vpnconfigs.services import syncing
from vpnconfigs.signals import configs_activated
from vpnconfigs.tests.panels import TROJAN, VLESS, change, delete, make_config

State = Config.State
GB = 2**30


@pytest.fixture
def heard():
    """What the signal of new configs has said."""
    found = []

    def hear(config_ids, **_):
        found.append(config_ids)

    configs_activated.connect(hear)
    yield found
    configs_activated.disconnect(hear)


@pytest.mark.parametrize("protocol", [VLESS, TROJAN])
def test_a_config_lives_on_its_panel_from_its_purchase_to_its_end(panel, protocol, heard):
    config = make_config(panel, protocol=protocol, traffic_limit_bytes=5 * GB, ip_limit=2)
    assert syncing.sync_due() == 1
    config.refresh_from_db()
    assert (config.state, config.is_synced, config.sync_error_code) == (State.ACTIVE, True, "")
    assert config.synced_at is not None
    assert heard == [[config.pk]]
    (stored,) = panel.stored(config.email)
    assert stored["id" if protocol == VLESS else "password"] == config.secret
    assert (stored["totalGB"], stored["limitIp"], stored["enable"]) == (5 * GB, 2, True)
    assert stored["expiryTime"] == round(config.valid_to.timestamp() * 1000)
    assert stored["flow"] == ("xtls-rprx-vision" if protocol == VLESS else "")
    since = config.synced_at

    change(config, state=State.SUSPENDED, ip_limit=0)
    syncing.sync_due()
    (stored,) = panel.stored(config.email)
    assert (stored["enable"], stored["limitIp"]) == (False, 0)
    config.refresh_from_db()
    assert (config.state, config.synced_at, len(heard)) == (State.SUSPENDED, since, 1)

    delete(config)
    assert syncing.sync_due() == 1
    assert panel.stored(config.email) == []
    assert Removal.objects.get().done_at is not None
    assert syncing.sync_due() == 0


def test_nothing_due_costs_no_call(panel):
    make_config(panel)
    panel.settle()
    before = len(panel.calls("*"))
    assert syncing.sync_due() == 0
    assert len(panel.calls("*")) == before


def test_many_changes_of_a_panel_cost_two_readings(panel):
    for _ in range(5):
        make_config(panel)
    for _ in range(2):
        make_config(panel, protocol=TROJAN)
    before = len(panel.calls("listInbounds"))
    assert syncing.sync_due() == 7
    assert len(panel.calls("listInbounds")) == before + 2
    assert len(panel.calls("addClient")) == 7


def test_what_the_panel_holds_already_is_taken_over_without_a_write(panel):
    config = make_config(panel)
    syncing.sync_due()
    writes = len(panel.calls("updateClient"))
    change(config)
    assert syncing.sync_due() == 1
    assert len(panel.calls("updateClient")) == writes


def test_a_change_while_we_write_is_not_taken_for_synced(panel, monkeypatch):
    config = make_config(panel)
    client = panel_client(panel.url, panel.credentials)
    add = type(client).add_client

    def add_and_be_overtaken(self, *args):
        add(self, *args)
        change(config, ip_limit=7)

    monkeypatch.setattr(type(client), "add_client", add_and_be_overtaken)
    syncing.sync_panel(panel.pk)
    monkeypatch.undo()
    panel.settle()
    assert panel.stored(config.email)[0]["limitIp"] == 7


def test_the_flow_is_the_inbounds_usual_one_but_who_was_there_before_keeps_his(panel):
    ours, adopted = make_config(panel, flow=""), make_config(panel, flow="", is_adopted=True)
    assert syncing.sync_due() == 2
    for config, flow in ((ours, "xtls-rprx-vision"), (adopted, "")):
        config.refresh_from_db()
        assert (config.flow, panel.stored(config.email)[0]["flow"]) == (flow, flow)


CUTS = {
    "refused": {"do": "error", "error": "xray: port is busy"},
    "no answer, not done": {"do": "timeout_before", "seconds": 2},
    "no answer, done": {"do": "timeout_after", "seconds": 2},
    "502, not done": {"do": "status", "status": 502},
    "502, done": {"do": "error", "error": "bad_gateway"},
    "locked": {"do": "error", "error": "database is locked"},
}


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
def test_a_cut_leaves_one_right_client_within_three_ticks(panel, cut):
    """Create, renew and delete, each cut once at each of its calls."""
    config = make_config(panel, traffic_limit_bytes=GB)
    for call in ("listInbounds", "addClient"):
        panel.sandbox.fault(f"xui.{call}", times=1, **cut)
    panel.settle()
    _stands_right(panel, config, total=GB)

    panel.play("traffic", email=config.email, up=GB, down=1)
    panel.play("tick")
    panel.settle()
    config.refresh_from_db()
    assert config.state == State.DEPLETED
    for call in ("resetTraffic", "updateClient"):
        panel.sandbox.fault(f"xui.{call}", times=1, **cut)
    later = timezone.now() + timedelta(days=60)
    reset = config.wanted_reset + 1
    change(
        config,
        state=State.ACTIVE,
        valid_to=later,
        wanted_reset=reset,
        used_up_bytes=0,
        used_down_bytes=0,
        earlier_bytes=config.used_bytes,
    )
    panel.settle()
    config.refresh_from_db()
    _stands_right(panel, config, total=GB)
    assert (config.done_reset, config.used_bytes) == (reset, 0)

    delete(config)
    panel.sandbox.fault("xui.deleteClient", times=1, **cut)
    panel.settle()
    assert panel.ours() == {}
    assert panel.unsynced() == 0


def _stands_right(panel, config, *, total):
    config.refresh_from_db()
    assert config.is_synced, (config.sync_error_code, config.sync_error)
    assert config.state == State.ACTIVE
    (stored,) = panel.stored(config.email)
    assert (stored["totalGB"], stored["enable"], stored["stats"]["enable"]) == (total, True, True)
    assert stored["expiryTime"] == round(config.valid_to.timestamp() * 1000)
    assert stored["stats"]["up"] == 0


def test_a_refused_config_waits_longer_each_time_and_does_not_stop_the_others(shop_panel):
    panel = shop_panel("g2")
    stranger = make_config(panel, email="taken")
    syncing.sync_due()
    Config.objects.filter(pk=stranger.pk).update(state=State.DELETED)
    config = make_config(panel, protocol=TROJAN, email="TAKEN")
    other = make_config(panel, protocol=TROJAN)
    waits = []
    for _ in range(3):
        Config.objects.filter(pk=config.pk).update(sync_not_before=None)
        syncing.sync_due()
        config.refresh_from_db()
        assert (config.sync_error_code, config.is_synced) == ("taken", False)
        waits.append(round((config.sync_not_before - timezone.now()).total_seconds(), -1))
    assert waits == [30, 60, 120]
    assert config.sync_attempts == 3
    other.refresh_from_db()
    assert other.is_synced
    adds = len(panel.calls("addClient"))
    assert syncing.sync_due() == 0
    assert len(panel.calls("addClient")) == adds


def test_a_config_of_a_gone_inbound_says_so_and_is_not_lost(panel):
    Inbound.objects.filter(pk=panel.vless.pk).update(external_id=4711)
    config = make_config(panel, inbound=Inbound.objects.get(external_id=4711))
    syncing.sync_due()
    config.refresh_from_db()
    assert (config.sync_error_code, config.state) == ("inbound_gone", State.PROVISIONING)
    assert config.inbound.is_gone
    # Staff move it to one that is there.
    change(config, inbound=panel.vless)
    assert syncing.sync_due() == 1
    assert len(panel.stored(config.email)) == 1


def test_a_panel_that_is_away_holds_all_its_configs_without_counting(panel):
    config = make_config(panel)
    panel.play("restart", seconds=60)
    for _ in range(2):
        assert syncing.sync_due() == 0
    config.refresh_from_db()
    assert (config.sync_attempts, config.sync_error_code) == (0, "")
    panel.tick()
    panel.tick()
    assert panel.row.state == Panel.State.DOWN
    panel.play("restart", seconds=0)
    panel.settle()
    config.refresh_from_db()
    assert (config.is_synced, panel.row.state) == (True, Panel.State.UP)


def test_a_panel_switched_off_in_the_middle_of_a_batch_converges(panel):
    configs = [make_config(panel) for _ in range(6)]
    panel.sandbox.fault("xui.addClient", "drop", where={"email": configs[2].email})
    calls_before = len(panel.calls("addClient"))
    panel.sandbox.fault("xui.getInbound", "drop")
    syncing.sync_due()
    panel.play("restart", seconds=60)
    panel.tick()
    panel.sandbox.clear_faults()
    panel.play("restart", seconds=0)
    panel.settle()
    assert set(panel.ours()) == {config.email for config in configs}
    assert len(panel.calls("addClient")) > calls_before
    assert all(c.is_synced for c in Config.objects.all())


def test_refused_credentials_are_tried_once_and_never_again_by_beat(panel):
    panel.play("settings", password="another", reset=True)
    config = make_config(panel)
    for _ in range(3):
        panel.tick()
    logins = [c for c in panel.calls("login") if c["at"] and c["status"] == 200]
    assert len(logins) == 2  # the first one, and the refused one
    config.refresh_from_db()
    assert (config.sync_attempts, panel.row.state) == (0, Panel.State.REFUSED)


def test_the_last_client_of_an_inbound_is_switched_off_and_leaves_once_another_comes(panel):
    config = make_config(panel)
    syncing.sync_due()
    panel.remove_anchor(VLESS)
    delete(config)
    panel.tick()
    removal = Removal.objects.get()
    if panel.row.generation == "g3b":
        assert (removal.done_at is not None, panel.ours()) == (True, {})
        return
    assert (removal.is_disabled, removal.done_at) == (True, None)
    (stored,) = panel.stored(config.email)
    assert stored["enable"] is False
    deletes = len(panel.calls("deleteClient"))
    panel.tick()
    assert len(panel.calls("deleteClient")) == deletes
    other = make_config(panel)
    panel.settle()
    assert set(panel.ours()) == {other.email}
    removal.refresh_from_db()
    assert removal.done_at is not None


def test_a_client_moves_to_another_inbound_of_the_same_panel(panel):
    config = make_config(panel)
    syncing.sync_due()
    sold = Inbound.objects.filter(panel=panel.pk, protocol=VLESS).exclude(pk=panel.vless.pk)
    target = sold.get(network="ws")
    Removal.objects.create(
        inbound=config.inbound,
        config=config,
        protocol=VLESS,
        email=config.email,
        secret=config.secret,
        sub_id=config.sub_id,
    )
    change(config, inbound=target, flow="")
    panel.settle()
    (stored,) = panel.stored(config.email)
    assert (stored["inbound_id"], stored["flow"]) == (target.external_id, "")


FOREIGN = st.dictionaries(
    st.sampled_from(["group", "limitHwid", "resetDay", "x-own", "поле"]),
    st.one_of(st.booleans(), st.integers(-(2**53), 2**53), st.text(max_size=20), st.just([1, {}])),
).map(lambda fields: {**fields, "group": str(fields.get("group", ""))})
CHANGES = st.fixed_dictionaries(
    {
        "ip_limit": st.integers(0, 100),
        "traffic_limit_bytes": st.integers(0, 2**50),
        "state": st.sampled_from([State.ACTIVE, State.SUSPENDED, State.EXPIRED, State.EXPIRING]),
        "valid_to": st.one_of(
            st.none(), st.integers(-400, 4000).map(lambda d: timezone.now() + timedelta(days=d))
        ),
    }
)


@given(foreign=FOREIGN, changes=CHANGES, comment=st.text(max_size=20))
@hypothesis_settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_fields_that_are_not_ours_survive_any_change_of_ours(panel, foreign, changes, comment):
    config = make_config(panel)
    syncing.sync_due()
    (before,) = panel.stored(config.email)
    panel.write_by_hand({**before, **foreign, "comment": comment, "tgId": 4711})
    (before,) = panel.stored(config.email)
    change(config, **changes)
    assert syncing.sync_due() == 1
    (after,) = panel.stored(config.email)
    kept = {*foreign, "comment", "tgId", "reset", "created_at", "subId"}
    assert {name: after.get(name) for name in kept} == {name: before.get(name) for name in kept}
    assert after["limitIp"] == changes["ip_limit"]
