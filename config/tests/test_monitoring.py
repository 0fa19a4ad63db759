"""Alerts and dashboard ask for what exists: a name that nothing writes never rings."""

import json
import re

import pytest
import yaml

from config.env import BASE_DIR
from config.lib import metrics
from config.lib.metrics import metric_names

DEPLOY = BASE_DIR / "deploy"
GROUPS = yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text())["groups"]
RULES = [rule for group in GROUPS for rule in group["rules"]]
DASHBOARD = json.loads((DEPLOY / "grafana/depesha.json").read_text())
PROMETHEUS = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
# What Prometheus itself writes about each target.
OF_PROMETHEUS = {"up"}
_NOT_NAMES = re.compile(
    r"\"[^\"]*\"|\{[^}]*\}|\[[^\]]*\]|(?:\w+\s+)?\b(?:by|without)\s*\([^)]*\)|\b\w+\s*(?=\()"
)
_NAME = re.compile(r"\b[a-zA-Z_:][\w:]*\b")
_OPERATORS = {"and", "or", "unless", "bool", "offset"}


def names_in(expression):
    return set(_NAME.findall(_NOT_NAMES.sub(" ", expression))) - _OPERATORS


@pytest.fixture
def known(db):
    metrics._gauges.forget()
    yield metric_names() | OF_PROMETHEUS
    metrics._gauges.forget()


def test_names_are_read_from_expressions():
    expression = 'sum by (le) (rate(a_total{b="c"}[5m])) / clamp_min(d, 0.1) > 2 and time() - e > 5'
    assert names_in(expression) == {"a_total", "d", "e"}


def test_every_alert_asks_for_what_exists(known):
    missing = {rule["alert"]: names_in(rule["expr"]) - known for rule in RULES}
    assert {alert: names for alert, names in missing.items() if names} == {}


def test_every_panel_asks_for_what_exists(known):
    expressions = [
        (panel["title"], target["expr"])
        for panel in DASHBOARD["panels"]
        for target in panel["targets"]
    ]
    assert [title for title, expression in expressions if not names_in(expression)] == []
    missing = {title: names_in(expression) - known for title, expression in expressions}
    assert {title: names for title, names in missing.items() if names} == {}


def test_alerts_have_names_levels_and_words_of_their_own():
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule["labels"]["severity"] in ("page", "warn")
        assert rule["annotations"]["summary"].endswith(".")


def test_panels_do_not_overlap():
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in DASHBOARD["panels"]]
    assert len(set(places)) == len(places)
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(places)


def test_prometheus_reads_these_rules_from_our_page():
    assert PROMETHEUS["rule_files"] == ["alerts.yml"]
    (job,) = PROMETHEUS["scrape_configs"]
    assert job["metrics_path"] == "/metrics"
    assert {rule["expr"].split('"')[1] for rule in RULES if rule["expr"].startswith("up{")} == {
        job["job_name"]
    }
