import os
import subprocess
import sys

import pytest
from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families

from config.env import BASE_DIR
from config.lib import metrics
from config.lib.metrics import metric_names, register_gauges, render_metrics

pytestmark = pytest.mark.urls("config.tests.urls")


def sample(name, **labels):
    return REGISTRY.get_sample_value(name, labels) or 0


def counted(handler, status="2xx", method="GET"):
    return sample("http_requests_total", handler=handler, method=method, status=status)


@pytest.fixture
def gauges(monkeypatch):
    """A collector of this test's own; returns what switches its cache off."""
    monkeypatch.setattr(metrics, "_gauges", metrics._GaugeCollector())
    metrics._gauge_registry.cache_clear()
    yield metrics._gauges
    metrics._gauge_registry.cache_clear()


def family(name, value):
    made = GaugeMetricFamily(name, "A gauge.", labels=["channel"])
    made.add_metric(["telegram"], value)
    return made


def test_requests_are_counted_by_route_and_never_by_path(client):
    handler = "/api/probe/items/<int:pk>"
    before = counted(handler)
    client.get("/api/probe/items/1")
    client.get("/api/probe/items/2/")
    assert counted(handler) == before + 2
    text = render_metrics().decode()
    assert "/api/probe/items/1" not in text


def test_status_is_a_class_and_the_unknown_is_none(client):
    before = counted("none", "4xx"), counted("/api/probe/refuse", "4xx")
    client.get("/api/no/such/route")
    client.get("/api/probe/refuse")
    assert (counted("none", "4xx"), counted("/api/probe/refuse", "4xx")) == (
        before[0] + 1,
        before[1] + 1,
    )


def test_a_fault_is_counted_and_nothing_stays_in_progress(client):
    client.raise_request_exception = False
    before = counted("/api/probe/fail", "5xx")
    client.get("/api/probe/fail")
    assert counted("/api/probe/fail", "5xx") == before + 1
    assert sample("http_requests_inprogress") == 0


def test_requests_are_timed(client):
    labels = {"handler": "/api/probe/echo", "method": "POST"}
    before = sample("http_request_duration_seconds_count", **labels)
    client.post("/api/probe/echo")
    assert sample("http_request_duration_seconds_count", **labels) == before + 1
    buckets = [
        s.labels["le"]
        for f in REGISTRY.collect()
        if f.name == "http_request_duration_seconds"
        for s in f.samples
        if s.name.endswith("_bucket") and s.labels["handler"] == "/api/probe/echo"
    ]
    assert {"0.1", "0.5", "1.0"} <= set(buckets)


def test_a_made_up_method_makes_no_series(client):
    client.generic("BREW", "/api/probe/echo")
    assert counted("/api/probe/echo", method="OTHER") >= 1
    assert b"BREW" not in render_metrics()


@pytest.mark.parametrize("path", ["/metrics", "/health", "/api/v1/health/liveness"])
def test_probes_are_not_counted(client, path):
    client.get(path)
    assert f'handler="{path}"'.encode() not in render_metrics()
    assert f'handler="{path.lstrip("/")}"'.encode() not in render_metrics()


def test_the_page_is_prometheus_text(client, db):
    client.get("/api/probe/echo")
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    names = {f.name for f in text_string_to_metric_families(answer.content.decode())}
    assert {"http_requests", "http_request_duration_seconds", "http_requests_inprogress"} <= names


def test_only_the_token_or_a_listed_address_reads_it(client, settings, db):
    settings.METRICS_ADDRESSES = ["10.1.1.1"]
    settings.METRICS_TOKEN = "token-of-the-metrics"
    token = {"Authorization": "Bearer token-of-the-metrics"}
    wrong = {"Authorization": "Bearer token-of-the-metric"}
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers=wrong).status_code == 404
    assert client.get("/metrics", headers=token).status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="10.1.1.1").status_code == 200
    settings.PROMETHEUS_ENABLED = False
    assert client.get("/metrics", headers=token).status_code == 404


def test_without_a_token_an_empty_one_opens_nothing(client, settings):
    settings.METRICS_ADDRESSES, settings.METRICS_TOKEN = [], ""
    for header in ("", "Bearer ", "Bearer"):
        assert client.get("/metrics", headers={"Authorization": header}).status_code == 404


def test_a_refusal_looks_like_no_page_at_all(client, settings):
    settings.METRICS_ADDRESSES = []
    refused, absent = client.get("/metrics").json(), client.get("/api/none").json()
    for body in (refused, absent):
        body.pop("request_id")
    assert refused == absent


def test_gauges_are_shown_and_read_every_ten_seconds(gauges):
    values = iter([1, 2])
    register_gauges("outbox", lambda: [family("test_due", next(values))])
    assert b'test_due{channel="telegram"} 1.0' in render_metrics()
    assert b'test_due{channel="telegram"} 1.0' in render_metrics()
    gauges.forget()
    assert b'test_due{channel="telegram"} 2.0' in render_metrics()


def test_a_provider_that_fails_takes_only_its_own_away(gauges, caplog):
    def fail():
        yield family("test_half", 1)
        raise RuntimeError("the database is gone")

    register_gauges("broken", fail)
    register_gauges("sound", lambda: [family("test_sound", 5)])
    text = render_metrics().decode()
    assert "test_sound" in text
    assert "test_half" not in text
    assert [record.provider for record in caplog.records] == ["broken"]


def test_names_that_can_appear(gauges):
    register_gauges("sound", lambda: [family("test_sound", 5)])
    assert {
        "http_requests_total",
        "http_request_duration_seconds_bucket",
        "http_requests_inprogress",
        "celery_task_total",
        "celery_task_duration_seconds_count",
        "test_sound",
    } <= metric_names()


def test_tasks_are_counted_by_outcome():
    from config.tests.test_correlation import traced

    def total(state):
        return sample("celery_task_total", task="tests.tell", state=state)

    before = total("SUCCESS"), total("FAILURE")
    timed = sample("celery_task_duration_seconds_count", task="tests.tell")
    traced([])
    traced([], fail=True)
    assert (total("SUCCESS"), total("FAILURE")) == (before[0] + 1, before[1] + 1)
    assert sample("celery_task_duration_seconds_count", task="tests.tell") == timed + 2


CHILD = """
import os, django
django.setup()
from prometheus_client import multiprocess
from config.lib.metrics import INPROGRESS, REQUESTS, render_metrics
for _ in range(3):
    if os.fork() == 0:
        REQUESTS.labels(handler="/x", method="GET", status="2xx").inc(2)
        INPROGRESS.inc()
        os._exit(0)
    multiprocess.mark_process_dead(os.wait()[0])
print(render_metrics().decode())
"""


def test_the_processes_of_a_machine_are_summed(tmp_path):
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path),
        "PYTHONPATH": str(BASE_DIR),
    }
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    total = 'http_requests_total{handler="/x",method="GET",status="2xx"} 6.0'
    assert total in done.stdout
    # Of a gauge only living processes count.
    assert "http_requests_inprogress 0.0" in done.stdout
