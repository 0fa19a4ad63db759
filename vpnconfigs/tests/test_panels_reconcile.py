"""A panel held against our configs: what is ours is repaired, what is not is only reported."""

import threading
import uuid
from contextlib import contextmanager
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from config.lib.errors import ConflictError, NotFoundError, OutsideWorldError
from config.lib.metrics import _gauges, render_metrics
from integrations.tests.panels import new_client
from vpnconfigs.models import Config, Inbound, PanelReport, Removal
from vpnconfigs.services import reconciling, syncing
from vpnconfigs.services.turns import panel_turn
from vpnconfigs.tests.panels import TROJAN, VLESS, change, delete, make_config

WRITES = ("addClient", "updateClient", "deleteClient", "detachClient", "resetTraffic")


def writes(panel) -> int:
    return sum(len(panel.calls(operation)) for operation in WRITES)


def kinds(report) -> dict[str, str]:
    return {finding["email"]: finding["kind"] for finding in report.findings}


@contextmanager
def held_elsewhere(panel_id):
    """Let another process have the panel's turn."""
    taken, done = threading.Event(), threading.Event()

    def hold():
        with panel_turn(panel_id) as is_mine:
            assert is_mine
            taken.set()
            done.wait(10)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    assert taken.wait(10)
    yield
    done.set()
    holder.join()


@pytest.fixture
def drift(panel):
    """One of each kind of difference on a panel; returns e-mail by kind."""
    kept, missing, differs, deleted, leaving = (make_config(panel) for _ in range(5))
    syncing.sync_due()
    stranger = panel.add_stranger(TROJAN)
    panel.remove_by_hand(missing.email)
    (stored,) = panel.stored(differs.email)
    panel.write_by_hand({**stored, "totalGB": 7, "enable": False})
    Config.objects.filter(pk=deleted.pk).update(state=Config.State.DELETED)
    delete(leaving)
    return {
        "kept": kept.email,
        "missing": missing.email,
        "differs": differs.email,
        "left_over": deleted.email,
        "leaving": leaving.email,
        "stranger": stranger.email,
    }


def test_a_dry_run_finds_every_kind_of_difference_and_touches_nothing(panel, drift):
    before, stored = writes(panel), panel.show()["clients"]
    revisions = list(Config.objects.order_by("pk").values_list("revision", flat=True))
    report = panel.reconcile(dry_run=True)
    assert writes(panel) == before
    assert panel.show()["clients"] == stored
    assert list(Config.objects.order_by("pk").values_list("revision", flat=True)) == revisions
    found = kinds(report)
    assert found.pop(drift["leaving"]) == "left_over"
    assert {kind: email for email, kind in found.items() if not email.startswith("anchor-")} == {
        kind: drift[kind] for kind in ("missing", "differs", "left_over", "stranger")
    }
    (differs,) = [f for f in report.findings if f["kind"] == "differs"]
    assert differs["fields"] == {"enabled": [True, False], "total_bytes": [0, 7]}
    assert differs["config"] == str(Config.objects.get(email=drift["differs"]).pk)
    anchors = Inbound.objects.filter(panel=panel.pk).count()
    assert (report.drift_count, report.repaired_count) == (4, 0)
    assert report.strangers_count == anchors + 1
    assert panel.trojan.strangers_count == 2
    assert PanelReport.objects.get() == report


def test_what_is_ours_is_repaired_and_strangers_are_not_touched(panel, drift):
    (before,) = panel.stored(drift["stranger"])
    report = panel.reconcile()
    assert (report.drift_count, report.repaired_count) == (4, 4)
    done = {f["email"] for f in report.findings if f["done"]}
    assert done == {drift[k] for k in ("missing", "differs", "left_over", "leaving")}
    assert panel.stored(drift["stranger"]) == [before]
    assert set(panel.ours()) == {drift[k] for k in ("kept", "missing", "differs", "stranger")}
    (stored,) = panel.stored(drift["differs"])
    assert (stored["totalGB"], stored["enable"]) == (0, True)
    again = panel.reconcile()
    assert (again.drift_count, again.strangers_count) == (0, report.strangers_count)


def test_a_changed_secret_is_found_and_shown_as_a_hint_only(shop_panel):
    panel = shop_panel("g2")
    config = make_config(panel)
    syncing.sync_due()
    other = new_client().secret
    client = new_client(VLESS, email=config.email, sub_id=config.sub_id, secret=other)
    panel.connect().update_client(panel.inbounds[VLESS], client)
    report = panel.reconcile(dry_run=True)
    (finding,) = [f for f in report.findings if f["kind"] == "differs"]
    assert finding["fields"]["secret"] == [f"…{config.secret[-4:]}", f"…{other[-4:]}"]
    assert config.secret not in str(report.findings)
    assert other not in str(report.findings)


def test_a_client_in_a_second_inbound_leaves_that_one_only(shop_panel):
    panel = shop_panel("g3b")
    config = make_config(panel)
    syncing.sync_due()
    second = Inbound.objects.get(panel=panel.pk, network="grpc")
    client = new_client(VLESS, email=config.email, sub_id=config.sub_id, secret=config.secret)
    panel.connect().add_client(second.external_id, client)
    assert len(panel.stored(config.email)) == 2
    report = panel.reconcile()
    assert kinds(report)[config.email] == "misplaced"
    assert [s["inbound_id"] for s in panel.stored(config.email)] == [config.inbound.external_id]


def test_who_has_the_e_mail_of_a_deleted_config_is_a_stranger_unless_the_secret_is_ours(panel):
    config = make_config(panel, email="bob")
    syncing.sync_due()
    delete(config)
    syncing.sync_due()
    panel.add_stranger(email="bob")
    assert kinds(panel.reconcile())["bob"] == "stranger"
    assert len(panel.stored("bob")) == 1


def test_a_panel_put_back_to_an_older_backup_is_filled_again(panel):
    gone = make_config(panel)
    panel.settle()
    panel.play("backup")
    configs = [make_config(panel) for _ in range(3)]
    panel.settle()
    delete(gone)
    panel.settle()
    panel.play("restore")
    panel.settle()
    assert reconciling.reconcile_due() == 0
    assert set(panel.ours()) == {config.email for config in configs}


def test_a_beat_without_news_leaves_no_report_and_fifty_are_kept(shop_panel, monkeypatch):
    panel = shop_panel("g3b")
    for _ in range(3):
        reconciling.reconcile_due()
    assert PanelReport.objects.count() == 1
    stranger = panel.add_stranger()
    reconciling.reconcile_due()
    assert PanelReport.objects.latest("id").strangers_count == 7
    panel.remove_by_hand(stranger.email)
    monkeypatch.setattr(reconciling, "KEPT_REPORTS", 2)
    reconciling.reconcile_due()
    ids = list(PanelReport.objects.order_by("-id").values_list("pk", flat=True))
    assert len(ids) == 2
    assert panel.row.reconciled_at is not None


def test_refusals_by_hand_say_why_and_repair_nothing(shop_panel, staff, monkeypatch):
    panel = shop_panel("g2")
    make_config(panel)
    with pytest.raises(NotFoundError):
        reconciling.reconcile_panel(uuid.uuid4())
    monkeypatch.setattr(reconciling, "HAND_WAITS_SECONDS", 0.2)
    with held_elsewhere(panel.pk), pytest.raises(ConflictError) as raised:
        panel.reconcile(actor=staff)
    assert raised.value.error_code == "panel_busy"
    assert Config.objects.filter(syncing.unsynced()).count() == 1
    panel.play("restart", seconds=60)
    with pytest.raises(OutsideWorldError) as raised:
        panel.reconcile(actor=staff)
    assert (raised.value.error_code, raised.value.extra) == ("panel_away", {"reason": "down"})
    assert PanelReport.objects.count() == 0


def test_the_command_prints_what_it_found_and_fails_while_anything_is_left(shop_panel):
    panel = shop_panel("g3b")
    config = make_config(panel)
    syncing.sync_due()
    panel.remove_by_hand(config.email)
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("reconcile_panels", "--panel", panel.name, "--dry-run", stdout=out)
    assert f"missing inbound {config.inbound.external_id} {config.email}" in out.getvalue()
    out = StringIO()
    call_command("reconcile_panels", stdout=out)
    assert "1 differed, 1 repaired" in out.getvalue()
    with pytest.raises(CommandError):
        call_command("reconcile_panels", "--panel", "nobody")


def test_drift_and_unsynced_configs_are_measured(shop_panel):
    panel = shop_panel("g3b")
    config = make_config(panel)
    syncing.sync_due()
    panel.remove_by_hand(config.email)
    panel.reconcile(dry_run=True)
    change(config)
    _gauges.forget()
    shown = render_metrics().decode()
    assert "depesha_vpn_drift 1.0" in shown
    assert "depesha_vpn_configs_unsynced 1.0" in shown
    assert "depesha_vpn_panels_down 0.0" in shown
    panel.settle()
    _gauges.forget()
    assert "depesha_vpn_drift 0.0" in render_metrics().decode()
    assert Removal.objects.count() == 0
