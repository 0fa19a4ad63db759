import threading
import time

import pytest
from django.core.management import CommandError, call_command

from config.lib import health
from config.lib.health import Health, Reading, check_health, register_health
from config.lib.redis import get_redis_at

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("config.tests.urls")]
DRAFT = {"Accept": "application/health+json"}


@pytest.fixture(autouse=True)
def own_probes(monkeypatch, redis):
    """Let each test register probes and remember nothing of them afterwards."""
    monkeypatch.setattr(health._entries, "_entries", dict(health._entries._entries))
    monkeypatch.setattr(health, "_past", {})
    monkeypatch.setattr(health, "_running", {})
    monkeypatch.setattr(health, "_latest", health._Latest())


@pytest.fixture
def database_gone(monkeypatch):
    """Point new connections at a closed port; the tests' own connection stays."""
    from django.db import connections

    def refuse():
        return {**connections["default"].get_connection_params(), "host": "127.0.0.1", "port": 1}

    def connect(self, params):
        return real(
            self, refuse_params if threading.current_thread().name != "MainThread" else params
        )

    backend = type(connections["default"])
    real, refuse_params = backend.get_new_connection, refuse()
    monkeypatch.setattr(backend, "get_new_connection", connect)


def raising():
    raise ConnectionError("no route to bot123456:AAE" + "x" * 32)


def components(answer):
    return {name: part["status"] for name, part in answer.json()["components"].items()}


@pytest.mark.parametrize("path", ["/health", "/api/app/v1/health", "/api/v1/health/liveness"])
def test_the_simplest_answers_touch_nothing(client, path, database_gone, redis_gone, settings):
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "healthy",
        "service": settings.APP_NAME,
        "version": settings.VERSION,
    }
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/health", "/api/v1/health/liveness", "/openapi.json"])
def test_they_make_no_query(client, path, django_assert_num_queries):
    with django_assert_num_queries(0):
        client.get(path)


def test_health_has_a_limit_of_its_own(client, settings, redis):
    settings.RATE_LIMIT_ENABLED = True
    codes = [client.get("/health").status_code for _ in range(61)]
    assert codes == [200] * 60 + [429]
    assert client.get("/api/v1/health/liveness").status_code == 200


def test_a_site_that_works_is_ready(client):
    answer = client.get("/api/v1/health/readiness")
    assert answer.status_code == 200
    assert answer.json()["status"] == "healthy"
    assert components(answer) == {
        "database": "healthy",
        "migrations": "healthy",
        "redis": "healthy",
    }
    assert answer["Cache-Control"] == "no-store"


def test_without_redis_the_site_is_degraded_and_takes_traffic(client, redis_gone):
    get_redis_at(redis_gone)._closed_until = 0.0
    answer = client.get("/api/v1/health/readiness")
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert components(answer)["redis"] == "degraded"


def test_without_a_database_it_takes_none(client, database_gone):
    answer = client.get("/api/v1/health/readiness")
    assert answer.status_code == 503
    assert answer.json()["status"] == "unhealthy"
    assert components(answer)["database"] == "unhealthy"


def test_unapplied_migrations_keep_traffic_away(client, monkeypatch):
    from django.db.migrations.recorder import MigrationRecorder

    applied = MigrationRecorder.applied_migrations

    def without_one(self):
        found = applied(self)
        found.pop(max(key for key in found if key[0] == "accounts"))
        return found

    register_health_anew("migrations", health._MigrationsProbe(), readiness=True)
    with monkeypatch.context() as patch:
        patch.setattr(MigrationRecorder, "applied_migrations", without_one)
        answer = client.get("/api/v1/health/readiness")
        assert (answer.status_code, components(answer)["migrations"]) == (503, "unhealthy")


def register_health_anew(name, probe, **how):
    health._entries._entries.pop(name)
    register_health(name, probe, **how)


def test_applied_migrations_are_looked_at_once(django_assert_num_queries):
    probe = health._MigrationsProbe()
    assert probe().status == Health.HEALTHY
    with django_assert_num_queries(0):
        assert probe().status == Health.HEALTHY


def test_a_part_that_is_not_needed_only_degrades(client):
    register_health("vault", raising, kind="HashiCorp Vault")
    answer = client.get("/api/v1/health/detailed")
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert answer.json()["components"]["vault"] == {
        "status": "unhealthy",
        "type": "HashiCorp Vault",
    }
    assert "vault" not in components(client.get("/api/v1/health/readiness"))


def test_staff_and_the_metrics_token_see_why(client, api, staff, owner, settings):
    settings.METRICS_TOKEN = "token-of-the-metrics"
    register_health("vault", raising)
    token = {"Authorization": "Bearer token-of-the-metrics"}
    for answer in (
        client.get("/api/v1/health/detailed", headers=token),
        api(staff).get("/api/v1/health/detailed"),
    ):
        part = answer.json()["components"]["vault"]
        assert part["last_error"] == "ConnectionError: no route to bot[redacted]"
        assert part["latency_ms"] >= 0
        assert part["since"].endswith("Z")
    for answer in (
        client.get("/api/v1/health/detailed"),
        api(owner).get("/api/v1/health/detailed"),
    ):
        assert set(answer.json()["components"]["vault"]) == {"status", "type"}


def test_a_wrong_token_is_refused_as_everywhere(client, settings):
    settings.METRICS_TOKEN = "token-of-the-metrics"
    wrong = {"Authorization": "Bearer something-else"}
    assert client.get("/api/v1/health/detailed", headers=wrong).status_code == 401


def test_the_draft_shape_by_accept(client, settings):
    settings.METRICS_TOKEN = "token-of-the-metrics"
    register_health("vault", raising)
    token = {"Authorization": "Bearer token-of-the-metrics"}
    answer = client.get("/api/v1/health/detailed", headers={**DRAFT, **token})
    assert answer["Content-Type"] == "application/health+json"
    assert answer["Cache-Control"] == "no-store"
    assert "Accept" in answer["Vary"]
    body = answer.json()
    assert (body["status"], body["serviceId"]) == ("warn", settings.APP_NAME)
    (database,) = body["checks"]["database:responseTime"]
    assert (database["componentType"], database["status"]) == ("datastore", "pass")
    assert (database["observedUnit"], "output" in database) == ("ms", False)
    (vault,) = body["checks"]["vault:responseTime"]
    assert (vault["status"], vault["componentType"]) == ("fail", "component")
    assert vault["output"].startswith("ConnectionError")


def test_the_draft_shape_tells_strangers_no_reasons(client):
    register_health("vault", raising)
    body = client.get("/api/v1/health/detailed", headers=DRAFT).json()
    assert set(body["checks"]["vault:responseTime"][0]) == {"componentType", "status", "time"}


def test_failing_readiness_in_the_draft_shape(client, database_gone):
    answer = client.get("/api/v1/health/readiness", headers=DRAFT)
    assert (answer.status_code, answer.json()["status"]) == (503, "fail")
    assert client.get("/api/v1/health/liveness", headers=DRAFT).json() == {"status": "pass"}


def test_the_dependencies_in_one_word_each(client):
    register_health("kettle", lambda: Reading(Health.DEGRADED, "slow"))
    answer = client.get("/api/app/v1/status")
    assert answer.status_code == 200
    body = answer.json()
    assert (body["status"], body["database"], body["kettle"]) == ("degraded", "healthy", "degraded")


def test_probes_run_side_by_side_and_a_hung_one_is_given_a_second(client):
    done = threading.Event()
    register_health("hung", lambda: done.wait(20) and None)
    for number in range(5):
        register_health(f"slow-{number}", lambda: time.sleep(0.4))
    began = time.monotonic()
    report = check_health()
    took = time.monotonic() - began
    done.set()
    assert 0.9 < took < 1.6
    by_name = {component.name: component for component in report.components}
    assert by_name["hung"].status == Health.UNHEALTHY
    assert by_name["hung"].reading.text == "no answer in time"
    assert {by_name[f"slow-{n}"].status for n in range(5)} == {Health.HEALTHY}


def test_hung_probes_do_not_pile_up():
    done = threading.Event()
    runs = []
    register_health("hung", lambda: runs.append(1) or done.wait(20), readiness=True)
    for _ in range(2):
        assert check_health(readiness_only=True).status == Health.UNHEALTHY
    done.set()
    assert runs == [1]


def test_a_full_report_is_kept_for_five_seconds(monkeypatch):
    runs = []
    register_health("counted", lambda: runs.append(1))
    check_health()
    assert check_health() is check_health()
    assert runs == [1]
    health._latest.fresh_until = 0.0
    check_health()
    assert runs == [1, 1]


def test_since_when_and_the_last_error_are_remembered(caplog):
    readings = iter(
        [Reading(), Reading(Health.DEGRADED, "slow"), Reading(Health.DEGRADED, "slow"), None]
    )
    register_health("part", lambda: next(readings), readiness=True)

    def look():
        report = check_health(readiness_only=True)
        return next(c for c in report.components if c.name == "part")

    well, ill, still_ill, well_again = look(), look(), look(), look()
    assert well.last_error == ""
    assert ill.since > well.since
    assert still_ill.since == ill.since
    assert (well_again.status, well_again.last_error) == (Health.HEALTHY, "slow")
    assert [r.status for r in caplog.records if r.message == "health changed"] == [
        "degraded",
        "healthy",
    ]


def test_a_name_is_taken_once():
    from django.core.exceptions import ImproperlyConfigured

    with pytest.raises(ImproperlyConfigured):
        register_health("database", raising)


class TestCommand:
    def test_a_process_looks_for_itself(self, capsys):
        call_command("healthcheck")
        assert capsys.readouterr().out == "healthy\n"

    def test_what_is_lost_is_named(self, database_gone):
        with pytest.raises(CommandError, match=r"unhealthy: .*database"):
            call_command("healthcheck", "--readiness")

    def test_liveness_asks_nothing(self, database_gone, capsys):
        call_command("healthcheck", "--liveness")
        assert capsys.readouterr().out == "healthy\n"

    @pytest.mark.parametrize("probe", ["--readiness", "--liveness"])
    def test_a_running_server_is_asked(self, live_server, settings, capsys, probe):
        settings.SITE_URL = "https://shop.example"
        settings.ALLOWED_HOSTS = ["shop.example"]
        port = live_server.thread.port
        call_command("healthcheck", probe, "--port", str(port))
        assert capsys.readouterr().out == "healthy\n"

    def test_no_server_is_a_failure_without_a_trace(self):
        with pytest.raises(CommandError, match="no connection"):
            call_command("healthcheck", "--port", "1")
