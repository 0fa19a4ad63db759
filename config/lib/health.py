"""How the site is: probes registered by every app, run side by side, one second each.

A probe says what it found or raises. A lost part that the site cannot answer without makes the
whole ``unhealthy`` (no traffic should come); any other makes it ``degraded``.
"""

import logging
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from config.env import BASE_DIR
from config.lib.logs import redact
from config.lib.metrics import register_gauges
from config.lib.redis import RedisError, get_redis
from config.lib.registry import Registry

logger = logging.getLogger(__name__)

PROBE_SECONDS = 1.0
REPORT_SECONDS = 5.0
MIGRATIONS_SECONDS = 5.0
MIN_FREE_PERCENT = 5
ERROR_LENGTH = 200


class Health(StrEnum):
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a probe found.

    :param text: what is wrong, for staff; holds no secret.
    :param value: one measured number in ``unit`` (``s``, ``percent``, ``rows``), if it has one.
    """

    status: Health = Health.HEALTHY
    text: str = ""
    value: float | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Component:
    """One part's reading with how long the look took and since when the status holds."""

    name: str
    kind: str
    reading: Reading
    latency_ms: float
    since: datetime
    last_error: str

    @property
    def status(self) -> Health:
        return self.reading.status


@dataclass(frozen=True, slots=True)
class Report:
    status: Health
    components: tuple[Component, ...]
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


_LEVELS = {Health.HEALTHY: 1.0, Health.DEGRADED: 0.5, Health.UNHEALTHY: 0.0}

Probe = Callable[[], Reading | None]


@dataclass(frozen=True, slots=True)
class _Entry:
    probe: Probe
    kind: str
    readiness: bool


@dataclass(frozen=True, slots=True)
class _Past:
    status: Health
    since: datetime
    last_error: str = ""


_entries: Registry[_Entry] = Registry("health probe")
_past: dict[str, _Past] = {}
_running: dict[str, Future[tuple[Reading, float]]] = {}
_lock = threading.Lock()


def register_health(
    name: str, probe: Probe, *, kind: str = "component", readiness: bool = False
) -> None:
    """Make a part of the site visible in the health report.

    :param probe: called in a thread of its own, at most every five seconds; returns a reading,
        ``None`` for healthy, or raises, which is unhealthy. It has one second.
    :param kind: what the part is, shown to all: ``PostgreSQL``, ``HashiCorp Vault``.
    :param readiness: whether the site cannot answer without it. What replicas share and the site
        can do without must not be: its loss would take all of them down.
    """
    _entries.register(name, _Entry(probe, kind, readiness))


def check_health(*, readiness_only: bool = False) -> Report:
    """Return how the site is, not older than five seconds.

    :param readiness_only: ask only what the site cannot answer without; never an older report.
    """
    entries = dict(_entries.items())
    if readiness_only:
        return _ask_all({name: entry for name, entry in entries.items() if entry.readiness})
    if time.monotonic() >= _latest.fresh_until:
        _latest.report = _ask_all(entries)
        _latest.fresh_until = time.monotonic() + REPORT_SECONDS
    return _latest.report


class _Latest:
    """The last full report: looking at the page often must not mean asking often."""

    report: Report
    fresh_until = 0.0


_latest = _Latest()


def _ask_all(entries: Mapping[str, _Entry]) -> Report:
    with _lock:
        futures = {name: _start(name, entry) for name, entry in entries.items()}
    wait(futures.values(), timeout=PROBE_SECONDS)
    with _lock:
        components = tuple(
            _component(name, entries[name].kind, future) for name, future in futures.items()
        )
    return Report(status=_overall(entries, components), components=components)


def _start(name: str, entry: _Entry) -> Future[tuple[Reading, float]]:
    """Run a probe, or join the last run where it still hangs: hung probes never pile up."""
    running = _running.get(name)
    if running is None or running.done():
        running = _running[name] = _pool().submit(_run, entry.probe)
    return running


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=16, thread_name_prefix="health")


def _run(probe: Probe) -> tuple[Reading, float]:
    began = time.perf_counter()
    try:
        reading = probe() or Reading()
    except Exception as error:  # noqa: BLE001 - whatever it raises is the finding
        reading = Reading(Health.UNHEALTHY, f"{type(error).__name__}: {error}")
    finally:
        connections.close_all()
    return reading, (time.perf_counter() - began) * 1000


def _component(name: str, kind: str, future: Future[tuple[Reading, float]]) -> Component:
    if future.done():
        reading, latency_ms = future.result()
    else:
        reading, latency_ms = Reading(Health.UNHEALTHY, "no answer in time"), PROBE_SECONDS * 1000
    reading = replace(reading, text=redact(reading.text).strip()[:ERROR_LENGTH])
    past = _remember(name, reading)
    return Component(
        name=name,
        kind=kind,
        reading=reading,
        latency_ms=round(latency_ms, 1),
        since=past.since,
        last_error=past.last_error,
    )


def _remember(name: str, reading: Reading) -> _Past:
    past = _past.get(name)
    if past is None or past.status != reading.status:
        if past is not None or reading.status != Health.HEALTHY:
            logger.warning(
                "health changed",
                extra={"component": name, "status": reading.status, "text": reading.text},
            )
        past = _Past(reading.status, datetime.now(UTC), past.last_error if past else "")
    if reading.status != Health.HEALTHY:
        past = replace(past, last_error=reading.text)
    _past[name] = past
    return past


def _overall(entries: Mapping[str, _Entry], components: tuple[Component, ...]) -> Health:
    if any(c.status == Health.UNHEALTHY and entries[c.name].readiness for c in components):
        return Health.UNHEALTHY
    if any(c.status != Health.HEALTHY for c in components):
        return Health.DEGRADED
    return Health.HEALTHY


def _probe_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


class _MigrationsProbe:
    """Unapplied migrations. Once there are none, none can appear in this process."""

    def __init__(self) -> None:
        self._is_done = False
        self._next_look = 0.0
        self._reading = Reading()

    def __call__(self) -> Reading:
        if not self._is_done and time.monotonic() >= self._next_look:
            executor = MigrationExecutor(connection)
            missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
            self._is_done = missing == 0
            self._reading = (
                Reading(Health.UNHEALTHY, "unapplied migrations", missing, "rows")
                if missing
                else Reading()
            )
            self._next_look = time.monotonic() + MIGRATIONS_SECONDS
        return self._reading


def _probe_redis() -> Reading:
    """Read a lost Redis as degraded: the site answers without it, and readiness shows it."""
    try:
        get_redis().ping()
    except RedisError as error:
        return Reading(Health.DEGRADED, str(error))
    return Reading()


def _probe_disk() -> Reading:
    usage = shutil.disk_usage(BASE_DIR)
    free = round(100 * usage.free / usage.total, 1)
    status = Health.HEALTHY if free >= MIN_FREE_PERCENT else Health.DEGRADED
    return Reading(status, "" if status == Health.HEALTHY else "little space left", free, "percent")


def _gauges() -> list[Metric]:
    family = GaugeMetricFamily(
        "depesha_component_health", "1 healthy, 0.5 degraded, 0 unhealthy.", labels=["component"]
    )
    for component in check_health().components:
        family.add_metric([component.name], _LEVELS[component.status])
    return [family]


def report_document(report: Report, *, is_full: bool) -> dict[str, Any]:
    """Return the seed's shape; latency, since and errors only in the full one."""
    return {
        "status": report.status,
        "service": settings.APP_NAME,
        "timestamp": _text(report.at),
        "version": settings.VERSION,
        "components": {c.name: _component_document(c, is_full=is_full) for c in report.components},
    }


def _component_document(component: Component, *, is_full: bool) -> dict[str, Any]:
    document: dict[str, Any] = {"status": component.status, "type": component.kind}
    if is_full:
        document |= {
            "latency_ms": component.latency_ms,
            "since": _text(component.since),
            "last_error": component.last_error or None,
        }
        if component.reading.value is not None:
            document |= {"value": component.reading.value, "unit": component.reading.unit}
    return document


_WORDS = {Health.HEALTHY: "pass", Health.DEGRADED: "warn", Health.UNHEALTHY: "fail"}
_DATASTORES = ("PostgreSQL", "Redis")


def draft_document(report: Report, *, is_full: bool) -> dict[str, Any]:
    """Return the shape of draft-inadarei-api-health-check-06, an expired draft still in use."""
    return {
        "status": _WORDS[report.status],
        "version": settings.VERSION,
        "serviceId": settings.APP_NAME,
        "checks": dict(_draft_check(c, report.at, is_full=is_full) for c in report.components),
    }


def _draft_check(
    component: Component, at: datetime, *, is_full: bool
) -> tuple[str, list[dict[str, Any]]]:
    check: dict[str, Any] = {
        "componentType": "datastore" if component.kind in _DATASTORES else "component",
        "status": _WORDS[component.status],
        "time": _text(at),
    }
    if is_full:
        check |= {"observedValue": component.latency_ms, "observedUnit": "ms"}
        if component.reading.text:
            check["output"] = component.reading.text
    return f"{component.name}:responseTime", [check]


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


register_health("database", _probe_database, kind="PostgreSQL", readiness=True)
register_health("migrations", _MigrationsProbe(), kind="schema", readiness=True)
register_health("redis", _probe_redis, kind="Redis", readiness=True)
register_health("disk", _probe_disk, kind="disk")
register_gauges("health", _gauges)
