"""Many workers, killed workers, a panel that becomes another one under way."""

import os
import signal
import threading
import time
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.utils import timezone

from integrations.xui.client import panel_client
from vpnconfigs.models import Config
from vpnconfigs.services import reconciling, syncing
from vpnconfigs.tests.panels import ShopPanel, change, delete, make_config, may_stand

State = Config.State
WORKERS = 6


@pytest.fixture
def committed(transactional_db, sandbox, settings):
    """Return a maker of panels whose rows other processes and threads can see."""
    may_stand(sandbox, settings)
    return lambda generation, **options: ShopPanel(sandbox, generation, **options)


def together(*, work, count):
    """Run ``work(number)`` in so many threads that begin at the same moment."""
    start, failures = threading.Barrier(count), []

    def run(number):
        try:
            start.wait(10)
            work(number)
        except BaseException as error:  # noqa: BLE001 - shown by the test's own thread
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


@contextmanager
def no_turn(_panel_id, *, wait_seconds=0):
    yield True


def create_in_parallel(panel, each):
    inbound = panel.vless

    def work(_number):
        for _ in range(each):
            make_config(panel, inbound=inbound)
            syncing.sync_due()

    together(work=work, count=WORKERS)


def test_fifty_parallel_creations_on_an_old_panel_give_fifty_clients(committed):
    panel = committed("g2")
    create_in_parallel(panel, each=8)
    make_config(panel)
    make_config(panel)
    panel.settle()
    assert len(panel.ours()) == 50
    assert len(panel.calls("addClient")) == 50
    assert Config.objects.filter(state=State.ACTIVE).count() == 50


def test_without_turns_an_old_panel_loses_clients(committed, monkeypatch):
    """The control: the panel loses what is written side by side, and has to be told again."""
    panel = committed("g2")
    monkeypatch.setattr(syncing, "panel_turn", no_turn)
    create_in_parallel(panel, each=2)
    assert len(panel.calls("addClient")) > len(panel.ours()) or len(panel.ours()) < 2 * WORKERS


def test_parallel_readings_count_no_byte_twice(committed):
    panel = committed("g3b")
    config = make_config(panel)
    syncing.sync_due()

    def work(number):
        for _ in range(5):
            if number == 0:
                panel.play("traffic", email=config.email, up=10)
                panel.play("tick")
            reconciling.reconcile_due()

    together(work=work, count=4)
    reconciling.reconcile_due()
    config.refresh_from_db()
    assert config.used_up_bytes == 50


def test_several_panels_are_brought_up_to_date_side_by_side(committed):
    panels = [committed(generation) for generation in ("g2", "g3a", "g3b")]
    configs = [make_config(panel) for panel in panels]
    panels[1].play("restart", seconds=60)
    assert syncing.sync_due() == 2
    panels[1].play("restart", seconds=0)
    assert syncing.sync_due() == 1
    assert [len(p.stored(c.email)) for p, c in zip(panels, configs, strict=True)] == [1, 1, 1]


def kill_at(panel, operation, *, is_applied):
    """Kill a worker with SIGKILL while it waits for the answer to a call."""
    fault = "timeout_after" if is_applied else "timeout_before"
    panel.sandbox.fault(f"xui.{operation}", fault, times=1, seconds=20)
    before = len(panel.calls(operation))
    # A child must not speak through its parent's sockets.
    connections.close_all()
    panel_client.cache_clear()
    worker = os.fork()
    if worker == 0:
        try:
            syncing.sync_due()
        finally:
            os._exit(1)
    deadline = time.monotonic() + 15
    while len(panel.calls(operation)) == before and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.05)
    os.kill(worker, signal.SIGKILL)
    _pid, status = os.waitpid(worker, 0)
    assert os.WIFSIGNALED(status), "the worker ended before it was killed"
    panel.sandbox.clear_faults()


@pytest.mark.parametrize("is_applied", [False, True], ids=["not done", "done"])
@pytest.mark.parametrize("generation", ["g2", "g3a", "g3b"])
def test_a_killed_worker_leaves_one_right_client(committed, settings, generation, is_applied):
    settings.XUI_TIMEOUT_SECONDS = 20
    panel = committed(generation)
    settings.XUI_TIMEOUT_SECONDS = 20
    config = make_config(panel, traffic_limit_bytes=1000)
    kill_at(panel, "addClient", is_applied=is_applied)
    panel.settle()
    assert [c["enable"] for c in panel.ours().values()] == [True]

    panel.play("traffic", email=config.email, up=1000)
    panel.play("tick")
    panel.settle()
    later = timezone.now() + timedelta(days=60)
    fresh = {"used_up_bytes": 0, "state": State.ACTIVE, "valid_to": later, "wanted_reset": 1}
    change(config, **fresh)
    kill_at(panel, "resetTraffic", is_applied=is_applied)
    kill_at(panel, "updateClient", is_applied=is_applied)
    panel.settle()
    config.refresh_from_db()
    assert (config.is_synced, config.done_reset, config.used_bytes) == (True, 1, 0)
    (stored,) = panel.ours().values()
    assert (stored["enable"], stored["stats"]["up"], stored["totalGB"]) == (True, 0, 1000)
    assert stored["expiryTime"] == round(later.timestamp() * 1000)

    delete(config)
    kill_at(panel, "deleteClient", is_applied=is_applied)
    panel.settle()
    assert (panel.ours(), panel.unsynced()) == ({}, 0)


def test_an_upgrade_in_the_middle_of_a_run_loses_no_write(committed):
    panel = committed("g2")
    configs = [make_config(panel) for _ in range(4)]
    panel.settle()
    stranger = panel.add_stranger()
    (before,) = panel.stored(stranger.email)
    for config in configs[:3]:
        change(config, ip_limit=5)
    delete(configs[3])
    configs += [make_config(panel) for _ in range(8)]
    calls = len(panel.calls("addClient"))

    def upgrade(number):
        if number == 0:
            syncing.sync_due()
            return
        while len(panel.calls("addClient")) < calls + 3:
            time.sleep(0.01)
        panel.play("upgrade", generation="g3b")

    together(work=upgrade, count=2)
    panel.settle()
    wanted = {c.email for c in configs if c is not configs[3]}
    assert set(panel.ours()) == wanted | {stranger.email}
    assert [panel.stored(c.email)[0]["limitIp"] for c in configs[:3]] == [5, 5, 5]
    (after,) = panel.stored(stranger.email)
    assert {k: after[k] for k in ("id", "email", "subId", "totalGB")} == {
        k: before[k] for k in ("id", "email", "subId", "totalGB")
    }
    assert panel.row.generation == "g3b"
    assert Config.objects.filter(syncing.unsynced()).count() == 0
