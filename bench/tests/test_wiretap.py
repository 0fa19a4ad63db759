import urllib.error
import urllib.request

import pytest

from bench.wiretap import Wiretap
from conftest import free_port


@pytest.fixture
def tap(sandbox):
    with Wiretap(f"{sandbox.url}/avito", port=free_port()) as tap:
        yield tap


def test_what_passes_arrives_unchanged_and_is_kept(tap, sandbox):
    sandbox.control("avito/accounts", {"client_id": "c", "client_secret": "s"})
    form = b"grant_type=client_credentials&client_id=c&client_secret=s"
    with urllib.request.urlopen(f"{tap.url}/token", data=form, timeout=5) as answer:
        body = answer.read()
    (kept,) = tap.exchanges
    assert (kept.method, kept.path, kept.body, kept.status) == ("POST", "/token", form, 200)
    assert kept.answer == body
    assert b"access_token" in body
    (journaled,) = sandbox.calls("avito.token")
    assert journaled["params"]["client_id"] == "c"


def test_a_refusal_and_an_escaped_path_pass_too(tap):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(
            f"{tap.url}/messenger/v2/accounts/5/chats/u2i%7Ex%2Fy?limit=1&limit=2", timeout=5
        )
    assert refused.value.code == 401
    (kept,) = tap.exchanges
    assert kept.path == "/messenger/v2/accounts/5/chats/u2i%7Ex%2Fy"
    assert kept.query == {"limit": ["1", "2"]}
    assert kept.status == 401


def test_a_connection_that_breaks_behind_us_breaks_before_us(tap, sandbox):
    sandbox.fault("avito.token", "drop")
    with pytest.raises(OSError, match=r"closed|reset|Remote"):
        urllib.request.urlopen(f"{tap.url}/token", data=b"x=1", timeout=5)
    assert {kept.status for kept in tap.exchanges} == {0}
