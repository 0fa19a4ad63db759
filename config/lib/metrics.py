"""Prometheus metrics: every request under the seeds' names, every task, and the business's gauges.

Counters and histograms live in the client library's own registry, which sums over processes when
``PROMETHEUS_MULTIPROC_DIR`` is set. Custom collectors do not work in that mode, so what is read
from the database (queue depths, ages) has a registry of its own.
"""

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from hmac import compare_digest
from typing import Any

from celery.signals import task_postrun, task_prerun, worker_process_shutdown
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    disable_created_metrics,
    generate_latest,
    multiprocess,
)

from config.lib.clientip import client_address
from config.lib.registry import Registry

__all__ = [
    "CONTENT_TYPE_PLAIN_0_0_4",
    "MetricsMiddleware",
    "counter",
    "has_metrics_token",
    "histogram",
    "may_read_metrics",
    "metric_names",
    "register_gauges",
    "render_metrics",
]

logger = logging.getLogger(__name__)

GAUGES_SECONDS = 10.0
UNKNOWN = "none"
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
TASK_BUCKETS = (0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0)
# Calls of the prober and of Prometheus itself would drown the people's.
_UNCOUNTED = ("/metrics", "/health", "/api/v1/health/", "/api/app/v1/health")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

GaugeProvider = Callable[[], Iterable[Metric]]


def counter(name: str, documentation: str, labels: Sequence[str] = ()) -> Counter:
    """Return a new counter that ``/metrics`` shows. Made once, at the top of a module."""
    return Counter(name, documentation, labels)


def histogram(
    name: str,
    documentation: str,
    labels: Sequence[str] = (),
    *,
    buckets: Sequence[float] = BUCKETS,
) -> Histogram:
    """Return a new histogram that ``/metrics`` shows; ``buckets`` are upper bounds, ascending."""
    return Histogram(name, documentation, labels, buckets=buckets)


# One more series for each child, which nobody reads.
disable_created_metrics()  # type: ignore[no-untyped-call]

REQUESTS = counter(
    "http_requests_total", "Requests by route and class of status.", ("handler", "method", "status")
)
DURATION = histogram(
    "http_request_duration_seconds", "Time until the answer began.", ("handler", "method")
)
INPROGRESS = Gauge(
    "http_requests_inprogress", "Requests being answered.", multiprocess_mode="livesum"
)
TASKS = counter("celery_task_total", "Tasks by outcome.", ("task", "state"))
TASK_DURATION = histogram(
    "celery_task_duration_seconds", "Run time of tasks.", ("task",), buckets=TASK_BUCKETS
)


class MetricsMiddleware:
    """Count and time every request under its route's pattern, never under its path.

    Costs about 3 µs of a request: the labelled children are looked up once and kept.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(_UNCOUNTED):
            return self.get_response(request)
        INPROGRESS.inc()
        status = 500
        began = time.perf_counter()
        try:
            response = self.get_response(request)
            status = response.status_code
        finally:
            INPROGRESS.dec()
            self._record(request, status, time.perf_counter() - began)
        return response

    def _record(self, request: HttpRequest, status: int, seconds: float) -> None:
        match = request.resolver_match
        method = request.method if request.method in _METHODS else "OTHER"
        key = (f"/{match.route}" if match else UNKNOWN, str(method), status // 100)
        children = self._children.get(key)
        if children is None:
            children = self._children[key] = _children_for(*key)
        children[0].inc()
        children[1].observe(seconds)


def _children_for(handler: str, method: str, hundreds: int) -> tuple[Counter, Histogram]:
    return (
        REQUESTS.labels(handler=handler, method=method, status=f"{hundreds}xx"),
        DURATION.labels(handler=handler, method=method),
    )


class _GaugeCollector:
    """Asks every provider, at most every ten seconds: each look is a query or two."""

    def __init__(self) -> None:
        self.providers: Registry[GaugeProvider] = Registry("gauge provider")
        self._families: list[Metric] = []
        self._fresh_until = 0.0

    def collect(self) -> Iterator[Metric]:
        if time.monotonic() >= self._fresh_until:
            self._families = [
                family
                for name, provider in self.providers.items()
                for family in _ask(name, provider)
            ]
            self._fresh_until = time.monotonic() + GAUGES_SECONDS
        yield from self._families

    def forget(self) -> None:
        self._fresh_until = 0.0


def _ask(name: str, provider: GaugeProvider) -> list[Metric]:
    try:
        return list(provider())
    except Exception:
        logger.exception("gauges not read", extra={"provider": name})
        return []


_gauges = _GaugeCollector()


@cache
def _gauge_registry() -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_gauges)
    return registry


def register_gauges(name: str, provider: GaugeProvider) -> None:
    """Show what ``provider`` returns in ``/metrics``, read at most every ten seconds.

    A provider that raises is logged and left out; the others are shown.

    :param provider: returns Prometheus families, such as ``GaugeMetricFamily``.
    """
    _gauges.providers.register(name, provider)
    _gauges.forget()


def render_metrics() -> bytes:
    """Return everything in Prometheus' text format, of all processes of this machine."""
    return generate_latest(_process_registry()) + generate_latest(_gauge_registry())


def _process_registry() -> CollectorRegistry:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def metric_names() -> set[str]:
    """Return the names of all samples that can appear, for the checks of alerts and dashboards."""
    names: set[str] = set()
    for registry in (REGISTRY, _gauge_registry()):
        for family in registry.collect():
            names |= {family.name} | {sample.name for sample in family.samples}
            if family.type == "counter":
                names.add(f"{family.name}_total")
            if family.type == "histogram":
                names |= {f"{family.name}_{part}" for part in ("bucket", "count", "sum")}
    return names


def may_read_metrics(request: HttpRequest) -> bool:
    """Say whether the caller has the bearer token or one of the listed addresses."""
    if not settings.PROMETHEUS_ENABLED:
        return False
    return has_metrics_token(request) or client_address(request) in settings.METRICS_ADDRESSES


def has_metrics_token(request: HttpRequest) -> bool:
    """Say whether the caller's bearer token is ``METRICS_TOKEN``; an empty one opens nothing."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    token = settings.METRICS_TOKEN
    return bool(token) and compare_digest(given.encode(), token.encode())


@task_prerun.connect
def _note_start(task: Any = None, **_: Any) -> None:
    task.request.began = time.perf_counter()


@task_postrun.connect
def _count_task(task: Any = None, state: str | None = None, **_: Any) -> None:
    TASKS.labels(task=task.name, state=state or "UNKNOWN").inc()
    began = getattr(task.request, "began", None)
    if began is not None:
        TASK_DURATION.labels(task=task.name).observe(time.perf_counter() - began)


@worker_process_shutdown.connect
def _forget_process(pid: int | None = None, **_: Any) -> None:
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        multiprocess.mark_process_dead(pid or os.getpid())  # type: ignore[no-untyped-call]
