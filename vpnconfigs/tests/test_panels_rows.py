"""Panels as staff keep them: added, changed, tried, looked at, taken away; what is kept of them."""

import json
import uuid

import pytest
from django.core import serializers
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent
from config.lib.errors import ConflictError, InputError, NotFoundError
from config.lib.health import Health
from config.lib.http import OutsideError
from config.lib.queue import _bell_key
from config.lib.redis import get_redis
from integrations.services.secrets import SecretUnreadableError
from vpnconfigs.links import share
from vpnconfigs.models import Config, Inbound, Panel, ShopSettings, Tariff
from vpnconfigs.probes import probe_panels
from vpnconfigs.selectors.inbounds import choose_inbound, countries_on_sale
from vpnconfigs.services import panel_health, panels, reconciling, syncing
from vpnconfigs.services.mirroring import mirror_inbounds
from vpnconfigs.services.panel_clients import open_client, open_credentials
from vpnconfigs.services.panels import InboundChanges, PanelChanges
from vpnconfigs.signals import panel_state_changed
from vpnconfigs.tests.panels import TROJAN, VLESS, delete, make_config

State = Panel.State
WHERE = {"name": "Amsterdam", "url": "https://panel.example:2053/secret-path/"}
SIGN_IN = {"username": "admin", "password": "pa55-word-of-the-panel"}


@pytest.fixture
def heard():
    """What the signal of panels has said: ``(before, after)``."""
    found = []

    def hear(panel, before, after, **_):
        found.append((str(before), str(after)))

    panel_state_changed.connect(hear)
    yield found
    panel_state_changed.disconnect(hear)


def test_a_panel_is_added_with_sealed_credentials(
    db, staff, caplog, django_capture_on_commit_callbacks
):
    get_redis().flushdb()
    secret = {"password": "pa55-word-of-the-panel", "token": "t0ken" * 8, "totp_key": "JBSWY3DP"}
    with django_capture_on_commit_callbacks(execute=True):
        panel = panels.add_panel(
            actor=staff, **WHERE, username="admin", **secret, public_host="nl.example", country="nl"
        )
    panel.refresh_from_db()
    assert (panel.url, panel.country) == ("https://panel.example:2053/secret-path", "NL")
    assert (panel.username, panel.token_hint) == ("admin", f"…{secret['token'][-4:]}")
    credentials = open_credentials(panel)
    assert {name: getattr(credentials, name) for name in secret} == secret
    assert get_redis().exists(_bell_key(panel_health.LOOK))
    kept = serializers.serialize("json", [panel, *AuditEvent.objects.all()])
    seen = f"{kept} {caplog.text} {open_client(panel)!r} {credentials!r} {panel}"
    assert not any(value in seen for value in secret.values())
    # What was sealed for one panel opens for no other.
    other = Panel(pk=uuid.uuid4(), sealed_credentials=panel.sealed_credentials)
    with pytest.raises(SecretUnreadableError):
        open_credentials(other)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"url": "panel.example"}, "bad_address"),
        ({"url": "ftp://panel.example"}, "bad_address"),
        ({"url": "https://admin:admin@panel.example"}, "bad_address"),
        ({"url": "https://" + "a" * 300}, "bad_text"),
        ({"name": " "}, "required"),
        ({"name": "a" * 65}, "bad_text"),
        ({"name": "a\0b"}, "bad_text"),
        ({"country": "N1"}, "bad_country"),
        ({"password": ""}, "credentials_required"),
        ({"username": "a" * 65}, "bad_text"),
    ],
)
def test_what_is_no_panel_is_refused(db, staff, given, code):
    with pytest.raises(InputError) as raised:
        panels.add_panel(actor=staff, **{**WHERE, **SIGN_IN, **given})
    assert raised.value.error_code == code
    assert (Panel.objects.count(), AuditEvent.objects.count()) == (0, 0)


def test_names_and_addresses_are_there_once(db, staff):
    panels.add_panel(actor=staff, **WHERE, **SIGN_IN)
    for given in ({"name": "Other"}, {"url": "https://other.example"}):
        with pytest.raises(ConflictError) as raised:
            panels.add_panel(actor=staff, **{**WHERE, **given}, **SIGN_IN)
        assert raised.value.error_code == "panel_taken"
    assert Panel.objects.count() == 1


def test_another_host_gets_no_credentials_that_were_not_entered_for_it(db, staff):
    panel = panels.add_panel(actor=staff, **WHERE, **SIGN_IN)
    moved = PanelChanges(url="https://evil.example/secret-path")
    with pytest.raises(InputError) as raised:
        panels.change_panel(actor=staff, panel_id=panel.pk, changes=moved)
    assert raised.value.error_code == "credentials_required"
    panel.refresh_from_db()
    assert panel.url.startswith("https://panel.example")
    renamed = PanelChanges(
        name="Rotterdam", url="https://panel.example:2053/other", is_open=False, country=""
    )
    panels.change_panel(actor=staff, panel_id=panel.pk, changes=renamed)
    panel.refresh_from_db()
    assert (panel.name, panel.is_open, panel.url[-6:]) == ("Rotterdam", False, "/other")
    assert open_credentials(panel).password == SIGN_IN["password"]
    with pytest.raises(NotFoundError):
        panels.change_panel(actor=staff, panel_id=uuid.uuid4(), changes=renamed)


def test_a_panel_in_use_is_not_deleted(shop_panel, staff):
    panel = shop_panel("g3b")
    config = make_config(panel)
    with pytest.raises(ConflictError) as raised:
        panels.delete_panel(actor=staff, panel_id=panel.pk)
    assert (raised.value.error_code, Panel.objects.count()) == ("panel_in_use", 1)
    delete(config)
    panels.delete_panel(actor=staff, panel_id=panel.pk)
    config.refresh_from_db()
    assert (Panel.objects.count(), Inbound.objects.count(), config.inbound) == (0, 0, None)
    assert AuditEvent.objects.latest("id").details == {"name": panel.name, "clients_left": 1}


def test_the_test_button_says_what_is_so_and_tries_refused_credentials_again(panel, staff):
    result = panels.test_panel(actor=staff, panel_id=panel.pk)
    assert (result.is_good, result.generation) == (True, panel.row.generation)
    panel.play("settings", password="another", reset=True)
    for _ in range(2):
        result = panels.test_panel(actor=staff, panel_id=panel.pk)
        assert (result.is_good, result.state) == (False, State.REFUSED)
    assert result.raw == "xui: the panel refuses the credentials"
    assert len(panel.calls("login")) == 3
    panels.change_panel(actor=staff, panel_id=panel.pk, changes=PanelChanges(password="another"))
    panel_health.look_at_panels()
    assert panel.row.state == State.UP
    with pytest.raises(NotFoundError):
        panels.test_panel(actor=staff, panel_id=uuid.uuid4())


def test_looks_tell_only_of_real_changes(panel, heard):
    row = panel.row
    assert (row.state, row.last_error_code, row.xray_version != "") == (State.UP, "", True)
    assert row.version == ("3.6.0" if row.generation == "g3b" else "")
    # A restart of some seconds tells nobody.
    panel.play("restart", seconds=60)
    panel_health.look_at_panels()
    assert (panel.row.state, panel.row.last_error_code) == (State.UP, "down")
    panel.play("restart", seconds=0)
    panel_health.look_at_panels()
    assert heard == []
    assert probe_panels().status == Health.HEALTHY

    panel.play("restart", seconds=60)
    for _ in range(3):
        panel_health.look_at_panels()
    since = panel.row.state_since
    assert heard == [("up", "down")]
    reading = probe_panels()
    assert (reading.status, reading.text) == (Health.DEGRADED, f"{panel.name}: down")
    panel.play("restart", seconds=0)
    panel.play("xray", running=False)
    panel_health.look_at_panels()
    assert (heard[1:], panel.row.state_since > since) == ([("down", "xray_down")], True)
    panel.play("xray", running=True)
    panel_health.look_at_panels()
    assert heard[2:] == [("xray_down", "up")]


def test_a_panel_that_is_not_looked_after_is_left_alone(shop_panel, staff):
    panel = shop_panel("g3b")
    off = PanelChanges(is_enabled=False)
    panels.change_panel(actor=staff, panel_id=panel.pk, changes=off)
    config = make_config(panel)
    before = len(panel.calls("*"))
    panel.tick()
    assert len(panel.calls("*")) == before
    on = PanelChanges(is_enabled=True)
    panels.change_panel(actor=staff, panel_id=panel.pk, changes=on)
    panel.settle()
    config.refresh_from_db()
    assert config.is_synced


def test_inbounds_are_mirrored_without_what_is_private(panel, staff):
    stored = {inbound["id"]: inbound for inbound in panel.show()["inbounds"]}
    rows = Inbound.objects.filter(panel=panel.pk)
    assert set(rows.values_list("external_id", flat=True)) == set(stored)
    kept = serializers.serialize("json", rows)
    for inbound in stored.values():
        stream = _tree(inbound["streamSettings"])
        assert stream.get("realitySettings", {}).get("privateKey", "-nothing-") not in kept
    assert "privkey.pem" not in kept
    assert not any(client["email"] in kept for client in panel.show()["clients"])
    reality = panel.vless
    assert (reality.network, reality.security, reality.port) == ("tcp", "reality", 443)
    link = share.make_links(
        share.Inbound(
            protocol=reality.protocol,
            port=reality.port,
            settings=reality.settings,
            stream=reality.stream,
        ),
        client=share.Client(uuid=str(uuid.uuid4()), flow="xtls-rprx-vision"),
        host="vpn.example",
    )[0]
    ours = _tree(stored[reality.external_id]["streamSettings"])["realitySettings"]["settings"]
    assert link.params["pbk"] == ours["publicKey"]


def test_a_missing_public_key_is_made_and_gone_inbounds_are_kept(shop_panel, staff):
    panel = shop_panel("g3b")
    client = panel.connect()
    changes = InboundChanges(is_sold=True, title="Fast", capacity=5)
    panels.change_inbound(actor=staff, inbound_id=panel.vless.pk, changes=changes)
    (found,) = [i for i in client.list_inbounds() if i.id == panel.vless.external_id]
    public = found.stream_settings["realitySettings"]["settings"].pop("publicKey")
    mirror_inbounds(panel.pk, [found])
    row = panel.vless
    assert row.stream["realitySettings"]["settings"]["publicKey"] == public
    assert (row.title, row.capacity, row.is_sold, row.is_gone) == ("Fast", 5, True, False)
    assert panel.trojan.is_gone
    panel_health.record_look(panel.row, panel_health.ask(panel.row, with_inbounds=True))
    assert not panel.trojan.is_gone


def _tree(value):
    return json.loads(value) if isinstance(value, str) else value


def test_credentials_are_in_no_exception_and_no_log(panel, caplog):
    caplog.set_level("DEBUG")
    config = make_config(panel)
    for fault in ({"do": "status", "status": 502}, {"do": "error", "error": "xray: no"}):
        panel.sandbox.fault("xui.listInbounds", **fault)
        with pytest.raises(OutsideError) as raised:
            panel.connect().list_inbounds()
        reconciling.reconcile_due()
        panel.sandbox.clear_faults()
        panel.sandbox.fault("xui.addClient", **fault)
        Config.objects.update(sync_not_before=None)
        syncing.sync_due()
        panel.sandbox.clear_faults()
        for secret in (panel.credentials.password, config.secret):
            assert secret not in f"{raised.value!r} {raised.value}"
    config.refresh_from_db()
    assert config.sync_error_code == "refused"
    shown = f"{caplog.text} {config.sync_error} {serializers.serialize('json', [panel.row])}"
    assert panel.credentials.password not in shown
    assert config.secret not in shown


def test_a_new_config_goes_where_the_fewest_are_and_where_it_is_sold(shop_panel):
    panel = shop_panel("g3b", country="NL", is_open=True)
    Inbound.objects.update(is_sold=False)
    first, second = Inbound.objects.filter(panel=panel.pk, protocol=VLESS)[:2]
    with pytest.raises(ConflictError) as raised:
        choose_inbound(protocol=VLESS, tariff=None)
    assert raised.value.error_code == "no_room"
    Inbound.objects.filter(pk__in=[first.pk, second.pk]).update(is_sold=True)
    make_config(panel, inbound=first)
    with CaptureQueriesContext(connection) as queries:
        assert choose_inbound(protocol=VLESS, tariff=None) == second
    assert sum(q["sql"].startswith("SELECT") for q in queries) == 1
    ShopSettings.objects.update_or_create(pk=1, defaults={"inbound_rule": "in_order"})
    assert choose_inbound(protocol=VLESS, tariff=None) == first
    assert countries_on_sale() == ["NL"]
    assert countries_on_sale(protocol=TROJAN) == []
    tariff = Tariff.objects.create(code="a", name_ru="a", name_en="a")
    assert choose_inbound(protocol=VLESS, tariff=tariff, country="NL") == first
    tariff.inbounds.add(second)
    assert choose_inbound(protocol=VLESS, tariff=tariff) == second
    Inbound.objects.filter(pk=second.pk).update(capacity=1)
    assert choose_inbound(protocol=VLESS, tariff=tariff) == second
    make_config(panel, inbound=second, state=Config.State.SUSPENDED)
    refused = [{"tariff": tariff}, {"tariff": None, "country": "DE"}]
    Panel.objects.update(is_open=False)
    refused.append({"tariff": None})
    for wanted in refused:
        with pytest.raises(ConflictError):
            choose_inbound(protocol=VLESS, **wanted)


def test_panels_that_work_are_sold_from_first(shop_panel):
    broken, working = shop_panel("g3b", name="A"), shop_panel("g3b", name="B")
    make_config(working)
    Panel.objects.filter(pk=broken.pk).update(state=State.DOWN)
    ShopSettings.objects.update_or_create(pk=1, defaults={"inbound_rule": "in_order"})
    assert choose_inbound(protocol=TROJAN, tariff=None) == working.trojan
    Panel.objects.filter(pk=working.pk).update(is_enabled=False)
    assert choose_inbound(protocol=TROJAN, tariff=None) == broken.trojan
