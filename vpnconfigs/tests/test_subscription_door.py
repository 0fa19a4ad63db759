"""The short way to subscriptions answers apps as the ordinary one does, and nobody else."""

import pytest
from django.test import Client, RequestFactory

from config.lib.door import with_doors
from config.lib.metrics import render_metrics
from vpnconfigs.services.subscriptions import subscription_of
from vpnconfigs.tests.mirrored import make_config, make_inbound

# Signals of a request close the connection that a test in a transaction needs.
pytestmark = pytest.mark.django_db(transaction=True)
# What the ordinary way adds for pages, and what differs from request to request.
OF_PAGES = {"Vary", "Content-Language", "X-Request-ID"}


@pytest.fixture
def path(owner):
    make_config(owner, make_inbound("de", title="Frankfurt"))
    return f"/sub/{subscription_of(owner).token}"


@pytest.fixture
def knock():
    """Return a caller of the doors: ``knock(path)`` gives status, headers and body."""
    site = with_doors(lambda _environ, start: start("299 The site", []) or [b"site"])

    def call(path, method="GET", **headers):
        environ = RequestFactory().generic(method, path, headers=headers).environ
        said = []
        answer = site(environ, lambda status, found: said.append((int(status[:3]), dict(found))))
        body = b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()
        return *said[0], body

    return call


@pytest.mark.parametrize(
    ("method", "query", "headers", "status"),
    [
        ("GET", "", {"User-Agent": "Happ/3.1", "Accept": "*/*"}, 200),
        ("GET", "/", {}, 200),
        ("GET", "?format=clash", {}, 200),
        ("GET", "?format=word", {}, 400),
        ("GET", "", {"x-hwid": "h-1"}, 200),
        ("GET", "", {"If-None-Match": "*"}, 200),
        ("HEAD", "", {}, 200),
        ("POST", "", {}, 405),
        ("GET", "x", {}, 404),
    ],
)
def test_an_app_gets_the_same_by_both_ways(knock, path, method, query, headers, status):
    found = knock(path + query, method, **headers)
    ordinary = Client().generic(method, path + query, headers=headers)

    assert found[0] == ordinary.status_code == status
    # The web server drops the body of a HEAD.
    assert found[2] == ordinary.content or method == "HEAD"
    shared = {name: value for name, value in ordinary.headers.items() if name not in OF_PAGES}
    assert {name: value for name, value in found[1].items() if name not in OF_PAGES} == shared
    assert found[1]["Content-Length"] == str(len(found[2]))
    assert found[1]["X-Content-Type-Options"] == "nosniff"
    assert "object-src 'none'" in found[1]["Content-Security-Policy"]


def test_what_is_no_token_at_all_is_not_found(knock, path):
    assert knock(f"{path}/more")[0] == 404


def test_who_has_the_body_gets_304_under_the_request_id(knock, path):
    etag = knock(path)[1]["ETag"]

    status, headers, body = knock(path, **{"If-None-Match": etag, "X-Request-ID": "0123456789ab"})

    assert (status, headers["ETag"], body) == (304, etag, b"")
    assert headers["X-Request-ID"] == "0123456789ab"


@pytest.mark.parametrize(
    ("query", "accept"),
    [
        ("", "text/html,*/*"),
        ("?html=1", "*/*"),
        ("?view=html", "*/*"),
        ("?%68tml=1", "*/*"),
        ("?format=plain", "text/html"),
    ],
)
def test_what_may_want_the_page_is_the_sites(knock, path, query, accept):
    assert knock(path + query, Accept=accept)[0] == 299


def test_an_address_is_not_limited_but_a_token_is(knock, path, settings, monkeypatch):
    settings.RATE_LIMIT_ENABLED = True
    settings.DEFAULT_REQUESTS_PER_MINUTE = 1
    monkeypatch.setattr("vpnconfigs.web.subscription.READS", "2/m")

    answers = [knock(path) for _ in range(3)]

    assert [answer[0] for answer in answers] == [200, 200, 429]
    assert answers[0][1]["RateLimit"].startswith('"subscription";r=1;')
    assert int(answers[2][1]["Retry-After"]) > 0


def test_a_reading_is_counted_under_its_route(knock, path):
    knock(path)
    shown = render_metrics().decode()
    assert 'handler="/sub/<str:subscription_token>"' in shown
    assert path not in shown
